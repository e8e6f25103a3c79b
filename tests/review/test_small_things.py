"""What is sure and too small for a comment of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.review.files import Files
from bot.review.placement import Inline, InSummary, Place, locate
from bot.review.topics import Topic
from rules.problem import Confidence, Severity
from tests.review.build import GITHUB_CAN, finding, numbered, planned, reviewed

if TYPE_CHECKING:
    from rules.report import Finding

OLD, NEW = numbered(40), numbered(40, changed=[5, 6, 7])
ERROR = finding(5, "bad", severity=Severity.ERROR)
POSSIBLE = finding(6, "maybe", confidence=Confidence.POSSIBLE)
SMALL = replace(finding(7, "style"), minor=True)


def placed(*findings: Finding) -> Place:
    review = reviewed(OLD, NEW)
    return locate(Topic(findings), Files.of(review.pull_request, review.before, review.after), GITHUB_CAN)


def test_it_gets_no_comment_unless_it_meets_something_that_weighs() -> None:
    assert placed(SMALL) == InSummary("minor")
    assert placed(SMALL, finding(7, "other")) == Inline(7, 7)


def test_it_is_listed_folded_in_a_summary_that_has_other_things_to_say() -> None:
    plan = planned(reviewed(OLD, NEW, ERROR, POSSIBLE, SMALL))
    assert plan.check.title == "1 new error, 1 possible one, 1 small one"
    assert plan.summary is not None
    assert "<summary>Small things, for when you are there anyway (1)</summary>" in plan.summary
    assert [comment.line for comment in plan.comments] == [5]
    assert plan.check.annotations == ()


def test_it_is_no_reason_to_write_one() -> None:
    plan = planned(reviewed(OLD, NEW, SMALL))
    assert (plan.comments, plan.summary, plan.check.conclusion) == ((), None, "success")
    assert plan.check.title == "No new findings, 1 small one"
