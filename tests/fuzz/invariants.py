"""What holds for every text that is read as a Dockerfile, and how to spoil one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.arguments import shell_view
from rules.dockerfile.pieces import SPACE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from rules.dockerfile.nodes import Dockerfile, Instruction
    from rules.dockerfile.source import Span

BITS = (
    "\\",
    "\\\n",
    "\\\r\n",
    "`",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    "#",
    "# x\n",
    " ",
    "\t",
    "\\\\",
    " \\ \t\n",
    '"',
    "'",
    "<<EOF",
    "<<-E\n",
    "<<",
    "EOF\n",
    "\tE\n",
    "[",
    "]",
    '["a"]',
    ",",
    "--x=y ",
    "--",
    "=",
    "$",
    "${",
    "}",
    "\ufeff",
    "\x00",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x85",
    "\xa0",
    "\u2003",
    "\u2028",
    "é",
    "🐳",
    "\udc80",
    "ONBUILD ",
    "RUN ",
    "COPY ",
    "FROM ",
    "HEALTHCHECK ",
    "CMD ",
    "ENV ",
    "ARG ",
    "LABEL ",
    "SHELL ",
    "VOLUME ",
    "USER ",
    "# escape=`\n",
    "# syntax=x\n",
)
"""Pieces that mean something to a parser."""


def spoil(text: str, random: Random) -> str:
    """Return a text with a few random changes: pieces put in, cut out, moved, lines repeated or dropped."""
    if random.random() < 0.3:
        lines = text.split("\n")
        start = random.randrange(len(lines))
        text = "\n".join(lines[start : start + random.randrange(1, 25)])
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        at = random.randrange(len(text) + 1)
        other = random.randrange(len(text) + 1)
        match random.randrange(10):
            case 0 | 1:
                text = text[:at] + text[at + random.choice((1, 1, 2, 5, 30)) :]
            case 2:
                text = text[:other] + text[at : at + random.randrange(60)] + text[other:]
            case 3:
                lines = text.split("\n")
                lines.insert(random.randrange(len(lines) + 1), random.choice(lines))
                text = "\n".join(lines)
            case 4:
                text = random.choice(BITS) + text
            case _:
                text = text[:at] + random.choice(BITS) + text[at:]
    return text


def violations(parsed: Dockerfile) -> Iterator[str]:
    """Yield what does not hold; forces everything that is computed late."""
    source = parsed.source
    behind = 0
    for instruction in parsed.instructions:
        if instruction.span.start < behind:
            yield f"{instruction!r} overlaps the one before"
        behind = instruction.span.end
        yield from _instruction(instruction)
    for span in _spans(parsed):
        if not 0 <= span.start <= span.end <= len(source.text):
            yield f"{span} lies outside the file"
        elif span.line != min(source.line_at(span.start), source.line_count or 1):
            yield f"{span} is not on its line"
        elif span.column != span.start - source.line_starts[source.line_at(span.start) - 1] + 1:
            yield f"{span} is not at its column"
    for comment in parsed.comments:
        if not source.cut(comment.span).startswith("#"):
            yield f"{comment} is no comment"


def _spans(parsed: Dockerfile) -> Iterator[Span]:
    for instruction in parsed.instructions:
        yield from (instruction.span, instruction.keyword_span, instruction.value_span)
        yield from (word.span for word in instruction.words)
        yield from (part.span for pair in instruction.pairs for part in pair if part)
        for flag in instruction.flags:
            yield from (flag.span, flag.value_span)
        for heredoc in instruction.heredocs:
            yield from (heredoc.span, heredoc.body_span)
        if instruction.trigger:
            yield from (word.span for word in instruction.trigger.words)
    yield from (comment.span for comment in parsed.comments)
    yield from (directive.span for directive in parsed.directives)
    yield from (fault.span for fault in parsed.faults)


def _instruction(instruction: Instruction) -> Iterator[str]:
    source = instruction.source
    keyword = joined(source.cut(instruction.keyword_span), instruction.escape)
    if keyword.upper() != instruction.keyword.upper():
        yield f"{instruction!r} has the keyword {keyword!r}"
    value = joined(source.cut(instruction.value_span), instruction.escape)
    if value.strip(SPACE) != instruction.value:
        yield f"{instruction!r} has the value {value!r}"
    for flag in instruction.flags:
        if not joined(source.cut(flag.span), instruction.escape).startswith("--"):
            yield f"{instruction!r} has the flag {source.cut(flag.span)!r}"
    if instruction.exec_form is None:
        for word in instruction.words:
            if joined(source.cut(word.span), instruction.escape) != word.text:
                yield f"{instruction!r} has the word {word.text!r} at {source.cut(word.span)!r}"
    yield from _views(instruction)


def _views(instruction: Instruction) -> Iterator[str]:
    view, start = shell_view(instruction)
    if len(view) != instruction.value_span.end - start:
        yield f"{instruction!r} looks longer to the shell"
    source = instruction.source
    for heredoc in instruction.heredocs:
        if heredoc.body.replace("\t", "") != source.cut(heredoc.body_span).replace("\t", ""):
            yield f"{instruction!r} has another body"


def joined(text: str, escape: str) -> str:
    """Join the lines of a slice of an instruction, the plain way."""
    *lines, last = text.split("\n")
    inner = [line for at, line in enumerate(lines) if at == 0 or (line.strip(SPACE) and line.strip(SPACE)[0] != "#")]
    return "".join(re.sub(rf"{re.escape(escape)}[ \t]*\r*$", "", line) for line in inner) + last
