"""Check the variables and quotes in the words that the builder expands (BuildKit's `shell/lex.go`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.expand import UNKNOWN, expansion_fault, refused_expansion
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

_IN_FLAGS = {"ADD": ("checksum", "chmod", "chown"), "COPY": ("chmod", "chown"), "FROM": ("platform",)}
_QUOTES = {ord("'"): "_", ord('"'): "_"}
_IN_BRACES = re.compile(r"\$\{[^}\n]*+\}?")

_TEMPLATE_OPTION = "${templateOption:"
"""A blank of a dev container template (containers.dev, "Dev Container Templates"), filled in before Docker reads it."""

_CLEARER = dict.fromkeys(
    ("unsupported modifier () in substitution", "unsupported modifier (\n) in substitution"),
    "the closing brace is missing",
)
"""BuildKit's words where they hide what is wrong."""


def expansion_faults(instruction: Instruction) -> Iterator[SyntaxFault]:
    """Yield the words that BuildKit refuses to expand: a brace or a quote that does not close, an unknown modifier."""
    keyword = instruction.keyword
    if instruction.heredocs and keyword in ("ADD", "COPY"):
        yield from _body_faults(instruction)
    for flag in instruction.flags:
        value = flag.value or ""
        if "$" in value and flag.name in _IN_FLAGS.get(keyword, ()):
            yield from _word_fault(Word(value, flag.value_span), f"--{flag.name}", instruction.escape)
    is_fine = _CHECKS.get(keyword)
    if is_fine is None or is_fine(instruction.value):
        return
    for word in _expanded(instruction):
        yield from _word_fault(word, keyword, instruction.escape)


def _word_fault(word: Word, place: str, escape: str) -> Iterator[SyntaxFault]:
    reason = expansion_fault(word.text, _unknown, escape)
    if reason is not None and _TEMPLATE_OPTION not in word.text:
        why = _CLEARER.get(reason, reason)
        yield fault(f"The builder cannot expand {quote(word.text)} in `{place}`: {why}.", word.span)


def _body_faults(instruction: Instruction) -> Iterator[SyntaxFault]:
    """Yield the expansion in each here-document that BuildKit refuses; quotes mean nothing there.

    The escape character is the backslash in every file.
    """
    source = instruction.source
    for heredoc in instruction.heredocs:
        if not heredoc.expands or "${" not in heredoc.body:
            continue
        body = source.cut(heredoc.body_span)
        refused = refused_expansion(body.translate(_QUOTES))
        if refused is None or body.startswith(_TEMPLATE_OPTION, refused[0]):
            continue
        start, reason = refused
        found = _IN_BRACES.match(body, start)
        written = found[0] if found else ""
        why = _CLEARER.get(reason, reason)
        opener = quote(f"<<'{heredoc.name}'")
        begin = heredoc.body_span.start + start
        yield fault(
            f"The builder fills in variables here and cannot expand {quote(written)}: {why}. "
            f"To copy the text as it stands, put the delimiter in quotes: {opener}.",
            source.span(begin, begin + len(written)),
        )


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
