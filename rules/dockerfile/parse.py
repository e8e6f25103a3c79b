"""Read a Dockerfile: the one module that knows dockerfile-parse.

The library's `DockerfileParser` splits a Dockerfile into instructions, but takes the bodies of here-documents for
instructions, ends an instruction at a blank line inside a continuation, and needs quadratic time for a long one. So
it is given a *shadow* of the file: one line for each instruction, continuations joined, comments, blank lines and the
bodies of here-documents left out. What it says is put together with the places that the reader kept.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from dockerfile_parse import DockerfileParser

from rules.dockerfile.arguments import BLANKS
from rules.dockerfile.flags import RawFlag, split_flags
from rules.dockerfile.lines import LogicalLine, Reader, Reading
from rules.dockerfile.nodes import Dockerfile, Flag, Instruction
from rules.dockerfile.pieces import SPACE
from rules.dockerfile.source import Span
from rules.dockerfile.syntax import faults
from rules.dockerfile.syntax.frontend import frontend_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.source import Source

_GUARD = "\ud800"
"""Ends a shadow line that would otherwise end in an escape character; no decoded file holds it."""

_ODD_ASCII = "\x1c\x1d\x1e\x1f"
_ODD = {ord(odd): 0xD801 + at for at, odd in enumerate(_ODD_ASCII + SPACE.lstrip(BLANKS + "\n"))}
"""What only one of Python and BuildKit takes for a blank: lone surrogates stand in for it in the shadow."""

_EVEN = {stand_in: odd for odd, stand_in in _ODD.items()}


_KEYWORD = re.compile(f"[^{BLANKS}]+")


class _Shadow(DockerfileParser):  # type: ignore[misc]  # the library has no type information
    """A parser that reads lines it is given."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(fileobj=BytesIO())
        self._lines = lines

    @property
    def lines(self) -> list[str]:
        """The shadow."""
        return self._lines


class _Split(NamedTuple):
    """A joined instruction taken apart.

    Attributes:
        keyword: In capitals.
        keyword_end: Offset behind the keyword in the joined text.
        value: What follows the keyword, flags included.
    """

    keyword: str
    keyword_end: int
    value: str


def parse(source: Source) -> Dockerfile:
    """Read a Dockerfile; never raises, and takes time in proportion to the text."""
    reading = Reader(source).read()
    escape = reading.escape
    instructions = tuple([_instruction(source, line, split, escape) for line, split in _split(source, reading)])
    if reading.comments:
        _put_comments_above(instructions, reading)
    found = [*reading.faults, *frontend_faults(reading.directives, instructions), *faults(instructions)]
    found.sort(key=lambda fault: fault.span.start)
    return Dockerfile(source, instructions, tuple(reading.comments), reading.directives, escape, tuple(found))


def _split(source: Source, reading: Reading) -> Iterator[tuple[LogicalLine, _Split]]:
    """Let the library split the shadow into keywords and values."""
    text = source.text
    odd = not text.isascii() or any(each in text for each in _ODD_ASCII)
    shadow = [f"{line.text}{_GUARD}\n" if line.text[-1] in "\\`" else f"{line.text}\n" for line in reading.lines]
    if odd:
        shadow = [line.translate(_ODD) for line in shadow]
    for line, item in zip(reading.lines, _Shadow(shadow).structure, strict=True):
        keyword = item["instruction"].removesuffix(_GUARD)
        value = item["value"].removesuffix(_GUARD)
        end = len(keyword)
        if odd:
            value = value.translate(_EVEN).strip(SPACE)
            written = _KEYWORD.match(line.text)
            assert written is not None
            keyword, end = _capitals(written[0]), written.end()
        yield line, _Split(keyword, end, value)


def _capitals(keyword: str) -> str:
    """Return a keyword in capitals; those of other alphabets are no instructions, and are left as they are."""
    return keyword.upper() if keyword.isascii() else keyword


def _instruction(source: Source, line: LogicalLine, split: _Split, escape: str) -> Instruction:
    """Build one instruction."""
    text = line.text
    start = len(text) - len(split.value)
    value = split.value
    flags: tuple[Flag, ...] = ()
    if value.startswith("--"):
        raw, start = split_flags(text, split.keyword_end, escape)
        value = text[start:].lstrip(SPACE)
        start = len(text) - len(value)
        flags = tuple(_flag(line, each) for each in raw)
    return Instruction(
        source,
        split.keyword,
        line.span(0, split.keyword_end),
        Span(line.start, line.end, line.first, line.last, line.column),
        value,
        line.span(start, len(text)),
        flags,
        line.heredocs,
        _trigger(source, line, start, escape) if split.keyword == "ONBUILD" and value else None,
        escape,
    )


def _trigger(source: Source, line: LogicalLine, start: int, escape: str) -> Instruction:
    """Build the instruction behind ONBUILD, which begins at an offset of the joined text."""
    text = line.text
    match = _KEYWORD.match(text, start)
    assert match is not None
    raw, behind = split_flags(text, match.end(), escape)
    value = text[behind:].lstrip(SPACE)
    value_start = len(text) - len(value)
    begin = line.span(start, len(text))
    return Instruction(
        source,
        _capitals(match[0]),
        line.span(*match.span()),
        begin._replace(end=line.end, end_line=line.last),
        value,
        line.span(value_start, len(text)),
        tuple(_flag(line, each) for each in raw),
        line.heredocs,
        None,
        escape,
    )


def _flag(line: LogicalLine, raw: RawFlag) -> Flag:
    """Give a flag its places in the file."""
    name, equals, value = raw.text[2:].partition("=")
    return Flag(
        name,
        value if equals else None,
        line.span(raw.start, raw.end),
        line.span(raw.value_start, raw.end),
    )


def _put_comments_above(instructions: tuple[Instruction, ...], reading: Reading) -> None:
    """Give each instruction the comment lines directly above it; parser directives are none."""
    directives = {directive.span.line for directive in reading.directives}
    comments = {each.span.line: each for each in reading.comments if each.span.line not in directives}
    for instruction in instructions:
        number = instruction.span.line - 1
        if number not in comments:
            continue
        above = []
        while number in comments:
            above.append(comments.pop(number))
            number -= 1
        instruction.comments = tuple(reversed(above))
