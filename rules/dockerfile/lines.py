"""From physical lines to logical ones, as BuildKit joins them: continuations, comments, here-documents.

BuildKit reads a Dockerfile line by line (`frontend/dockerfile/parser/parser.go`): a line whose last character, blanks
aside, is an escape character that is not itself escaped goes on with the next line; comment lines and blank lines
in between are left out; and the bodies of here-documents follow the instruction that opens them. All of it is
done here, once, in linear time, and every piece remembers its place in the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.bodies import Bodies
from rules.dockerfile.directives import DirectiveReader
from rules.dockerfile.heredocs import openers
from rules.dockerfile.nodes import Comment, Directive, Heredoc, SyntaxFault
from rules.dockerfile.pieces import SPACE, Pieces, before_escape
from rules.dockerfile.source import Span
from rules.quoting import code_span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.source import Source

LONGEST_LINE = 65_535
"""Bytes that BuildKit's line scanner takes (`bufio.MaxScanTokenSize`), line ending excluded."""


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

    def span(self, source: Source, start: int, end: int) -> Span:
        """Return the place in the file of a slice of the text."""
        if self.pieces:
            return self.pieces.span(source, start, end)
        first = self.start
        return Span(first + start, first + end, self.first, self.first, self.column + start)


class Reading(NamedTuple):
    """A file, read.

    Attributes:
        line_count: Number of physical lines.
        lines: The instructions.
        comments: Every comment line.
        directives: Parser directives.
        escape: The escape character.
        faults: Directives, lines and here-documents that BuildKit refuses.
    """

    line_count: int
    lines: list[LogicalLine]
    comments: list[Comment]
    directives: tuple[Directive, ...]
    escape: str
    faults: list[SyntaxFault]


class Reader:
    """Reads a file from its first line to its last."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._rows = source.text.split("\n")
        if not self._rows[-1]:
            del self._rows[-1]
        self._row = 0
        self._offset = 0
        self._comments: list[Comment] = []
        self._directives = DirectiveReader(source)
        self._bodies = Bodies(source, self._rows)
        self._faults = list(overlong(source, self._rows))

    def read(self) -> Reading:
        """Read the whole file."""
        lines: list[LogicalLine] = []
        rows = self._rows
        if rows and rows[0].startswith("\ufeff"):
            rows[0] = rows[0][1:]
            self._offset = 1
        while self._row < len(rows):
            row = rows[self._row]
            kept = row.strip(SPACE)
            if not kept:
                self._directives.finish()
                self._next()
            elif kept[0] == "#":
                self._comment(row, kept)
                self._next()
            else:
                self._directives.finish()
                line = self._instruction(row, kept)
                if line.text:
                    lines.append(line)
                else:
                    self._nothing(line)
        return Reading(
            len(rows),
            lines,
            self._comments,
            self._directives.found,
            self._directives.escape,
            self._faults + self._directives.faults + self._bodies.faults,
        )

    def _next(self) -> None:
        """Go to the next line."""
        self._offset += len(self._rows[self._row]) + 1
        self._row += 1

    def _comment(self, row: str, kept: str) -> None:
        """Note a comment line, and read a directive from it while there may be one."""
        lead = row.index("#")
        start = self._offset + lead
        number = self._row + 1
        end = start + len(row.rstrip("\r")) - lead
        span = Span(start, end, number, number, self._column(start))
        self._directives.read(kept, span)
        self._comments.append(Comment(kept[1:].strip(SPACE), span))

    def _column(self, offset: int) -> int:
        """Return the column of an offset in the current line; a byte order mark takes the first one."""
        begin = self._offset - (1 if self._row == 0 and self._source.text.startswith("\ufeff") else 0)
        return offset - begin + 1

    def _instruction(self, row: str, kept: str) -> LogicalLine:
        """Read an instruction that begins on the current line."""
        escape = self._directives.escape
        first = self._row + 1
        begun = before_escape(row, escape) if kept[-1] == escape else None
        if begun is not None:
            line = self._continued(begun, escape)
            return self._with_heredocs(line) if "<<" in line.text else line
        start = self._offset + len(row) - len(row.lstrip(SPACE))
        end = self._offset + len(row.rstrip("\r"))
        line = LogicalLine(first, first, first, kept, start, self._column(start), end, None, ())
        self._next()
        return self._with_heredocs(line) if "<<" in kept else line

    def _continued(self, begun: str, escape: str) -> LogicalLine:
        """Join the current line, which goes on, with those that follow it."""
        first = self._row + 1
        row = self._rows[self._row]
        begin = self._offset
        start = begin + len(row) - len(row.lstrip(SPACE))
        column = self._column(start)
        parts, inner, outer = [begun], [0], [begin]
        size = len(begun)
        end = begin + len(row.rstrip("\r"))
        self._next()
        while self._row < len(self._rows):
            row = self._rows[self._row]
            kept = row.strip(SPACE)
            end = self._offset + len(row.rstrip("\r"))
            piece: str | None = ""
            if kept and kept[0] == "#":
                self._comment(row, kept)
            elif kept:
                piece = before_escape(row, escape) if kept[-1] == escape else None
                parts.append(row.rstrip("\r") if piece is None else piece)
                inner.append(size)
                outer.append(self._offset)
                size += len(parts[-1])
            self._next()
            if piece is None:
                break
        joined = "".join(parts)
        text = joined.strip(SPACE)
        lead = len(joined) - len(joined.lstrip(SPACE)) if text else 0
        pieces = Pieces(tuple([at - lead for at in inner]), tuple(outer))
        return LogicalLine(first, self._row, self._row, text, start, column, end, pieces, ())

    def _nothing(self, line: LogicalLine) -> None:
        """Note an escape character with nothing before it and nothing behind it."""
        span = Span(line.start, line.start + 1, line.first, line.first, line.column)
        message = f"This {code_span(self._directives.escape)} continues nothing: no instruction stands here."
        self._faults.append(SyntaxFault("invalid-syntax", message, span))

    def _with_heredocs(self, line: LogicalLine) -> LogicalLine:
        """Read the bodies of the here-documents that an instruction opens."""
        found = []
        end = line.end
        opened = Span(line.start, line.end, line.first, line.own_last, line.column)
        for opener in openers(line.text, self._directives.escape):
            if opener.spaced and not self._bodies.closes(opener, self._row):
                # `$((1 << 3))`: older releases of BuildKit see no here-document here, nor does its author.
                continue
            heredoc, self._row, self._offset = self._bodies.read(opener, self._row, self._offset, opened)
            found.append(heredoc)
            end = heredoc.span.end
        if not found:
            return line
        return line._replace(last=self._row, end=end, heredocs=tuple(found))


def overlong(source: Source, rows: list[str]) -> Iterator[SyntaxFault]:
    """Yield a fault for the first line that is too long for BuildKit's scanner, where it stops reading."""
    if len(source.text) <= LONGEST_LINE // 4:
        return
    for number, row in enumerate(rows, 1):
        if 4 * len(row) > LONGEST_LINE and len(row.encode("utf-8", "surrogateescape")) > LONGEST_LINE:
            message = f"This line is longer than {LONGEST_LINE:,} bytes, the most that Docker reads."
            yield SyntaxFault("invalid-syntax", message, source.line_span(number))
            return
