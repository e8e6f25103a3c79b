"""Branches and loops of a template, on lines of their own: Handlebars, Mustache, Go, Jinja, ERB."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.dockerfile.nodes import Instruction

_OPENS = re.compile(
    r"\{\{[~-]?[ \t]*(?:[#^]|(?:if|range|with|block)\b)|\{%[+-]?[ \t]*(?:if|for|block|macro|raw)\b"
    r"|<%-?[ \t]*(?:if|unless|for)\b|<%[^%\n]{0,200}(?:\bdo\b[^%\n]{0,100}|\{[ \t]*)-?%>"
)
_CLOSES = re.compile(r"\{\{[~-]?[ \t]*(?:/|end\b)|\{%[+-]?[ \t]*end|<%-?[ \t]*(?:end\b|\})")


def branch_lines(instructions: Iterable[Instruction]) -> frozenset[int]:
    """Return the lines of a template that stand in a branch or a loop, its own marks among them.

    Which of them the file that Docker reads has, and how often, only the program that fills it in knows. What is never
    closed ends with the last mark.
    """
    found: set[int] = set()
    first, depth, last = 0, 0, 0
    for instruction in instructions:
        text = instruction.source.text
        opens, at = _OPENS.match(text, instruction.span.start), instruction.span.start
        if opens is None and not (depth and _CLOSES.match(text, at)):
            continue
        first = first if depth else instruction.line
        closed = _CLOSES.search(text, at, instruction.span.end) is not None  # `{{#if x}}USER app{{/if}}` as well
        depth += (opens is not None) - closed
        last = instruction.end_line
        if not depth:
            found.update(range(first, last + 1))
    if depth:
        found.update(range(first, last + 1))
    return frozenset(found)
