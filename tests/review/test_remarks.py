"""What meets on one line of the diff shares a comment, and only so many comments are posted."""

from __future__ import annotations

from bot.review.placement import Inline, InSummary, OnFile, Place
from bot.review.remarks import MOST_FINDINGS, Remark, cap, remarks
from bot.review.suggestions import Remedy, Suggestion
from bot.review.topics import Topic
from tests.review.build import finding

Row = tuple[Topic, Place, Remedy]


def row(place: Place, rule: str = "a", remedy: Remedy | None = None, line: int = 1, count: int = 1) -> Row:
    return Topic(tuple(finding(line + at, rule) for at in range(count))), place, remedy or Remedy()


def together(*rows: Row) -> tuple[list[str], list[Place]]:
    """Return the rules of each comment, and the places."""
    placed = [(topic, place) for topic, place, _ in rows]
    found = remarks(placed, {topic: remedy for topic, _, remedy in rows})
    return ["".join(topic.lead.rule for topic in remark.topics) for remark in found], [r.place for r in found]


def test_what_ends_on_the_same_line_is_one_comment_over_the_lines_of_all() -> None:
    said = together(row(Inline(4, 4), "a"), row(Inline(2, 4), "b"), row(Inline(2, 2), "c"))
    assert said == (["ab", "c"], [Inline(2, 4), Inline(2, 2)])


def test_a_comment_keeps_the_lines_of_its_suggestion() -> None:
    button = Remedy("Do", Suggestion(4, 4, "x"))
    assert together(row(Inline(1, 4), "a"), row(Inline(4, 4), "b", button)) == (["ab"], [Inline(4, 4)])


def test_what_a_suggestion_replaces_or_repairs_joins_it() -> None:
    suggestion = Suggestion(3, 6, "x")
    elsewhere = Remedy("Do", elsewhere=suggestion)
    rows = [
        row(Inline(3, 6), "a", Remedy("Do", suggestion)),
        row(Inline(4, 4), "b"),
        row(Inline(9, 9), "c", elsewhere),
        row(OnFile(), "d", elsewhere),
        row(Inline(7, 7), "e"),
    ]
    assert together(*rows) == (["abcd", "e"], [Inline(3, 6), Inline(7, 7)])


def test_two_suggestions_are_two_comments() -> None:
    rows = [row(Inline(at, at), rule, Remedy("Do", Suggestion(at, at, "x"))) for at, rule in ((4, "a"), (5, "b"))]
    assert together(*rows) == (["a", "b"], [Inline(4, 4), Inline(5, 5)])


def test_comments_on_a_file_meet_where_they_are_about_the_same_line() -> None:
    rows = [row(OnFile(), "a", line=9), row(OnFile(), "b", line=9), row(OnFile(), "c", line=10)]
    assert together(*rows) == (["ab", "c"], [OnFile(), OnFile()])


def test_what_has_no_comment_stays_alone() -> None:
    rows = [row(InSummary("possible"), rule) for rule in "ab"]
    assert together(*rows) == (["a", "b"], [InSummary("possible")] * 2)


def test_a_crowd_on_one_line_is_split() -> None:
    rows = [row(Inline(4, 4), rule, count=MOST_FINDINGS // 2) for rule in "abc"]
    assert together(*rows)[0] == ["ab", "c"]


def test_the_cap_counts_comments_and_sends_the_rest_to_the_summary() -> None:
    two = Remark((Topic((finding(1),)), Topic((finding(1, "other"),))), Inline(1, 1))
    rows = [two, *(Remark((Topic((finding(line),)),), Inline(line, line)) for line in (2, 3))]
    rows.append(Remark((Topic((finding(9),)),), OnFile()))
    assert [remark.place for remark in cap(rows, 2, 1)] == [
        Inline(1, 1),
        Inline(2, 2),
        InSummary("over the cap"),
        OnFile(),
    ]


def test_a_cap_already_used_up_lets_nothing_through() -> None:
    rows = [Remark((Topic((finding(1),)),), Inline(1, 1)), Remark((Topic((finding(2),)),), OnFile())]
    assert {remark.place for remark in cap(rows, -3, 0)} == {InSummary("over the cap")}
