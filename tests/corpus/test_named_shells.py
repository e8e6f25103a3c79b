"""A real RUN says the same to every rule when it names the shell that reads it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import rules
from tests.cases import TODAY
from tests.restating import restated
from tests.restating.shells import UNSEEN, as_named_shell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STEP = 3
"""Every third file, which takes ten seconds."""


def test_a_named_shell_is_neither_new_nor_a_repair(corpus: Mapping[str, bytes]) -> None:
    assert list(said(corpus)) == []


def said(corpus: Mapping[str, bytes]) -> Iterator[str]:
    """Yield what a review takes for new or repaired where each RUN hands its script to `sh -c`."""
    for path, data in islice(corpus.items(), 0, None, STEP):
        if not data.isascii():
            continue
        text, _ = restated(data.decode(), as_named_shell)
        report = rules.review({"Dockerfile": data}, {"Dockerfile": text.encode()}, today=TODAY)
        told = (one for one in report.findings if one.baseline in ("new", "absent") and one.rule not in UNSEEN)
        yield from (f"{path} {one.rule} {one.baseline} in line {one.line}" for one in told)
