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
    from bot.review.plan import Reviewed

MANNERS = (manner(GITHUB, GITHUB_CAN), manner(GITLAB, GITLAB_CAN))
"""Each example is planned for both: to make one takes four times as long as to plan it."""
EXAMPLES = settings(max_examples=150)


@EXAMPLES
@given(reviews())
def test_github_refuses_no_comment_of_a_plan(review: Reviewed) -> None:
    plan = planned(review, how=manner(GITHUB, GITHUB_CAN))
    for comment in (*plan.comments, *plan.file_comments):
        assert github_refuses(review.pull_request, comment) == ""


@EXAMPLES
@given(reviews())
def test_gitlab_refuses_no_comment_of_a_plan(review: Reviewed) -> None:
    plan = planned(review, how=manner(GITLAB, GITLAB_CAN))
    for comment in (*plan.comments, *plan.file_comments):
        assert gitlab_refuses(review.pull_request, comment) == ""


@EXAMPLES
@given(reviews())
def test_no_two_suggestions_share_a_line_and_none_spans_a_deleted_one(review: Reviewed) -> None:
    for how in MANNERS:
        changes = sorted(replacements(planned(review, how=how)))
        for one, other in pairwise(changes):
            assert one.path != other.path or one.last < other.first
        assert not any(spans_a_deletion(review.pull_request, change) for change in changes)


@EXAMPLES
@given(reviews())
def test_every_suggestion_changes_something_and_stays_in_its_comments_lines(review: Reviewed) -> None:
    for how in MANNERS:
        plan = planned(review, how=how)
        for change in replacements(plan):
            lines = review.after[change.path].decode().split("\n")
            assert change.last <= len(lines)
            assert tuple(lines[change.first - 1 : change.last]) != change.lines
            assert change.last - change.first <= 100


@EXAMPLES
@given(reviews())
def test_no_line_of_any_text_begins_with_a_slash(review: Reviewed) -> None:
    for how in MANNERS:
        plan = planned(review, how=how)
        texts = [comment.body for comment in (*plan.comments, *plan.file_comments)]
        for text in [*texts, plan.summary or "", plan.body, plan.check.summary]:
            assert not re.search(r"^/", text, re.MULTILINE)
            assert "\r" not in text


@EXAMPLES
@given(reviews())
def test_planning_again_after_a_plan_was_carried_out_writes_nothing(review: Reviewed) -> None:
    for how in MANNERS:
        first = planned(review, how=how)
        again = planned(review, carried_out(first), how)
        assert (again.comments, again.file_comments, again.revisions) == ((), (), ())
        assert (again.body, again.summary) == ("", None)
        assert again.check == first.check


@EXAMPLES
@given(reviews())
def test_every_new_finding_is_said_once(review: Reviewed) -> None:
    for how in MANNERS:
        plan = planned(review, NOTHING, how)
        said = [
            fingerprint
            for comment in (*plan.comments, *plan.file_comments)
            if (marker := how.signer.read(comment.body))
            for fingerprint in marker.fingerprints
        ]
        new = {finding.fingerprint for finding in review.report.findings if finding.baseline == "new"}
        assert len(said) == len(set(said))
        assert set(said) <= new
