"""Restatements of the text alone: comments, blanks, casing, line ends, the escape character."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.restating.pieces import Piece

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model.model import Model

_CONTINUED = re.compile(r"\\(?=[ \t]*\r?\n)")
_NAME = re.compile(r"\$([A-Za-z_]\w*)")
_IN_BRACES = re.compile(r"\$\{([A-Za-z_]\w*)\}(?!\w)")
_AS = re.compile(r"\s(as)\s+\S+$", re.IGNORECASE)


def comments(model: Model) -> Iterator[Piece]:
    """A comment and a blank line between instructions."""
    for one in model.dockerfile.instructions[:-1]:
        yield Piece(one.span.end, one.span.end, "\n\n# What follows is needed by the service.")


def syntax_directive(model: Model) -> Iterator[Piece]:
    """A `# syntax=` line at the top."""
    if not model.dockerfile.directives:
        yield Piece(0, 0, "# syntax=docker/dockerfile:1\n")


def _cased(model: Model, *, upper: bool) -> Iterator[Piece]:
    for one in model.dockerfile.instructions:
        places = [(one.keyword_span.start, one.keyword_span.end)]
        if one.keyword == "FROM" and (as_ := _AS.search(one.text)):
            places.append((one.span.start + as_.start(1), one.span.start + as_.end(1)))
        if one.trigger is not None:
            places.append((one.trigger.keyword_span.start, one.trigger.keyword_span.end))
        for start, end in places:
            word = model.source.text[start:end]
            yield Piece(start, end, word.upper() if upper else word.lower())


def lower_case(model: Model) -> Iterator[Piece]:
    """Instruction words in lower case."""
    return _cased(model, upper=False)


def upper_case(model: Model) -> Iterator[Piece]:
    """Instruction words in upper case."""
    return _cased(model, upper=True)


def crlf(model: Model) -> Iterator[Piece]:
    """Line ends CR LF; the builder leaves the CR out, but for here-documents."""
    text = model.source.text
    if "\r" in text or any(one.heredocs for one in model.dockerfile.instructions):
        return
    for found in re.finditer("\n", text):
        yield Piece(found.start(), found.start(), "\r")


def backtick(model: Model) -> Iterator[Piece]:
    """Lines continued by a backtick, where no other backslash or backtick means anything to the builder."""
    text = model.source.text
    if "`" in text or model.dockerfile.directives:
        return
    pieces = [Piece(0, 0, "# escape=`\n")]
    for one in model.dockerfile.instructions:
        start, end = one.span.start, one.value_span.end
        lines = list(_CONTINUED.finditer(text, start, end))
        if one.keyword != "RUN" and text.count("\\", start, end) > len(lines):
            return
        pieces += [Piece(found.start(), found.end(), "`") for found in lines]
    if len(pieces) > 1:
        yield from pieces


def continuations_indented(model: Model) -> Iterator[Piece]:
    """Continued lines indented by another width."""
    text = model.source.text
    for one in model.dockerfile.instructions:
        cut = text[one.value_span.start : one.value_span.end]
        if "'" in cut or '"' in cut:
            continue
        for found in re.finditer(r"(?<=\\\n)[ \t]+(?=[^\s#])", cut):
            yield Piece(one.value_span.start + found.start(), one.value_span.start + found.end(), " " * 6)


def one_line(model: Model) -> Iterator[Piece]:
    """Continued lines joined to one."""
    for one in model.dockerfile.instructions:
        if one.line != one.end_line and not one.heredocs:
            yield Piece(one.value_span.start, one.value_span.end, one.value)


def _in_words(model: Model, pattern: re.Pattern[str], text: str) -> Iterator[Piece]:
    for one in model.dockerfile.instructions:
        if "'" in one.text or one.heredocs or "\\$" in one.text or "awk" in one.text:
            continue
        start, end = one.span.start, one.span.end
        for found in pattern.finditer(model.source.text, start, end):
            yield Piece(found.start(), found.end(), found.expand(text))


def braces_added(model: Model) -> Iterator[Piece]:
    """`$NAME` as `${NAME}`."""
    return _in_words(model, _NAME, r"${\1}")


def braces_removed(model: Model) -> Iterator[Piece]:
    """`${NAME}` as `$NAME`."""
    return _in_words(model, _IN_BRACES, r"$\1")


def json_spaced(model: Model) -> Iterator[Piece]:
    """Blanks in a JSON form where there were none, and none where there were."""
    for one in model.dockerfile.instructions:
        words = one.exec_form
        if not words:
            continue
        written = [model.source.cut(word.span) for word in words]
        tight, wide = f"[{','.join(written)}]", f"[ {', '.join(written)} ]"
        start = one.value_span.end - len(model.source.text[one.value_span.start : one.value_span.end].lstrip())
        begin = model.source.text.index("[", start)
        if begin < words[0].span.start and model.source.text[words[-1].span.end : one.value_span.end].strip() == "]":
            now = model.source.text[begin : one.value_span.end]
            yield Piece(begin, one.value_span.end, tight if now != tight else wide)
