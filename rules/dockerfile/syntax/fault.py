"""How a fault is put: where it stands, what stands there, what is expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules import quoting
from rules.dockerfile.nodes import SyntaxFault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.dockerfile.nodes import Doubt, Flag, Instruction
    from rules.dockerfile.source import Span


def fault(message: str, span: Span, suggestion: str | None = None, *, doubt: Doubt | None = None) -> SyntaxFault:
    """Return an `invalid-syntax` fault; the suggestion replaces the text at the span."""
    return SyntaxFault("invalid-syntax", message, span, suggestion, doubt)


def at_keyword(instruction: Instruction, message: str) -> SyntaxFault:
    """Return a fault of a whole instruction."""
    return fault(message, instruction.keyword_span)


def at_value(instruction: Instruction, message: str) -> SyntaxFault:
    """Return a fault of everything behind the keyword and the flags."""
    return fault(message, instruction.value_span)


def flag_name_span(instruction: Instruction, flag: Flag) -> Span:
    """Return the place of a flag's name without its dashes; the whole flag where the name is quoted."""
    start = flag.span.start + 2
    end = start + len(flag.name)
    if instruction.source.text[start:end] != flag.name:
        return flag.span
    return instruction.source.span(start, end)


def listed(names: Iterable[str]) -> str:
    """Return names as a list in words: `a`, `b` and `c`."""
    return quoting.listed((f"`{name}`" for name in names), None)
