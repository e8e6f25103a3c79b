"""A Dockerfile that gets another path, and what builds it: the cases in Markdown have one path for both versions."""

from __future__ import annotations

import pytest

import rules
from rules.problem import Confidence

DOCKERFILE = b'FROM debian:13-slim\nRUN make\nCMD ["/usr/bin/shop"]\n'
WORKFLOW = b"""on: push
jobs:
  image:
    runs-on: ubuntu-latest
    steps:
      - uses: docker/build-push-action@v6
        with:
          context: .
          file: %s
"""


def told(around: dict[str, bytes], old: str = "shop.Dockerfile", new: str = "deploy/shop.Dockerfile") -> list[str]:
    after = {new: DOCKERFILE, **around}
    report = rules.review({old: DOCKERFILE, **around}, after, listing=dict.fromkeys(after, 0o100644))
    return [f.message for f in report.findings if f.rule == "target-renamed-reference-stale"]


def test_a_workflow_that_builds_the_old_path_is_told() -> None:
    (message,) = told({".github/workflows/image.yml": WORKFLOW % b"shop.Dockerfile"})
    assert message.startswith(
        "The file is called `deploy/shop.Dockerfile` now, and `.github/workflows/image.yml` still builds "
        "`shop.Dockerfile`, which is gone."
    )


def test_a_compose_file_that_means_it_without_a_name_is_told() -> None:
    compose = b"services:\n  shop:\n    build: .\n"
    assert told({"compose.yaml": compose}, "Dockerfile", "deploy/Dockerfile")


@pytest.mark.parametrize(
    "around",
    [
        {".github/workflows/image.yml": WORKFLOW % b"deploy/shop.Dockerfile"},
        {"Makefile": b"image:\n\tcd worker && docker build .\n"},
        {"shop.Dockerfile.md": b"notes"},
    ],
    ids=["it was changed along", "another folder is built", "nothing builds it"],
)
def test_other_builds_say_nothing(around: dict[str, bytes]) -> None:
    assert told(around) == []
    assert told({"Makefile": b"image:\n\tcd worker && docker build .\n"}, "Dockerfile", "deploy/Dockerfile") == []


def test_a_looser_base_of_a_renamed_file_may_be_that_of_another_image() -> None:
    body = b"\nRUN dnf -y install gcc make openssl-devel git && dnf clean all\nCOPY . /src\nRUN make -C /src check\n"
    gone, come = {"ci/Dockerfile.gcc10": b"FROM fedora:42" + body}, {"ci/Dockerfile.db": b"FROM fedora:latest" + body}
    beside = {"ci/Dockerfile.fedora": b"FROM fedora:latest" + body}
    report = rules.review({**gone, **beside}, {**come, **beside})
    (found,) = [finding for finding in report.findings if finding.rule == "base-image-loosened"]
    assert found.confidence is Confidence.POSSIBLE
