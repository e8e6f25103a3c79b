"""Blanks that another program fills in before Docker reads the file: Jinja, Go, ERB, Maven, `%%NAME%%`, `@NAME@`."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.dockerfile.nodes import Instruction
    from rules.dockerfile.source import Source, Span

_BLANK = re.compile(
    r"\{\{[^{}]{1,200}+\}\}|\{%[^%]{1,200}+%\}|<%[^%]{1,200}+%>|%%\w{1,100}+%%|(?<!\w)@\w{1,100}+@|"
    r"\$\{\w{1,100}+\.[\w.-]{1,100}+\}"
)
"""The last is a property, `${project.version}`: no variable of a Dockerfile has a dot in its name."""
_MARKS = ("{{", "{%", "<%", "%%", "@", "${")
"""One of these begins a blank: to look for them takes less time than the pattern."""
_SHELL = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK", "LABEL", "RUN"})
"""Here braces may be meant as they stand: `docker inspect --format '{{.Id}}'`."""
_NAME = re.compile(r"\{\{-?[ \t]*+(?!(?:end|else|break|continue)\b)[A-Za-z_][\w.]{0,100}+[ \t]*+-?\}\}")
"""A blank that a name fills in, as Jinja writes it: what Go's templates fill in begins with a dot or a dollar sign."""
_VALUE = re.compile(
    r"%%\w{1,100}+%%|@\w{1,100}+@|\$\{\w{1,100}+\.[\w.-]{1,100}+\}|"
    r"\{\{[ \t]*+(?!(?:end|else)\b)[\w.]{1,100}+[ \t]*+\}\}"
)
"""A blank that a single value fills: no condition, and no loop over lines."""


def blank_of(instruction: Instruction) -> str | None:
    """Return the first blank in an instruction's flags and value, as written."""
    # A blank with white space in it ends the flag, and goes on in the value.
    text = " ".join([*(flag.value or "" for flag in instruction.flags), instruction.value])
    found = _BLANK.search(text) if any(mark in text for mark in _MARKS) else None
    return found[0] if found is not None else None


def blank_at(source: Source, offset: int) -> str | None:
    """Return the blank that begins at a place of a file, as written."""
    found = _BLANK.match(source.text, offset)
    return found[0] if found is not None else None


def is_filled_in(instruction: Instruction) -> bool:
    """Whether what an instruction says is only known when its blanks are filled in."""
    return instruction.keyword not in _SHELL and blank_of(instruction) is not None


def has_name_to_fill_in(text: str) -> bool:
    """Whether a text of shell code has a blank, `{{ project_name }}`, which a shell would take for words."""
    return "{{" in text and _NAME.search(text) is not None


def sure_places(instruction: Instruction) -> tuple[Span, ...]:
    """Return the places in an instruction with blanks that say the same whatever fills these: pairs of ENV and ARG.

    Returns:
        The pairs that hold no blank, in order; none where a blank stands outside a value, and may bring pairs itself.
    """
    if instruction.keyword not in ("ENV", "ARG"):
        return ()
    pairs = [(name.span.start, value.span) for name, value in instruction.pairs if value is not None]
    starts = [value.start for _, value in pairs]
    filled = set()
    for blank in _BLANK.finditer(instruction.source.text, instruction.span.start, instruction.span.end):
        at = bisect_right(starts, blank.start()) - 1
        if at < 0 or blank.end() > pairs[at][1].end or not _VALUE.fullmatch(blank[0]):
            return ()
        filled.add(at)
    return tuple(
        instruction.source.span(start, value.end) for at, (start, value) in enumerate(pairs) if at not in filled
    )
