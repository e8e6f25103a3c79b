"""From physical lines to logical ones, as BuildKit joins them: continuations, comments, here-documents.

BuildKit reads a Dockerfile line by line (`frontend/dockerfile/parser/parser.go`): a line whose last character, blanks
aside, is an escape character that is not itself escaped goes on with the next line; comment lines and blank lines
in between are left out; and the bodies of here-documents follow the instruction that opens them. All of it is
done here, once, in linear time, and every piece remembers its place in the file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile import heredocs
from rules.dockerfile.nodes import Comment, Directive, Heredoc, SyntaxFault
from rules.dockerfile.source import Span

if TYPE_CHECKING:
    from rules.dockerfile.source import Source

SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""What BuildKit trims: Unicode's White_Space, which unlike `str.strip` leaves U+001C to U+001F alone."""

LONGEST_LINE = 65_535
"""Bytes that BuildKit's line scanner takes (`bufio.MaxScanTokenSize`), line ending excluded."""

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*$", re.DOTALL)
_DIRECTIVES = ("syntax", "escape", "check")


class Pieces(NamedTuple):
    """Where the characters of a joined text stand in the file.

    Attributes:
        inner: Offset of each piece in the joined text, rising.
        outer: Offset of the same piece in the file.
    """

    inner: tuple[int, ...]
    outer: tuple[int, ...]

    def place(self, offset: int) -> int:
        """Return the offset in the file of the character at an offset in the joined text."""
        at = bisect_right(self.inner, offset) - 1
        return self.outer[at] + offset - self.inner[at]

    def span(self, source: Source, start: int, end: int) -> Span:
        """Return the place of a slice of the joined text; continuations inside belong to it."""
        first = self.place(start)
        return source.span(first, self.place(end - 1) + 1 if end > start else first)


class LogicalLine(NamedTuple):
    """One instruction's own lines, joined.

    Attributes:
        first: Index of the first line, from 0.
        last: Index of the last line, inclusive; here-documents belong to it.
        text: The joined text, blanks at both ends removed.
        pieces: Where its characters stand in the file.
        end: Offset behind the last line's last character, its line ending excluded.
        heredocs: In order of their delimiters.
    """

    first: int
    last: int
    text: str
    pieces: Pieces
    end: int
    heredocs: tuple[Heredoc, ...]


class Reading(NamedTuple):
    """A file, read.

    Attributes:
        rows: The physical lines, split at LF, a carriage return still at their end.
        lines: The instructions' logical lines.
        comments: Index of the line and the comment, in the order of the file.
        directives: Parser directives.
        escape: The escape character.
        faults: Directives, lines and here-documents that BuildKit refuses.
    """

    rows: list[str]
    lines: list[LogicalLine]
    comments: list[tuple[int, Comment]]
    directives: list[Directive]
    escape: str
    faults: list[SyntaxFault]
