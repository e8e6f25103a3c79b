"""A file's text with exact places: what a finding points at and an edit replaces."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class Span(NamedTuple):
    """A piece of a file.

    Attributes:
        start: Offset of the first character in `Source.text`, from 0.
        end: Offset behind the last character.
        line: First line, from 1.
        end_line: Last line, from 1, inclusive.
        column: Column of `start` in its line, from 1.
    """

    start: int
    end: int
    line: int
    end_line: int
    column: int


@dataclass(frozen=True, eq=False)
class Source:
    """The text of one file, byte for byte.

    Bytes that are not UTF-8 are kept as lone surrogates, so `encode` returns exactly what was read. A byte order
    mark and carriage returns stay in the text; lines end at LF, as for BuildKit's scanner.

    Attributes:
        path: The file's path in the repository, with forward slashes.
        text: The whole text.
    """

    path: str
    text: str

    @classmethod
    def decode(cls, path: str, data: bytes) -> Source:
        """Read a file's bytes; never raises."""
        return cls(path, data.decode("utf-8", "surrogateescape"))

    def encode(self) -> bytes:
        """Return the bytes that were read."""
        return self.text.encode("utf-8", "surrogateescape")

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """Offset of each line's first character; line 1 is at index 0."""
        starts = [0]
        find = self.text.find
        at = find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = find("\n", at + 1)
        return tuple(starts)

    @property
    def line_count(self) -> int:
        """Number of lines; a final newline does not begin another one."""
        starts = self.line_starts
        return len(starts) - (starts[-1] == len(self.text) and len(starts) > 1)

    @property
    def newline(self) -> str:
        """The line ending that this file uses: CR LF when its first line has it, else LF."""
        first = self.text.find("\n")
        return "\r\n" if first > 0 and self.text[first - 1] == "\r" else "\n"

    def line_at(self, offset: int) -> int:
        """Return the line, from 1, that holds a character offset."""
        return bisect_right(self.line_starts, offset)

    def line(self, number: int) -> str:
        """Return one line's text, from 1, without its ending; empty outside the file."""
        starts = self.line_starts
        if not 1 <= number <= len(starts):
            return ""
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

    def span(self, start: int, end: int) -> Span:
        """Return the span of two character offsets; `end` is behind the last character."""
        line = self.line_at(start)
        last = self.line_at(max(start, end - 1))
        return Span(start, end, line, last, start - self.line_starts[line - 1] + 1)

    def line_span(self, first: int, last: int | None = None) -> Span:
        """Return the span of whole lines, from 1, inclusive, with the last line's ending."""
        last = first if last is None else last
        starts = self.line_starts
        start = starts[first - 1]
        end = starts[last] if last < len(starts) else len(self.text)
        return Span(start, end, first, last, 1)

    def cut(self, span: Span) -> str:
        """Return the text of a span."""
        return self.text[span.start : span.end]
