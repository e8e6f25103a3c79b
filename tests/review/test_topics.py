"""What shares a comment, and how a message is cut into sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.review.markdown import plain
from bot.review.sentences import first_sentence
from bot.review.topics import TOGETHER_TO, topics
from rules.problem import Category, Confidence, Severity
from tests.review.build import finding


def lines(*groups: int) -> list[int]:
    return [len(topic.findings) for topic in topics(finding(line) for line in groups)]


def test_two_findings_of_one_rule_keep_a_thread_each() -> None:
    assert [len(topic.findings) for topic in topics(finding(n, message="It is so.") for n in (1, 4))] == [1, 1]


def test_two_that_say_the_same_on_lines_next_to_one_another_share_one() -> None:
    same = [finding(1, message="It is so."), finding(3, message="It is so.")]
    assert [len(topic.findings) for topic in topics(same)] == [2]
    assert lines(1, 3) == [1, 1], "their words differ"


def test_three_findings_of_one_rule_in_one_file_share_one() -> None:
    assert lines(3, 1, 2) == [3]


def test_a_crowd_is_split() -> None:
    assert lines(*range(1, TOGETHER_TO + 11)) == [TOGETHER_TO, 10]


def test_other_rules_and_other_files_stay_apart() -> None:
    found = [finding(1), finding(2), finding(3, "other"), finding(4, path="b/Dockerfile")]
    assert [len(topic.findings) for topic in topics(found)] == [1, 1, 1, 1]


def test_the_weightiest_comes_first() -> None:
    found = [
        finding(1, "a", confidence=Confidence.LIKELY),
        finding(2, "b"),
        finding(3, "c", severity=Severity.ERROR),
        finding(4, "d", severity=Severity.INFO),
    ]
    assert [topic.lead.line for topic in topics(found)] == [3, 2, 1, 4]


@pytest.mark.parametrize(
    ("message", "first", "rest"),
    [
        ("One. Two.", "One.", "Two."),
        ("Only one", "Only one", ""),
        ("`a. b` is so. Then.", "`a. b` is so.", "Then."),
        ("`` a`. b `` is so. Then.", "`` a`. b `` is so.", "Then."),
        ("Is it? Yes.", "Is it?", "Yes."),
        ("Python 3.9 is old. Then.", "Python 3.9 is old.", "Then."),
        ("It runs, e.g. as root. Then.", "It runs, e.g. as root.", "Then."),
        ("One.\n\nTwo.", "One.", "Two."),
        ("It loses: `a`. Then.", "It loses: `a`.", "Then."),
        ("A lone ` tick. Then.", "A lone ` tick.", "Then."),
    ],
)
def test_the_first_sentence_ends_outside_code(message: str, first: str, rest: str) -> None:
    assert first_sentence(message) == (first, rest)


def test_among_equals_what_endangers_security_comes_first() -> None:
    quiet, loud = finding(1, "a"), replace(finding(2, "b"), category=Category.SECURITY)
    assert [topic.lead for topic in topics([quiet, loud])] == [loud, quiet]


def test_a_run_of_backticks_that_ends_nowhere_takes_no_time() -> None:
    run = "`" * 20_000
    assert (first_sentence(run), plain(run)) == ((run, ""), run)
