"""From physical lines to logical ones, as BuildKit joins them: continuations, comments, here-documents.

BuildKit reads a Dockerfile line by line (`frontend/dockerfile/parser/parser.go`): a line whose last character, blanks
aside, is an escape character that is not itself escaped goes on with the next line; comment lines and blank lines
in between are left out; and the bodies of here-documents follow the instruction that opens them. All of it is
done here, once, in linear time, and every piece remembers its place in the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.bodies import Bodies
from rules.dockerfile.directives import read_directives
from rules.dockerfile.heredocs import openers
from rules.dockerfile.nodes import Comment, Directive, Doubt, Heredoc, SyntaxFault
from rules.dockerfile.pieces import SPACE, Pieces, before_escape
from rules.dockerfile.source import Span
from rules.quoting import code_span

if TYPE_CHECKING:
    from rules.dockerfile.source import Source

LONGEST_LINE = 65_535
"""Bytes that BuildKit's line scanner takes (`bufio.MaxScanTokenSize`), line ending excluded."""

_SPACED = re.compile(r"(?<![^\s])<<-?\s")

MOST = 20_000
"""Instructions that are read, and comments that are kept; the longest Dockerfiles have hundreds."""


class LogicalLine(NamedTuple):
    """One instruction's own lines, joined.

    Attributes:
        first: Its first line, from 1.
        own_last: Its last line without here-documents, inclusive.
        last: Its last line, inclusive.
        text: The joined text, white space at both ends removed; empty for a lone escape character.
        start: Offset in the file of the first line's first character that is no white space.
        column: The column of that character, from 1.
        end: Offset in the file behind the last character of the last line, line ending excluded.
        pieces: Where the characters stand in the file; `None` when they all stand on one line.
        heredocs: In order of their delimiters.
    """

    first: int
    own_last: int
    last: int
    text: str
    start: int
    column: int
    end: int
    pieces: Pieces | None
    heredocs: tuple[Heredoc, ...]

    def span(self, start: int, end: int) -> Span:
        """Return the place in the file of a slice of the text."""
        if self.pieces:
            return self.pieces.span(start, end)
        first = self.start
        return Span(first + start, first + end, self.first, self.first, self.column + start)


class Reading(NamedTuple):
    """A file, read.

    Attributes:
        lines: The instructions.
        comments: Every comment line.
        directives: Parser directives.
        escape: The escape character.
        faults: Directives, lines and here-documents that BuildKit refuses.
    """

    lines: list[LogicalLine]
    comments: list[Comment]
    directives: tuple[Directive, ...]
    escape: str
    faults: list[SyntaxFault]


class _Join:
    """Joins the pieces of an instruction.

    Attributes:
        outer: Offset of each piece in the file.
    """

    def __init__(self, text: str, offset: int, line: int) -> None:
        self.outer = [offset]
        self._texts = [text]
        self._inner = [0]
        self._lines = [line]
        self._size = len(text)

    def add(self, text: str, offset: int, line: int) -> None:
        """Add a piece."""
        self._texts.append(text)
        self._inner.append(self._size)
        self.outer.append(offset)
        self._lines.append(line)
        self._size += len(text)

    def done(self, column: int) -> tuple[str, Pieces]:
        """Return the joined text without white space at its ends, and where its characters stand.

        Args:
            column: The column of the first piece.
        """
        joined = "".join(self._texts)
        text = joined.strip(SPACE)
        lead = len(joined) - len(joined.lstrip(SPACE)) if text else 0
        inner = tuple([each - lead for each in self._inner])
        columns = (column, *[1] * (len(inner) - 1))
        return text, Pieces(inner, tuple(self.outer), tuple(self._lines), columns)


class Reader:
    """Reads a file from its first line to its last."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._rows = source.text.split("\n")
        if not self._rows[-1]:
            del self._rows[-1]
        self._row = 0
        self._offset = 0
        self._lines: list[LogicalLine] = []
        self._comments: list[Comment] = []
        self._faults: list[SyntaxFault] = []
        self._bodies = Bodies(source, self._rows)

    def read(self) -> Reading:
        """Read the whole file."""
        self._prepare()
        directives = read_directives(self._source, self._rows, self._offset)
        self._faults += directives.faults
        rows, escape = self._rows, directives.escape
        while self._row < len(rows):
            row = rows[self._row]
            kept = row.strip(SPACE)
            if not kept:
                self._offset += len(row) + 1
                self._row += 1
            elif kept[0] == "#":
                self._comment(row, kept)
            elif len(self._lines) < MOST:
                self._instruction(row, kept, escape)
            else:
                self._stop()
        faults = self._faults + self._bodies.faults
        return Reading(self._lines, self._comments, directives.found, escape, faults)

    def _prepare(self) -> None:
        """Step over a byte order mark, and blank the lines at which BuildKit's scanner gives up."""
        rows = self._rows
        if rows and rows[0].startswith("\ufeff"):
            rows[0] = rows[0][1:]
            self._offset = 1
        if len(self._source.text) <= LONGEST_LINE // 4:
            return
        for at, row in enumerate(rows):
            if 4 * len(row) > LONGEST_LINE and len(row.encode("utf-8", "surrogateescape")) > LONGEST_LINE:
                message = f"This line is longer than {LONGEST_LINE:,} bytes, the most that Docker reads."
                self._faults.append(SyntaxFault("invalid-syntax", message, self._source.line_span(at + 1)))
                rows[at] = " " * len(row)

    def _stop(self) -> None:
        """Leave the rest of a file unread that nobody can have written."""
        number = self._row + 1
        message = f"Only the first {MOST:,} instructions of this file are read."
        span = Span(self._offset, self._offset + len(self._rows[self._row]), number, number, 1)
        self._faults.append(SyntaxFault("invalid-structure", message, span))
        self._row = len(self._rows)

    def _comment(self, row: str, kept: str) -> None:
        """Note a comment line, and go on to the next one."""
        number = self._row + 1
        if len(self._comments) < MOST:
            lead = row.index("#")
            start = self._offset + lead
            span = Span(start, start + len(row.rstrip("\r")) - lead, number, number, self._column(start))
            self._comments.append(Comment(kept[1:].strip(SPACE), span))
        self._offset += len(row) + 1
        self._row = number

    def _column(self, offset: int) -> int:
        """Return the column of an offset in the current line; a byte order mark takes the first one."""
        begin = self._offset if self._row else 0
        return offset - begin + 1

    def _instruction(self, row: str, kept: str, escape: str) -> None:
        """Read the instruction that begins on the current line, and go on behind it."""
        begun = before_escape(row, escape) if kept[-1] == escape else None
        if begun is None:
            number = self._row + 1
            start = self._offset + len(row) - len(row.lstrip(SPACE))
            end = self._offset + len(row.rstrip("\r"))
            line = LogicalLine(number, number, number, kept, start, self._column(start), end, None, ())
            self._offset += len(row) + 1
            self._row = number
        else:
            line = self._continued(row, begun, escape)
        if "<<" in line.text:
            line = self._with_heredocs(line, escape)
        if line.text:
            self._lines.append(line)
        else:
            self._nothing(line, escape)

    def _continued(self, row: str, begun: str, escape: str) -> LogicalLine:
        """Join the current line, which goes on, with those that follow it."""
        rows, at, offset = self._rows, self._row, self._offset
        start = offset + len(row) - len(row.lstrip(SPACE))
        first, column = at + 1, self._column(start)
        join = _Join(begun, offset, first)
        goes_on = True
        while goes_on and at + 1 < len(rows):
            offset += len(row) + 1
            at += 1
            row = rows[at]
            kept = row.strip(SPACE)
            if not kept:
                continue
            if kept[0] == "#":
                self._row, self._offset = at, offset
                self._comment(row, kept)
                continue
            piece = before_escape(row, escape) if kept[-1] == escape else None
            goes_on = piece is not None
            join.add(row.rstrip("\r") if piece is None else piece, offset, at + 1)
        self._row, self._offset = at + 1, offset + len(row) + 1
        text, pieces = join.done(column - (start - join.outer[0]))
        return LogicalLine(first, at + 1, at + 1, text, start, column, offset + len(row.rstrip("\r")), pieces, ())

    def _nothing(self, line: LogicalLine, escape: str) -> None:
        """Note an escape character with nothing before it and nothing behind it."""
        span = Span(line.start, line.start + 1, line.first, line.first, line.column)
        message = f"This {code_span(escape)} continues nothing: no instruction stands here."
        self._faults.append(SyntaxFault("invalid-syntax", message, span))

    def _with_heredocs(self, line: LogicalLine, escape: str) -> LogicalLine:
        """Read the bodies of the here-documents that an instruction opens, up to the first unclosed one."""
        found: list[Heredoc] = []
        opened = Span(line.start, line.end, line.first, line.own_last, line.column)
        for opener in openers(line.text, escape):
            closed = self._bodies.closes(opener, self._row)
            if opener.spaced and not closed:
                # `$((1 << 3))`: older releases of BuildKit see no here-document here, nor does its author.
                self._faults.append(_spaced(line))
                continue
            heredoc, self._row, self._offset = self._bodies.read(opener, self._row, self._offset, opened)
            found.append(heredoc)
            if not closed:
                break
        if not found:
            return line
        return line._replace(last=self._row, end=found[-1].span.end, heredocs=tuple(found))


def _spaced(line: LogicalLine) -> SyntaxFault:
    """Return the fault of a shift in arithmetic that BuildKit takes for a here-document."""
    at = _SPACED.search(line.text)
    span = line.span(*at.span()) if at else line.span(0, len(line.text))
    message = "BuildKit takes this `<<` for a here-document that is never closed: leave out the blanks around it, or "
    return SyntaxFault("invalid-syntax", f"{message}put it in double quotes.", span, None, Doubt.RELEASE)
