"""The reviews in a terminal: the diff, and each comment under its line."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.demo.posted import Row, Said, Shown

WIDTH = 100
_TAG = re.compile(r"</?(?:sub|sup|details|summary|br|b|em|strong|p)\b[^>]*>")
_LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
_LINE = re.compile(r"\[(lines? [^\]]*)\]\([^)]*\)")  # a place that stands in the diff above
COLOURS = {"+": "32", "-": "31", "@": "36", " ": ""}


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes in colour where a person looks."""

    out: TextIO

    def paint(self, text: str, code: str) -> str:
        """Return a text in one of the terminal's colours."""
        return f"\x1b[{code}m{text}\x1b[0m" if code and self.out.isatty() else text

    def line(self, text: str = "", code: str = "") -> None:
        """Write one line."""
        self.out.write(f"{self.paint(text, code)}\n")


def write(shown: Shown, out: TextIO) -> None:
    """Print one pull request with its review."""
    pen = Pen(out)
    pen.line("═" * WIDTH)
    pen.line(f"{shown.repository}#{shown.number}  {shown.title}", "1")
    for text in textwrap.wrap(shown.description, WIDTH):
        pen.line(text)
    pen.line(f"Check: {shown.conclusion}. {shown.check}", "31" if shown.conclusion == "failure" else "32")
    for file in shown.files:
        pen.line()
        pen.line(f"── {file.path} ".ljust(WIDTH, "─"))
        for said in file.said:
            _say(said, pen)
        for row in file.rows:
            pen.line(_diff_line(row), COLOURS[row.mark])
            for said in row.said:
                _say(said, pen)
    for body in shown.summary:
        pen.line()
        for line in _single_spaced(markdown(body)):
            pen.line(line)
    pen.line()


def _diff_line(row: Row) -> str:
    if row.mark == "@":
        return f"           {row.text}"
    return f"{row.old or '':>4} {row.new or '':>4} {row.mark} {row.text}".rstrip()


def _say(said: Said, pen: Pen) -> None:
    place = "this file" if not said.last else f"line {said.last}"
    if said.first != said.last:
        place = f"lines {said.first} to {said.last}"
    pen.line(f"           ┌─ hullcheck, on {place}", "33")
    for line in _single_spaced(markdown(said.body)):
        added = line.startswith("  + ")
        pen.line(f"{pen.paint('           │', '33')} {pen.paint(line, '32' if added else '')}".rstrip())
    pen.line("           └─", "33")


def _single_spaced(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines with no more than one empty one in a row."""
    last = ""
    for line in lines:
        if line or last:
            yield line
        last = line


def _inside(line: str, *, suggestion: bool) -> Iterator[str]:
    """Yield a line of a code block: as it is when somebody may commit it, else wrapped."""
    if suggestion:
        yield f"  + {line}"
    else:
        yield from textwrap.wrap(line, WIDTH, initial_indent="    ", subsequent_indent="      ") or [""]


def markdown(body: str) -> Iterator[str]:
    """Yield a comment's lines as a terminal shows them: wrapped, links spelled out, a suggestion as added lines."""
    fence = suggestion = False
    for line in body.splitlines():
        if line.startswith("```"):
            fence = not fence
            suggestion = fence and "suggestion" in line
            if suggestion:
                yield "Suggested change, one click to commit:"
        elif fence:
            yield from _inside(line, suggestion=suggestion)
        else:
            text = _LINK.sub(r"\1 (\2)", _LINE.sub(r"\1", _TAG.sub("", line))).replace("**", "")
            yield from textwrap.wrap(text, WIDTH - 14, break_long_words=False, break_on_hyphens=False) or [""]
