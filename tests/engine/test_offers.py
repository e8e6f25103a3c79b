"""What is offered as a fix: it takes its own problem away, and brings none that was not there."""

from __future__ import annotations

import pytest

import rules
from rules.dockerfile.source import Source
from rules.edits import applied, moved
from rules.problem import Edit


def offered(text: str, rule: str, before: str | None = None) -> list[str]:
    """Return the files that the fixes of one rule make, each by itself."""
    tree = {} if before is None else {"Dockerfile": before.encode()}
    report = rules.review(tree, {"Dockerfile": text.encode()})
    source = Source("Dockerfile", text)
    fixes = [finding.fix for finding in report.findings if finding.rule == rule and finding.baseline == "new"]
    assert fixes
    return [applied(source, fix.edits).text for fix in fixes if fix is not None]


def test_a_problem_is_gone_though_one_like_it_stands_elsewhere() -> None:
    text = "FROM debian:13-slim\nEXPOSE 80:80\nEXPOSE 80:80\n"
    assert len(offered(text, "expose-host-mapping")) == 2


def test_the_next_of_several_does_not_count_as_the_one_that_was_deleted() -> None:
    text = 'FROM debian:13-slim\nCMD ["a"]\nCMD ["b"]\nCMD ["c"]\n'
    assert offered(text, "duplicate-start-instruction") == [
        'FROM debian:13-slim\nCMD ["b"]\nCMD ["c"]\n',
        'FROM debian:13-slim\nCMD ["a"]\nCMD ["c"]\n',
    ]


def test_what_is_restored_may_have_the_faults_that_it_had() -> None:
    before = "FROM node:24-slim\nCOPY . .\nEXPOSE 80\nCMD node server.js\n"
    assert offered(before.replace("CMD node server.js\n", ""), "entrypoint-lost", before) == [before]


def test_what_could_not_be_read_may_show_other_problems() -> None:
    assert offered('FORM debian\nCMD ["a"]\n', "invalid-syntax") == ['FROM debian\nCMD ["a"]\n']


@pytest.mark.parametrize(
    ("offset", "place"), [(0, 0), (2, 2), (3, None), (5, None), (6, 3), (8, 5), (9, 5 + 5)], ids=str
)
def test_places_move_with_the_edits_above_them(offset: int, place: int | None) -> None:
    source = Source("Dockerfile", "a\r\nb\r\nc\r\nd\r\n")
    edits = [Edit(source.span(3, 6), ""), Edit(source.span(9, 9), "x\ny")]
    assert moved(source, edits, offset) == place
