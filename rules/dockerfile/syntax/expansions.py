"""Check the variables and quotes in the words that the builder expands (BuildKit's `shell/lex.go`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.expand import UNKNOWN, expansion_fault
from rules.dockerfile.nodes import Word
from rules.dockerfile.syntax.fault import fault
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.nodes import Instruction, SyntaxFault
    from rules.dockerfile.unknown import Unknown

_IN_PAIRS = frozenset({"ARG", "ENV", "LABEL"})
_IN_WORDS = frozenset({"ADD", "COPY", "EXPOSE", "VOLUME"})
_IN_ONE_TEXT = frozenset({"STOPSIGNAL", "USER", "WORKDIR"})

# Texts that nothing can be wrong with, as most are: plain variables, and quotes that close in the word that opens them.
_VARIABLE = r"\$[A-Za-z_]\w*+|\$\{[A-Za-z_]\w*+\}"
_QUOTED = rf"'[^']*+'|\"(?:[^$\"\\`]|{_VARIABLE})*+\""
_BARE = rf"(?:[^$'\"\\`]|{_VARIABLE})*+"
_PAIR = rf"[\w./-]++(?:=(?:[^$'\"\\`\s]|{_VARIABLE}|{_QUOTED})*+)?"
_IS_BARE = re.compile(_BARE).fullmatch
_IS_FINE = re.compile(rf"(?:[^$'\"\\`]|{_VARIABLE}|{_QUOTED})*+").fullmatch
_ARE_PAIRS = re.compile(rf"{_PAIR}(?:\s++{_PAIR})*+|{_BARE}").fullmatch
_CHECKS = {
    **dict.fromkeys(_IN_PAIRS, _ARE_PAIRS),
    **dict.fromkeys(_IN_ONE_TEXT, _IS_FINE),
    **dict.fromkeys(_IN_WORDS | {"FROM"}, _IS_BARE),
}

_TEMPLATE_OPTION = "${templateOption:"
"""A blank of a dev container template (containers.dev, "Dev Container Templates"), filled in before Docker reads it."""

_CLEARER = {"unsupported modifier () in substitution": "the closing brace is missing"}
"""BuildKit's words where they hide what is wrong."""


def expansion_faults(instruction: Instruction) -> Iterator[SyntaxFault]:
    """Yield the words that BuildKit refuses to expand: a brace or a quote that does not close, an unknown modifier."""
    is_fine = _CHECKS.get(instruction.keyword)
    if is_fine is None or is_fine(instruction.value):
        return
    for word in _expanded(instruction):
        reason = expansion_fault(word.text, _unknown, instruction.escape)
        if reason is not None and _TEMPLATE_OPTION not in word.text:
            why = _CLEARER.get(reason, reason)
            message = f"The builder cannot expand {quote(word.text)} in `{instruction.keyword}`: {why}."
            yield fault(message, word.span)


def _expanded(instruction: Instruction) -> Iterator[Word]:
    keyword = instruction.keyword
    if keyword in _IN_PAIRS:
        for name, value in instruction.pairs:
            yield name
            if value is not None:
                yield value
    elif keyword in _IN_WORDS:
        yield from instruction.words
    elif keyword == "FROM":
        yield from instruction.words[:1]
    elif keyword in _IN_ONE_TEXT:
        yield Word(instruction.value, instruction.value_span)


def _unknown(_: str) -> Unknown:
    """Leave every value open: what an expansion needs is no matter of syntax."""
    return UNKNOWN
