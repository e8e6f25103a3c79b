"""Comments in the file silence rules, and are reported with their reason."""

from __future__ import annotations

import pytest

import rules
from rules import Report

TEXT = 'FROM node\nUSER node\nCMD ["node"]\n'


def review(text: str, before: str | None = None) -> Report:
    return rules.review({} if before is None else {"Dockerfile": before.encode()}, {"Dockerfile": text.encode()})


def silenced(text: str) -> set[str]:
    return {entry.finding.rule for entry in review(text).suppressed}


@pytest.mark.parametrize(
    "comment",
    [
        "# hullcheck ignore=base-image-unpinned the registry has one tag only",
        "# hullcheck ignore=shell-form-start,base-image-unpinned reasons",
        "# hadolint ignore=DL3006",
        "# hadolint global ignore=DL3006",
        "# hullcheck ignore-file=base-image-unpinned everywhere",
        "# trivy:ignore:AVD-DS-0001",
        "# trivy:ignore:DS001",
    ],
)
def test_a_comment_above_the_instruction_silences_the_rule(comment: str) -> None:
    assert "base-image-unpinned" in silenced(f"{comment}\n{TEXT}")


def test_the_reason_and_the_line_are_reported() -> None:
    entry = review(f"# hullcheck ignore=base-image-unpinned one tag only\n{TEXT}").suppressed[0]
    assert (entry.reason, entry.line, entry.added) == ("one tag only", 1, True)


def test_a_comment_that_stood_there_before_is_not_added() -> None:
    text = f"# hullcheck ignore=base-image-unpinned one tag only\n{TEXT}"
    assert [entry.added for entry in review(text, text).suppressed] == [False]


def test_another_rule_is_not_silenced() -> None:
    assert "base-image-unpinned" not in silenced(f"# hullcheck ignore=final-user-missing\n{TEXT}")


def test_another_instruction_is_not_silenced() -> None:
    text = 'FROM node:22 AS build\n# hullcheck ignore=base-image-unpinned here\nRUN true\nFROM node\nCMD ["node"]\n'
    assert "base-image-unpinned" not in silenced(text)


def test_a_comment_at_the_top_set_off_by_a_blank_line_covers_the_file() -> None:
    text = '# hullcheck ignore=base-image-unpinned all of them\n\nFROM node:22 AS build\nFROM node\nCMD ["node"]\n'
    assert "base-image-unpinned" in silenced(text)
