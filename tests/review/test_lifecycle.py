"""What becomes of a comment over the pushes of a pull request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.forges.base import Conversation, Thread, Unread
from rules.matching.fingerprint import matter
from rules.report import Crash, Finding, Report, Suppressed
from tests.review.build import GITHUB_CAN, PATH, carried_out, finding, manner, numbered, planned, reviewed

if TYPE_CHECKING:
    from bot.review.plan import Reviewed

OLD, NEW = numbered(40), numbered(40, changed=[5, 6, 7, 30])
NEXT, LATER = "d4" * 20, "e5" * 20
ONE = finding(5, "one")


def push(*found: Finding, head: str = NEXT) -> Reviewed:
    return reviewed(OLD, NEW, *found, head=head)


def after_first(*found: Finding, **changes: object) -> Conversation:
    """Return what stands after a first review, with the first thread changed as a person or the forge changed it."""
    said = carried_out(planned(push(*(found or (ONE,)), head="a1" * 20)))
    first, *others = said.threads
    return replace(said, threads=(replace(first, **changes), *others))  # type: ignore[arg-type]  # attributes of Thread


def only_thread(said: Conversation) -> Thread:
    (thread,) = said.threads
    return thread


def test_what_stands_there_is_not_said_again() -> None:
    plan = planned(push(ONE), after_first())
    assert (plan.comments, plan.file_comments, plan.revisions) == ((), (), ())


def test_what_moved_to_another_line_is_not_said_again() -> None:
    moved = replace(finding(30, "one"), fingerprint=ONE.fingerprint)
    assert planned(push(moved), after_first()).comments == ()


EDITED = replace(ONE, fingerprint=f"{matter(ONE.fingerprint)}{'0' * 16}", message="Line 5 breaks two. It will hurt.")
"""The same finding after an edit of its instruction."""


def test_an_edit_that_repairs_nothing_goes_on_in_the_same_thread() -> None:
    plan = planned(push(EDITED), after_first(line=None))
    (revision,) = plan.revisions
    assert (plan.comments, plan.file_comments, revision.resolve, revision.reply) == ((), (), None, "")
    assert "Line 5 breaks two." in (revision.body or "")
    again = carried_out(plan, after_first(line=None))
    assert planned(push(EDITED, head=LATER), again).revisions == ()


def test_an_edit_does_not_bring_back_what_a_person_put_aside() -> None:
    said = after_first(line=None, dismissed=True, dismissed_by="ann", reason="meant so")
    plan = planned(push(EDITED), said)
    assert (plan.comments, plan.file_comments, plan.revisions) == ((), (), ())


def test_the_same_mistake_elsewhere_is_told_there() -> None:
    elsewhere = replace(EDITED, line=30, end_line=30)
    plan = planned(push(elsewhere), after_first())
    assert [comment.line for comment in plan.comments] == [30]
    assert (plan.revisions[0].body or "").startswith("**Fixed in")


def test_two_mistakes_of_a_kind_do_not_share_an_heir() -> None:
    other = replace(ONE, line=9, end_line=9, fingerprint=f"{matter(ONE.fingerprint)}{'1' * 16}")
    said = after_first(ONE, other)
    said = Conversation(tuple(replace(thread, line=None) for thread in said.threads), said.summary)
    bodies = [revision.body or "" for revision in planned(push(EDITED), said).revisions]
    assert [body.startswith("**Fixed in") for body in bodies] == [False, True]


def test_what_belongs_to_the_base_branch_by_now_is_left_alone() -> None:
    unchanged = replace(ONE, baseline="unchanged")
    assert planned(push(unchanged), after_first()).revisions == ()


def test_a_new_finding_is_said_beside_the_old_one() -> None:
    (comment,) = planned(push(ONE, finding(30, "two")), after_first()).comments
    assert comment.line == 30


def test_a_repaired_finding_is_called_fixed_and_its_thread_resolved() -> None:
    said = after_first()
    (revision,) = planned(push(), said).revisions
    assert revision.body is not None
    assert revision.body.startswith("**Fixed in d4d4d4d4.**\n\n<details>")
    assert "Line 5 breaks one." in revision.body
    assert (revision.thread, revision.resolve, revision.reply) == (only_thread(said), True, "")


def test_a_fixed_comment_has_no_button_any_more() -> None:
    body = only_thread(after_first()).body.replace("It will hurt.", "It will hurt.\n\n```suggestion\nx\n```")
    (revision,) = planned(push(), after_first(body=body)).revisions
    assert "```suggestion" not in (revision.body or "")
    assert "```\nx\n```" in (revision.body or "")


def test_what_is_called_fixed_is_left_alone() -> None:
    fixed = carried_out(planned(push(), after_first()), after_first())
    plan = planned(push(head=LATER), fixed)
    assert plan.revisions == ()


def test_what_comes_back_says_so_in_the_same_thread() -> None:
    fixed = carried_out(planned(push(), after_first()), after_first())
    plan = planned(push(ONE, head=LATER), fixed)
    (revision,) = plan.revisions
    assert plan.comments == ()
    assert (revision.body or "").startswith("Fixed in d4d4d4d4, and back as of e5e5e5e5.\n\n**Line 5 breaks one.**")
    assert (revision.resolve, revision.reply) == (False, "Back as of e5e5e5e5: Line 5 breaks one.")


def test_what_came_back_stays_and_can_be_fixed_again() -> None:
    fixed = carried_out(planned(push(), after_first()), after_first())
    back = carried_out(planned(push(ONE, head=LATER), fixed), fixed)
    assert planned(push(ONE, head="f6" * 20), back).revisions == ()
    (revision,) = planned(push(head="f6" * 20), back).revisions
    assert (revision.body or "").startswith("**Fixed in f6f6f6f6.**")


def test_a_thread_that_a_person_resolved_is_put_aside_and_counted() -> None:
    plan = planned(push(ONE), after_first(resolved=True, dismissed=True, dismissed_by="ann"))
    assert (plan.comments, plan.revisions) == ((), ())
    assert "No new findings, 1 put aside" in plan.check.title
    assert "by `ann`" in plan.check.summary
    assert plan.check.conclusion == "success"


def test_an_ignored_finding_is_listed_with_the_reason() -> None:
    plan = planned(push(ONE), after_first(dismissed=True, dismissed_by="ann", reason="we @know <b>"))
    assert "by `ann`: we \\@\u200bknow \\<b\\>" in (plan.summary or "")


def test_a_thread_resolved_by_a_person_is_called_fixed_once_it_is() -> None:
    said = after_first(resolved=True, dismissed=True, dismissed_by="ann")
    (revision,) = planned(push(), said).revisions
    assert (revision.body or "").startswith("**Fixed in d4d4d4d4.**")
    assert revision.resolve is None


def test_what_a_person_resolved_and_repaired_may_come_back() -> None:
    said = after_first(resolved=True, dismissed=True, dismissed_by="ann")
    fixed = carried_out(planned(push(), said), said)
    (revision,) = planned(push(ONE, head=LATER), fixed).revisions
    assert (revision.body or "").startswith("Fixed in d4d4d4d4, and back")


@pytest.mark.parametrize("changes", [{"reason": "legacy"}, {"reason": ""}])
def test_what_a_person_had_ignored_never_comes_back(changes: dict[str, str]) -> None:
    said = after_first(dismissed=True, dismissed_by="ann", **changes)
    gone = planned(push(), said)
    assert gone.revisions == ()
    back = planned(push(ONE, head=LATER), carried_out(gone, said))
    assert (back.comments, back.revisions) == ((), ())


@pytest.mark.parametrize(
    "review",
    [
        replace(push(), unread=(Unread(PATH, "a symbolic link"),)),
        replace(push(), report=Report((), crashes=(Crash("one", PATH, "KeyError"),))),
    ],
    ids=["not read", "rule crashed"],
)
def test_nothing_is_called_fixed_where_nobody_looked(review: Reviewed) -> None:
    assert planned(review, after_first()).revisions == ()


def test_a_silenced_finding_is_called_silenced() -> None:
    review = replace(push(), report=Report((), suppressed=(Suppressed(ONE, "a [test]", 4, added=True),)))
    (revision,) = planned(review, after_first()).revisions
    assert (revision.body or "").startswith("**Silenced as of d4d4d4d4 by the comment on line 4: a \\[\u200btest\\]**")


def test_a_finding_on_a_file_that_the_change_leaves_alone_now_is_no_longer_its_business() -> None:
    review = reviewed("a\n", "b\n", path="other", head=NEXT)
    (revision,) = planned(review, after_first()).revisions
    assert (revision.body or "").startswith("**As of d4d4d4d4 this pull request no longer touches the file.**")


def test_a_thread_we_resolved_whose_finding_is_there_is_opened_again() -> None:
    (revision,) = planned(push(ONE), after_first(resolved=True, resolved_by_us=True)).revisions
    assert (revision.body, revision.resolve) == (None, False)


def group(*lines: int) -> list[Finding]:
    return [finding(line, "crowd") for line in lines]


def test_a_group_says_how_much_of_it_is_repaired() -> None:
    said = after_first(*group(5, 6, 7))
    plan = planned(push(*group(6, 7)), said)
    (revision,) = plan.revisions
    assert plan.comments == ()
    assert (revision.body or "").startswith("1 of 3 is repaired as of d4d4d4d4.\n\n**Line 6 breaks crowd.**")
    again = planned(push(*group(6, 7), head=LATER), carried_out(plan, said))
    assert again.revisions == ()


def test_a_group_of_which_a_part_came_back_says_so() -> None:
    said = after_first(*group(5, 6, 7))
    partly = carried_out(planned(push(*group(7)), said), said)
    (revision,) = planned(push(*group(5, 6, 7), head=LATER), partly).revisions
    assert (revision.body or "").startswith("**Line 5 breaks crowd.**")


def test_a_group_is_fixed_when_all_of_it_is() -> None:
    said = after_first(*group(5, 6, 7))
    (revision,) = planned(push(), said).revisions
    assert (revision.body or "").startswith("**Fixed in d4d4d4d4.**")


def test_open_threads_count_against_the_cap() -> None:
    how = manner(cap=1)
    plan = planned(push(ONE, finding(30, "two")), after_first(), how)
    assert plan.comments == ()
    assert "More findings than fit as comments" in (plan.summary or "")


def test_a_copied_or_forged_mark_changes_nothing() -> None:
    body = only_thread(after_first()).body.replace("mac=", "mac=0")
    plan = planned(push(ONE), after_first(body=body))
    assert len(plan.comments) == 1
    assert plan.revisions == ()


def test_an_old_comment_too_long_to_keep_is_replaced() -> None:
    how = manner(can=replace(GITHUB_CAN, body_limit=450))
    (revision,) = planned(push(), after_first(), how).revisions
    assert (revision.body or "").startswith("**Fixed in d4d4d4d4.**\n\n<!-- hullcheck:fixed")


def test_what_stands_open_elsewhere_does_not_wake_an_older_thread() -> None:
    fixed = carried_out(planned(push(), after_first()), after_first())
    open_again = replace(only_thread(after_first()), id="2", comment_id=2)
    both = replace(fixed, threads=(*fixed.threads, open_again))
    plan = planned(push(ONE, head=LATER), both)
    assert (plan.comments, plan.revisions) == ((), ())


def test_where_nothing_folds_only_the_verdict_stays() -> None:
    how = manner(can=replace(GITHUB_CAN, collapsible=False))
    (revision,) = planned(push(), after_first(), how).revisions
    assert "<details>" not in (revision.body or "")


def test_a_comment_on_several_rules_goes_on_with_those_that_are_left() -> None:
    said = after_first(ONE, finding(5, "two"))
    (revision,) = planned(push(finding(5, "two")), said).revisions
    assert (revision.body or "").startswith("1 of 2 is repaired as of d4d4d4d4.\n\n**Line 5 breaks two.**")
    assert revision.resolve is None


def test_a_comment_on_several_rules_ends_when_all_are_repaired_or_silenced() -> None:
    two = finding(5, "two")
    said = after_first(ONE, two)
    (revision,) = planned(push(), said).revisions
    assert (revision.body or "").startswith("**Fixed in d4d4d4d4.**")
    silenced = Report((), (Suppressed(two, "it is meant so", 4, added=True),))
    (revision,) = planned(replace(push(), report=silenced), said).revisions
    assert (revision.body or "").startswith(
        "**Settled as of d4d4d4d4: 1 of 2 by a comment that silences, the others are repaired.**"
    )


def test_all_that_came_back_in_one_thread_is_named_there() -> None:
    two = finding(5, "two")
    repaired = carried_out(planned(push(), after_first(ONE, two)), after_first(ONE, two))
    (revision,) = planned(push(ONE, two, head=LATER), repaired).revisions
    assert revision.reply == "Back as of e5e5e5e5: Line 5 breaks one. Line 5 breaks two."
