"""Unified patches: which lines of a file a comment may name, and which old line a new line was."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.forges.base import Side

_HEADER = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")


class Line(NamedTuple):
    """One line of a patch.

    Attributes:
        old: Its number in the old file, `None` for an added line.
        new: Its number in the new file, `None` for a deleted line.
        text: Without the leading sign and the line feed; a carriage return stays.
    """

    old: int | None
    new: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """One hunk, as far as the patch goes: a forge may cut it short.

    Attributes:
        lines: In the order of the patch.
        old_start: Its first old line, by its header.
        old_next: The first old line behind it, by its header.
        new_start: Its first new line, by its header.
        new_next: The first new line behind it, by its header.
    """

    lines: tuple[Line, ...]
    old_start: int
    old_next: int
    new_start: int
    new_next: int

    def between(self, first: int, last: int) -> tuple[Line, ...]:
        """Return the lines from new line `first` to new line `last`, deleted ones in between included."""
        at = [index for index, line in enumerate(self.lines) if line.new and first <= line.new <= last]
        return self.lines[at[0] : at[-1] + 1] if at else ()


@dataclass(frozen=True)
class Patch:
    """The hunks of one file."""

    hunks: tuple[Hunk, ...] = ()

    @cached_property
    def _right(self) -> dict[int, tuple[Hunk, Line]]:
        return {line.new: (hunk, line) for hunk in self.hunks for line in hunk.lines if line.new is not None}

    @cached_property
    def _left(self) -> dict[int, tuple[Hunk, Line]]:
        return {
            line.old: (hunk, line)
            for hunk in self.hunks
            for line in hunk.lines
            if line.old is not None and line.new is None
        }

    @cached_property
    def _new_ends(self) -> list[int]:
        """Return how far the hunks up to each one reach: it never falls, whatever the headers say."""
        return list(accumulate((hunk.new_next for hunk in self.hunks), max))

    def hunk(self, line: int, side: Side = "RIGHT") -> Hunk | None:
        """Return the hunk whose line a comment may name.

        RIGHT lines are the added and the context lines by their new number, LEFT lines the deleted ones by their old
        number.
        """
        found = (self._right if side == "RIGHT" else self._left).get(line)
        return found[0] if found else None

    def holds(self, first: int, last: int, side: Side = "RIGHT") -> bool:
        """Tell whether all lines of a range may be named and stand in one hunk."""
        hunk = self.hunk(first, side)
        return hunk is not None and all(self.hunk(line, side) is hunk for line in range(first, last + 1))

    def added(self, line: int) -> bool:
        """Tell whether a new line is an added one."""
        found = self._right.get(line)
        return found is not None and found[1].old is None

    def old_line(self, new: int) -> int | None:
        """Return the old number of a new line; `None` for an added line and where a cut patch does not say."""
        if new in self._right:
            return self._right[new][1].old
        at = bisect_right(self._new_ends, new)
        before = self.hunks[at - 1] if at else None
        if at < len(self.hunks) and new >= self.hunks[at].new_start:
            return None
        return new - (before.new_next - before.old_next) if before else new

    def agrees(self, text: str) -> bool:
        """Tell whether every RIGHT line is what stands in the new file: a patch that does not was made to deceive."""
        lines = text.split("\n")
        return all(
            number <= len(lines) and lines[number - 1].rstrip("\r") == line.text.rstrip("\r")
            for number, (_, line) in self._right.items()
        )


def parse(patch: str) -> Patch:
    """Read hunks without file headers, as forges give them. Never raises; what is cut off is not there."""
    lines = patch.removesuffix("\n").split("\n")
    headers = [(at, header) for at, line in enumerate(lines) if (header := _HEADER.match(line))]
    bounds = [*(at for at, _ in headers), len(lines)]
    cuts = zip(headers, bounds[1:], strict=True)
    return Patch(tuple(_hunk(header, lines[at + 1 : end]) for (at, header), end in cuts))


def _hunk(header: re.Match[str], behind: list[str]) -> Hunk:
    old, old_count, new, new_count = (int(number) if number else 1 for number in header.groups())
    # A side without lines is written with the number of the line before it.
    old, new = old + (old_count == 0), new + (new_count == 0)
    old_next, new_next = old + old_count, new + new_count
    lines = tuple(_lines(behind, (old, old_next), (new, new_next)))
    return Hunk(lines, old, old_next, new, new_next)


def _lines(behind: list[str], old_range: tuple[int, int], new_range: tuple[int, int]) -> Iterator[Line]:
    (old, old_next), (new, new_next) = old_range, new_range
    for line in behind:
        if old >= old_next and new >= new_next:
            return
        sign, text = line[:1], line[1:]
        if sign == "+":
            yield Line(None, new, text)
        elif sign == "-":
            yield Line(old, None, text)
        elif sign in {" ", ""}:  # a mail or an editor may have cut the blank of an empty context line
            yield Line(old, new, text)
        elif sign == "\\":
            continue
        else:
            return
        old += sign != "+"
        new += sign != "-"
