"""Where the characters of a joined instruction stand in the file, and what BuildKit takes for white space."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from rules.dockerfile.source import Span

SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005"
    "\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""Unicode's White_Space, which BuildKit trims; `str.strip` would also take U+001C to U+001F."""


class Pieces(NamedTuple):
    """Where the pieces of a joined text stand in the file.

    Attributes:
        inner: Offset of each piece in the joined text, rising.
        outer: Offset of the same piece in the file.
        lines: The piece's line in the file, from 1.
        columns: The column of its first character, from 1.
    """

    inner: tuple[int, ...]
    outer: tuple[int, ...]
    lines: tuple[int, ...]
    columns: tuple[int, ...]

    def span(self, start: int, end: int) -> Span:
        """Return the place in the file of a slice of the joined text; what was left out inside belongs to it."""
        inner = self.inner
        at = bisect_right(inner, start) - 1
        shift = start - inner[at]
        first = self.outer[at] + shift
        line = self.lines[at]
        column = self.columns[at] + shift
        if at + 1 == len(inner) or end <= inner[at + 1]:
            return Span(first, first + end - start, line, line, column)
        last = bisect_right(inner, end - 1) - 1
        return Span(first, self.outer[last] + end - inner[last], line, self.lines[last], column)


def before_escape(row: str, escape: str) -> str | None:
    """Return what stands before a line's continuation character, or `None` when the line does not go on.

    An escape character that is itself escaped continues nothing (`setEscapeToken` in BuildKit's `parser.go`).

    Args:
        row: A line without its LF.
        escape: The escape character.
    """
    if row[-1:] != escape:
        row = row.rstrip("\r").rstrip(" \t")
        if row[-1:] != escape:
            return None
    return None if row[-2:-1] == escape else row[:-1]
