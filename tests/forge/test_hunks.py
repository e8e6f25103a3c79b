"""Hunks, and where lines go."""

from __future__ import annotations

from difflib import unified_diff

from hypothesis import given
from hypothesis import strategies as st

from tests.forge.hunks import Line, moved_line, parse_hunks


def patch(before: list[str], after: list[str], context: int = 3) -> str:
    """Compare two texts given as lines."""
    return "\n".join(list(unified_diff(before, after, lineterm="", n=context))[2:])


def test_lines_have_a_number_on_the_sides_where_they_exist() -> None:
    (hunk,) = parse_hunks("@@ -4,3 +4,3 @@ def f():\n a\n-b\n+c\n d")
    assert hunk.lines == (Line(4, 4, "a"), Line(5, None, "b"), Line(None, 5, "c"), Line(6, 6, "d"))
    assert (hunk.find("LEFT", 5), hunk.find("RIGHT", 5), hunk.find("RIGHT", 7)) == (1, 2, None)


def test_a_new_file_begins_at_one_and_a_deleted_one_ends_there() -> None:
    assert parse_hunks("@@ -0,0 +1,2 @@\n+a\n+b")[0].lines == (Line(None, 1, "a"), Line(None, 2, "b"))
    assert parse_hunks("@@ -1 +0,0 @@\n-a")[0].lines == (Line(1, None, "a"),)


def test_lines_added_without_context_stand_behind_the_line_they_name() -> None:
    assert parse_hunks("@@ -2,0 +3 @@\n+x")[0].lines == (Line(None, 3, "x"),)


def test_the_mark_of_a_missing_newline_is_no_line() -> None:
    assert len(parse_hunks("@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b")[0].lines) == 2


def test_no_patch_has_no_hunks() -> None:
    assert parse_hunks("") == ()


TEXTS = st.lists(st.sampled_from("abcde"), max_size=12)


@given(TEXTS, TEXTS, st.integers(0, 3))
def test_a_line_that_moved_is_the_same_line(before: list[str], after: list[str], context: int) -> None:
    hunks = parse_hunks(patch(before, after, context))
    places = [moved_line(hunks, number) for number in range(1, len(before) + 1)]
    kept = [place for place in places if place is not None]
    assert kept == sorted(set(kept))
    assert [after[place - 1] for place in kept] == [
        text for text, place in zip(before, places, strict=True) if place is not None
    ]


@given(TEXTS, TEXTS, st.integers(0, 3))
def test_hunks_hold_every_change(before: list[str], after: list[str], context: int) -> None:
    hunks = parse_hunks(patch(before, after, context))
    added = {line.new for hunk in hunks for line in hunk.lines if line.old is None}
    kept = {moved_line(hunks, number) for number in range(1, len(before) + 1)} - {None}
    assert added | kept == set(range(1, len(after) + 1))
    assert not added & kept
