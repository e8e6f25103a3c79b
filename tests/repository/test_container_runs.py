"""Calls of `docker run` in texts that were not written to be read."""

from __future__ import annotations

import pytest

from rules.repository.container_runs import runs_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("docker run --rm -it -v $(pwd):/srv shop:dev bash -l", [("shop:dev", True, "bash -l")]),
        ("docker run \\\n  -e A=1 \\\n  ${IMAGE}", [("${IMAGE}", False, "")]),
        ("podman container run --entrypoint sh shop", [("shop", False, "sh")]),
        ("docker run --network host", []),
        ("With `docker run`, or docker run: it starts.", []),
        ('echo "docker run"', []),
        ("docker run' x\ndocker run \"", []),
    ],
)
def test_a_call_is_read_and_a_sentence_about_it_is_not(text: str, expected: list[tuple[str, bool, str]]) -> None:
    found = runs_in("Makefile", text)
    assert [(run.image, run.has_terminal, run.command) for run in found] == expected
