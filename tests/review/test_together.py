"""All suggestions of a review are judged together before any is offered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from rules.problem import Severity
from rules.report import Crash, Report
from tests.review.build import PATH, finding, fix, planned, reviewed
from tests.review.refusals import replacements

TEXT = "FROM a\nRUN b\nUSER c\n"
FROM = finding(1, "from", severity=Severity.ERROR, fix=fix(TEXT, "FROM a", "FROM x"))
RUN = finding(2, "run", fix=fix(TEXT, "RUN b", "RUN x"))
USER = finding(3, "user", severity=Severity.INFO, fix=fix(TEXT, "USER c", "USER x"))
Judge = Callable[[Mapping[str, bytes]], Report]


def offered(again: Judge | None) -> list[int]:
    """Return the lines that have a button."""
    review = replace(reviewed(None, TEXT, FROM, RUN, USER), again=again)
    return [change.first for change in replacements(planned(review))]


def quarrel(tree: Mapping[str, bytes]) -> Report:
    """Find each line that is not repaired, and a new fault when RUN and FROM are repaired both."""
    text = tree[PATH].decode()
    left = [found for found, old in ((FROM, "FROM a"), (RUN, "RUN b"), (USER, "USER c")) if old in text]
    return Report((*left, *([finding(1, "worse")] if "FROM x\nRUN x" in text else [])))


def test_fixes_that_break_something_together_keep_the_weightiest() -> None:
    assert offered(quarrel) == [1, 3]


def test_a_fix_that_does_not_hold_beside_another_loses_its_button() -> None:
    assert offered(lambda tree: Report((RUN,) if b"FROM x" in tree[PATH] else (FROM, RUN))) == [1, 3]


def test_a_rule_that_crashes_on_the_result_counts_as_broken() -> None:
    assert offered(lambda _: Report((), crashes=(Crash("from", PATH, "KeyError"),))) == []


def test_an_older_finding_that_a_fix_makes_new_breaks_nothing() -> None:
    older = finding(2, "older", baseline="unchanged")
    review = reviewed(None, TEXT, FROM, RUN, older)
    review = replace(review, again=lambda _: Report((replace(older, baseline="new"),)))
    assert len(list(replacements(planned(review)))) == 2


def test_fixes_that_hold_together_are_judged_once() -> None:
    asked: list[str] = []

    def judge(tree: Mapping[str, bytes]) -> Report:
        asked.append(tree[PATH].decode())
        return Report(())

    assert offered(judge) == [1, 2, 3]
    assert asked == ["FROM x\nRUN x\nUSER x\n"]


def test_a_single_fix_was_verified_already() -> None:
    review = replace(reviewed(None, TEXT, FROM), again=quarrel_with_nobody)
    assert [change.first for change in replacements(planned(review))] == [1]


def quarrel_with_nobody(tree: Mapping[str, bytes]) -> Report:
    raise AssertionError(tree)


def test_without_a_judge_every_combination_is_trusted() -> None:
    assert offered(None) == [1, 2, 3]
