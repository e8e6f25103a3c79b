"""Where a comment goes, for every kind of change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.forges.base import Capabilities
from bot.review.files import Files
from bot.review.placement import Inline, InSummary, OnFile, Place, locate
from bot.review.topics import Topic
from rules.dockerfile.source import Source
from rules.problem import Confidence, Note
from tests.review.build import GITHUB_CAN, GITLAB_CAN, PATH, finding, numbered, reviewed

if TYPE_CHECKING:
    from bot.review.plan import Reviewed
    from rules.report import Finding

OLD, NEW = numbered(40), numbered(40, changed=[5, 30])


def placed(review: Reviewed, *findings: Finding, can: Capabilities = GITHUB_CAN) -> Place:
    files = Files.of(review.pull_request, review.before, review.after)
    return locate(Topic(findings), files, can)


@pytest.mark.parametrize(
    ("line", "end", "place"),
    [
        (5, 5, Inline(5, 5)),
        (3, 3, Inline(3, 3)),
        (4, 6, Inline(4, 6)),
        (7, 12, Inline(7, 8)),
        (1, 3, Inline(2, 3)),
        (7, 28, Inline(7, 8)),
        (20, 20, OnFile()),
        (9, 26, OnFile()),
        (1, 1, OnFile()),
    ],
    ids=["added", "context", "range", "beyond the hunk", "before the hunk", "two hunks", "outside", "between", "top"],
)
def test_a_finding_stands_on_its_lines_as_far_as_one_hunk_shows_them(line: int, end: int, place: Place) -> None:
    assert placed(reviewed(OLD, NEW), finding(line, end_line=end)) == place


@pytest.mark.parametrize(
    ("before", "after", "previous", "place"),
    [
        (None, "a\nb\n", None, Inline(2, 2)),
        ("a\n", "a\nb", None, Inline(2, 2)),
        ("a\nb", "a\nb\n", None, Inline(2, 2)),
        ("a\r\nb\r\n", "a\r\nc\r\n", None, Inline(2, 2)),
        ("a\nb\n", "a\nc\n", "old/Dockerfile", Inline(2, 2)),
        ("a\nb\n", "a\nb\n", "old/Dockerfile", OnFile()),
        ("a\nb\n", "a\nb\n", None, OnFile()),
        ("a\nb\n", None, None, InSummary("not in the diff")),
    ],
    ids=["new file", "no newline", "newline added", "CRLF", "rename", "pure rename", "mode change", "deleted"],
)
def test_every_kind_of_change(before: str | None, after: str | None, previous: str | None, place: Place) -> None:
    assert placed(reviewed(before, after, previous=previous), finding(2)) == place


def test_a_long_instruction_is_named_by_its_first_line() -> None:
    after = numbered(10) + numbered(30, changed=range(1, 31))
    assert placed(reviewed(numbered(10), after), finding(12, end_line=35)) == Inline(12, 12)


def test_a_long_instruction_that_begins_above_the_diff_is_named_by_its_first_changed_line() -> None:
    after = numbered(40, changed=range(12, 30))
    assert placed(reviewed(OLD, after), finding(1, end_line=35)) == Inline(12, 12)


def test_a_long_instruction_whose_first_line_is_context_is_named_by_it() -> None:
    after = numbered(40, changed=range(12, 30))
    assert placed(reviewed(OLD, after), finding(11, end_line=35)) == Inline(11, 11)


@pytest.mark.parametrize("patch", [None, "@@ -1,2 +1,2 @@\n RUN step 1\n+RUN something else\n"])
def test_a_missing_or_deceiving_patch_is_computed_from_the_texts(patch: str | None) -> None:
    review = reviewed(OLD, NEW)
    file = replace(review.pull_request.files[0], patch=patch)
    review = replace(review, pull_request=replace(review.pull_request, files=(file,)))
    assert placed(review, finding(30)) == Inline(30, 30)
    assert placed(review, finding(1)) == OnFile()


def test_what_is_only_possible_gets_no_comment() -> None:
    assert placed(reviewed(OLD, NEW), finding(5, confidence=Confidence.POSSIBLE)) == InSummary("possible")


def test_what_is_in_another_file_gets_no_comment() -> None:
    assert placed(reviewed(OLD, NEW), finding(5, path="other/Dockerfile")) == InSummary("not in the diff")


def test_a_forge_without_comments_on_files_gets_them_in_the_summary() -> None:
    can = Capabilities(file_comments=False, context_comments=False)
    assert placed(reviewed(OLD, NEW), finding(20), can=can) == InSummary("no line")


def test_gitlab_shows_lines_outside_the_hunks_of_an_old_file() -> None:
    assert placed(reviewed(OLD, NEW), finding(20), can=GITLAB_CAN) == Inline(20, 20)


@pytest.mark.parametrize(("before", "patch"), [(None, None), (OLD, None), (OLD, "")])
def test_gitlab_shows_no_line_whose_old_number_is_not_known(before: str | None, patch: str | None) -> None:
    after = "".join(f"RUN other {n}\n" for n in range(25_000)) + "RUN step 1\n"
    review = reviewed(before, after)
    file = replace(review.pull_request.files[0], patch=patch)
    review = replace(review, pull_request=replace(review.pull_request, files=(file,)))
    assert placed(review, finding(25_001), can=GITLAB_CAN) == OnFile()


def lost(before: str, line: int) -> tuple[Note, ...]:
    return (Note(Source(PATH, before).line_span(line), "set here before", before=True),)


def test_a_deleted_line_is_named_at_the_nearest_meaningful_line() -> None:
    after = NEW.replace("RUN step 20\n", "")
    notes = lost(OLD, 20)
    assert placed(reviewed(OLD, after), finding(1, notes=notes)) == Inline(20, 20)


def test_what_was_lost_in_another_file_is_no_place_in_this_one() -> None:
    after = NEW.replace("RUN step 20\n", "")
    notes = (replace(lost(OLD, 20)[0], path="other/Dockerfile"),)
    assert placed(reviewed(OLD, after), finding(1, notes=notes)) == OnFile()


def test_blank_lines_and_comments_beside_a_deleted_line_are_passed_over() -> None:
    before = "FROM x\nRUN a\n\n# why\nCMD b\n\n# more\nRUN c\n" + numbered(20)
    after = before.replace("CMD b\n", "")
    assert placed(reviewed(before, after), finding(25, notes=lost(before, 5))) == Inline(7, 7)


def test_a_finding_on_a_line_of_the_diff_stays_there_whatever_was_deleted() -> None:
    after = NEW.replace("RUN step 20\n", "")
    assert placed(reviewed(OLD, after), finding(5, notes=lost(OLD, 20))) == Inline(5, 5)


def test_a_group_stands_where_its_weightiest_shown_finding_is() -> None:
    group = [finding(1), finding(20), finding(30)]
    assert placed(reviewed(OLD, NEW), *group) == Inline(30, 30)
