"""No plan holds what a forge would refuse, no two suggestions collide, and nothing is said twice."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given, settings

from tests.review.build import GITHUB, GITHUB_CAN, GITLAB, GITLAB_CAN, NOTHING, carried_out, manner, planned
from tests.review.changes import reviews
from tests.review.refusals import github_refuses, gitlab_refuses, replacements, spans_a_deletion

if TYPE_CHECKING:
    from bot.forges.base import ReviewPlan
    from bot.review.manner import Manner
    from bot.review.plan import Reviewed

MANNERS = {github_refuses: manner(GITHUB, GITHUB_CAN), gitlab_refuses: manner(GITLAB, GITLAB_CAN)}
EXAMPLES = settings(max_examples=150)


@EXAMPLES
@given(reviews())
def test_a_plan_holds_in_every_property(review: Reviewed) -> None:
    """Each example is planned once for each forge: to make one takes four times as long as to plan it."""
    for refuses, how in MANNERS.items():
        plan = planned(review, NOTHING, how)
        for comment in (*plan.comments, *plan.file_comments):
            assert refuses(review.pull_request, comment) == ""
        no_two_suggestions_share_a_line_and_none_spans_a_deleted_one(review, plan)
        every_suggestion_changes_something_and_stays_in_its_comments_lines(review, plan)
        no_line_of_any_text_begins_with_a_slash(plan)
        every_new_finding_is_said_once(review, plan, how)


def no_two_suggestions_share_a_line_and_none_spans_a_deleted_one(review: Reviewed, plan: ReviewPlan) -> None:
    changes = sorted(replacements(plan))
    for one, other in pairwise(changes):
        assert one.path != other.path or one.last < other.first
    assert not any(spans_a_deletion(review.pull_request, change) for change in changes)


def every_suggestion_changes_something_and_stays_in_its_comments_lines(review: Reviewed, plan: ReviewPlan) -> None:
    for change in replacements(plan):
        lines = review.after[change.path].decode().split("\n")
        assert change.last <= len(lines)
        assert tuple(lines[change.first - 1 : change.last]) != change.lines
        assert change.last - change.first <= 100


def no_line_of_any_text_begins_with_a_slash(plan: ReviewPlan) -> None:
    texts = [comment.body for comment in (*plan.comments, *plan.file_comments)]
    for text in [*texts, plan.summary or "", plan.body, plan.check.summary]:
        assert not re.search(r"^/", text, re.MULTILINE)
        assert "\r" not in text


def every_new_finding_is_said_once(review: Reviewed, plan: ReviewPlan, how: Manner) -> None:
    said = [
        fingerprint
        for comment in (*plan.comments, *plan.file_comments)
        if (marker := how.signer.read(comment.body))
        for fingerprint in marker.fingerprints
    ]
    new = {finding.fingerprint for finding in review.report.findings if finding.baseline == "new"}
    assert len(said) == len(set(said))
    assert set(said) <= new


@EXAMPLES
@given(reviews())
def test_planning_again_after_a_plan_was_carried_out_writes_nothing(review: Reviewed) -> None:
    for how in MANNERS.values():
        first = planned(review, how=how)
        again = planned(review, carried_out(first), how)
        assert (again.comments, again.file_comments, again.revisions) == ((), (), ())
        assert (again.body, again.summary) == ("", None)
        assert again.check == first.check
