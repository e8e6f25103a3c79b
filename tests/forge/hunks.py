"""Hunks of a unified diff, line by line, and where a line went between two versions of a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADER = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


class Line(NamedTuple):
    """One line of a hunk: its number before and after, `None` on the side where it does not exist."""

    old: int | None
    new: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """One hunk.

    Attributes:
        header: The `@@` line.
        lines: Its lines, without `\\ No newline at end of file`.
        old_start: First line before; where lines are only added, the line behind which they stand.
        old_count: Lines before.
        new_start: First line after, likewise.
        new_count: Lines after.
    """

    header: str
    lines: tuple[Line, ...]
    old_start: int
    old_count: int
    new_start: int
    new_count: int

    def find(self, side: str, number: int) -> int | None:
        """Return the index of a line by side (`RIGHT`: after, `LEFT`: before) and number."""
        for index, line in enumerate(self.lines):
            if (line.new if side == "RIGHT" else line.old) == number:
                return index
        return None


def parse_hunks(patch: str) -> tuple[Hunk, ...]:
    """Parse a patch; only line feeds end a line, for a carriage return is content."""
    hunks: list[Hunk] = []
    header, numbers, lines = "", (0, 0, 0, 0), list[Line]()
    old = new = 0
    for text in patch.split("\n") if patch else ():
        if found := HEADER.match(text):
            if header:
                hunks.append(Hunk(header, tuple(lines), *numbers))
            numbers = tuple(int(group) if group else 1 for group in found.groups())  # type: ignore[assignment]  # four
            header, lines, (old, _, new, _) = text, [], numbers
            # A side without lines counts from the line after the one it names.
            old, new = old + (numbers[1] == 0), new + (numbers[3] == 0)
        elif text.startswith("+"):
            lines.append(Line(None, new, text[1:]))
            new += 1
        elif text.startswith("-"):
            lines.append(Line(old, None, text[1:]))
            old += 1
        elif not text.startswith("\\"):
            lines.append(Line(old, new, text[1:]))
            old, new = old + 1, new + 1
    if header:
        hunks.append(Hunk(header, tuple(lines), *numbers))
    return tuple(hunks)


def moved_line(hunks: Iterable[Hunk], number: int) -> int | None:
    """Follow a line of the old file into the new one; `None` when it was changed or deleted."""
    shift = 0
    for hunk in hunks:
        first = hunk.old_start + (hunk.old_count == 0)
        if number < first:
            break
        index = hunk.find("LEFT", number)
        if index is not None:
            return hunk.lines[index].new
        shift = (hunk.new_start + (hunk.new_count == 0) + hunk.new_count) - (first + hunk.old_count)
    return number + shift
