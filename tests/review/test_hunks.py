"""Which lines of a file a comment may name, for every kind of hunk."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.review.diffing import diff
from bot.review.hunks import Patch, parse
from tests.counting import lines_run
from tests.forge.hunks import moved_line, parse_hunks
from tests.review.build import numbered

TWO_HUNKS = diff(numbered(40), numbered(40, changed=[5, 30]))


def right(patch: Patch, lines: range = range(60)) -> list[int]:
    return [line for line in lines if patch.hunk(line)]


def left(patch: Patch, lines: range = range(60)) -> list[int]:
    return [line for line in lines if patch.hunk(line, "LEFT")]


def test_added_and_context_lines_are_right_and_deleted_ones_left() -> None:
    patch = parse(TWO_HUNKS)
    assert right(patch) == [*range(2, 9), *range(27, 34)]
    assert left(patch) == [5, 30]
    assert [line for line in range(60) if patch.added(line)] == [5, 30]


def test_four_times_the_hunks_are_little_more_than_four_times_the_work() -> None:
    def work(count: int) -> None:
        patch = parse("".join(f"@@ -{at},1 +{at},1 @@\n-a\n+b\n" for at in range(1, 3 * count, 3)))
        assert [patch.old_line(at) for at in range(1, 3 * count, 3)] == [None] * count
        assert patch.old_line(3 * count) == 3 * count

    # Linear is 4, quadratic 16.
    assert lines_run(lambda: work(2_000)) < 5 * lines_run(lambda: work(500))


def test_a_range_holds_only_inside_one_hunk() -> None:
    patch = parse(TWO_HUNKS)
    assert patch.holds(2, 8)
    assert not patch.holds(8, 27)
    assert not patch.holds(8, 9)


@pytest.mark.parametrize(
    ("patch", "lines_right", "lines_left"),
    [
        ("@@ -0,0 +1,2 @@\n+a\n+b", [1, 2], []),
        ("@@ -1,2 +0,0 @@\n-a\n-b", [], [1, 2]),
        ("@@ -1 +1 @@\n-a\n+b", [1], [1]),
        ("@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n", [1], [1]),
        ("@@ -1,2 +1,3 @@ FROM x\n a\n+b\n c\n\\ No newline at end of file", [1, 2, 3], []),
        ("@@ -3,2 +3,2 @@\n-a\r\n+b\r\n c\r\n", [3, 4], [3]),
        ("@@ -1,3 +1,3 @@\n a\n\n-b\n+c", [1, 2, 3], [3]),
        ("@@ -1 +1,3 @@\n a\n+--- b\n+@@ -9,9 +9,9 @@", [1, 2, 3], []),
        ("@@ -1,2 +1 @@\n--- a\n b", [1], [1]),
        ("", [], []),
        ("Binary files a/x and b/x differ", [], []),
    ],
    ids=[
        "new file", "deleted file", "one line", "no newline at end", "section heading", "carriage returns",
        "context line cut to nothing", "content like headers", "deleted line like a header", "mode change", "binary",
    ],
)  # fmt: skip
def test_every_kind_of_hunk(patch: str, lines_right: list[int], lines_left: list[int]) -> None:
    assert right(parse(patch)) == lines_right
    assert left(parse(patch)) == lines_left


@pytest.mark.parametrize("kept", range(len(TWO_HUNKS) + 1))
def test_a_patch_cut_short_names_no_line_that_it_does_not_show(kept: int) -> None:
    cut = parse(TWO_HUNKS[:kept])
    assert set(right(cut)) <= set(right(parse(TWO_HUNKS)))


def test_a_cut_patch_does_not_guess_old_lines_behind_the_cut() -> None:
    cut = parse("@@ -1,5 +1,6 @@\n a\n+b\n")
    assert [cut.old_line(line) for line in (1, 2, 3, 6, 7)] == [1, None, None, None, 6]


LISTS = st.lists(st.sampled_from(["a", "b", "c", "d", ""]), max_size=30)


@given(LISTS, LISTS)
def test_lines_are_mapped_both_ways(old: list[str], new: list[str]) -> None:
    text = diff("\n".join(old), "\n".join(new))
    patch = parse(text)
    hunks = parse_hunks(text)
    for line in range(1, len(old) + 1):
        there = moved_line(hunks, line)
        assert there is None or patch.old_line(there) == line


@given(LISTS, LISTS)
def test_a_patch_agrees_with_its_own_text_and_no_other(old: list[str], new: list[str]) -> None:
    patch = parse(diff("\n".join(old), "\n".join(new)))
    assert patch.agrees("\n".join(new))
    if any(patch.added(line) and new[line - 1] for line in range(1, len(new) + 1)):
        assert not patch.agrees("\n" * 40)
