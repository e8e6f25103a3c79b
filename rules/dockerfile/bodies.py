"""Read the bodies of here-documents: the lines behind an instruction, up to each delimiter."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from rules.dockerfile.nodes import Heredoc, SyntaxFault
from rules.dockerfile.source import Span
from rules.quoting import code_span

if TYPE_CHECKING:
    from rules.dockerfile.heredocs import Opener
    from rules.dockerfile.source import Source

_LEADING_TABS = re.compile(r"^\t+", re.MULTILINE)
_NEXT_INSTRUCTION = re.compile(
    r"(?:ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|ONBUILD|RUN|SHELL|USER|VOLUME|WORKDIR)\s"
)
_MOST = 100
"""Unclosed here-documents that are told of one file."""


class Bodies:
    """The lines of a file, asked for the bodies of its here-documents in order.

    Attributes:
        faults: Here-documents that are never closed.
    """

    def __init__(self, source: Source, rows: list[str]) -> None:
        self._source = source
        self._rows = rows
        self.faults: list[SyntaxFault] = []

    @cached_property
    def _last_row(self) -> dict[str, int]:
        """Index of the last row with each text; knowing it keeps a file full of unclosed documents linear."""
        return {row.rstrip("\r"): index for index, row in enumerate(self._rows)}

    @cached_property
    def _last_dedented_row(self) -> dict[str, int]:
        """The same without leading tabs, for `<<-`."""
        return {row.rstrip("\r").lstrip("\t"): index for index, row in enumerate(self._rows)}

    def closes(self, opener: Opener, row: int) -> bool:
        """Tell whether a here-document whose body would begin at a row is closed somewhere."""
        known = self._last_dedented_row if opener.strips_tabs else self._last_row
        return known.get(opener.name, -1) >= row

    def read(self, opener: Opener, row: int, offset: int, opened: Span) -> tuple[Heredoc, int, int]:
        """Read one body.

        An unclosed one is noted as a fault; so that the rest of the file is still understood, its body ends at the
        delimiter with blanks around it, or before the next line that begins like an instruction.

        Args:
            opener: What opens it.
            row: Index of the first body row.
            offset: The offset of that row in the file.
            opened: The instruction's own lines.

        Returns:
            The here-document, and the index and offset of the row behind it.
        """
        if self.closes(opener, row):
            stop = self._closing_row(opener, row)
            return self._heredoc(opener, row, offset, stop, closed=True)
        if row >= len(self._rows):
            self._unclosed(opener, None, opened)
            nowhere = self._source.span(opened.end, opened.end)
            return Heredoc(opener.name, "", *opener[1:4], nowhere, nowhere), row, offset
        stop = self._recovered(opener, row)
        closed = stop < len(self._rows) and self._rows[stop].strip() == opener.name
        read = self._heredoc(opener, row, offset, stop, closed=closed)
        self._unclosed(opener, read[0] if closed else None, opened)
        return read

    def _closing_row(self, opener: Opener, row: int) -> int:
        """Return the index of the row that closes a here-document."""
        while True:
            text = self._rows[row].rstrip("\r")
            if (text.lstrip("\t") if opener.strips_tabs else text) == opener.name:
                return row
            row += 1

    def _recovered(self, opener: Opener, row: int) -> int:
        """Return the row where an unclosed here-document was probably meant to end."""
        while row < len(self._rows):
            text = self._rows[row]
            if text.strip() == opener.name or _NEXT_INSTRUCTION.match(text):
                return row
            row += 1
        return row

    def _heredoc(self, opener: Opener, row: int, offset: int, stop: int, *, closed: bool) -> tuple[Heredoc, int, int]:
        """Build the here-document whose body is the rows up to `stop`."""
        text = self._source.text
        body_end = min(offset + sum(len(each) + 1 for each in self._rows[row:stop]), len(text))
        body = text[offset:body_end]
        end = body_end + len(self._rows[stop].rstrip("\r")) if closed else body_end
        last = stop + closed
        heredoc = Heredoc(
            opener.name,
            _LEADING_TABS.sub("", body) if opener.strips_tabs else body,
            *opener[1:4],
            Span(offset, end, row + 1, max(last, row + 1), 1),
            Span(offset, body_end, row + 1, max(stop, row + 1), 1),
        )
        return heredoc, last, min(body_end + (len(self._rows[stop]) + 1 if closed else 0), len(text))

    def _unclosed(self, opener: Opener, meant: Heredoc | None, opened: Span) -> None:
        """Note an unclosed here-document, at its delimiter where one stands with blanks around it."""
        if len(self.faults) >= _MOST:
            return
        name = code_span(opener.name)
        if meant is None:
            message = f"This here-document is never closed: no line below consists of {name} alone."
            self.faults.append(SyntaxFault("invalid-syntax", message, opened))
            return
        line = meant.span.end_line
        start = meant.span.end - len(self._rows[line - 1].rstrip("\r"))
        message = f"This does not close the here-document: {name} must stand alone at the start of its line."
        place = Span(start, meant.span.end, line, line, 1)
        self.faults.append(SyntaxFault("invalid-syntax", message, place, opener.name))
