"""Quotes, escapes and variables in the words of an instruction, as BuildKit's shell lexer reads them.

The reference is BuildKit's `frontend/dockerfile/shell/lex.go` and the section "Environment replacement" of
the Dockerfile reference. On top comes *unknown*: a variable whose value only the build knows. It spreads to
every word that needs it, and to no word that does not: `${X:+}` is empty whatever `X` is.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from rules.dockerfile.lexer import ExpansionError, Lexer, Variable
from rules.dockerfile.shell.collected_words import Words
from rules.dockerfile.unknown import NOT_GIVEN, UNKNOWN, Unknown

if TYPE_CHECKING:
    from rules.dockerfile.lexer import Lookup

__all__ = [
    "NOT_GIVEN",
    "UNKNOWN",
    "Unknown",
    "Variable",
    "expand",
    "expand_words",
    "expansion_fault",
    "refused_expansion",
    "variables",
]

_MOST_TRIED = 50
"""Expansions that are tried to find the one that does not close."""

_NEEDS_WORK = re.compile(r"[$'\"\\`]").search


def expand(word: str, lookup: Lookup, escape: str = "\\") -> str | None:
    """Remove quotes and escapes from a word and put in the values of its variables.

    Args:
        word: A word as written in an instruction.
        lookup: Gives a variable's value, `None` where it is not set, `UNKNOWN` where only the build knows it.
        escape: The file's escape character, a backslash or a backtick.

    Returns:
        The text that BuildKit would use, or `None` where it is unknown: it depends on an unknown value, or
        BuildKit refuses the word (`expansion_fault` says why).
    """
    if not _NEEDS_WORK(word):
        return word
    try:
        return Lexer(word, lookup, escape).text_until("")
    except ExpansionError:
        return None


def expand_words(word: str, lookup: Lookup, escape: str = "\\") -> list[str] | None:
    """Expand a text that BuildKit splits at white space afterwards, such as the ports of `EXPOSE`.

    Quoted and escaped white space does not split, white space from an unquoted variable does.

    Returns:
        The words, none of them empty, or `None` as for `expand`.
    """
    lexer = Lexer(word, lookup, escape)
    words = Words()
    try:
        text = lexer.text_until("", words=words)
    except ExpansionError:
        return None
    return None if text is None else words.all()


def expansion_fault(word: str, lookup: Lookup, escape: str = "\\") -> str | None:
    """Return why BuildKit refuses a word, in its words, or `None` where it takes it."""
    try:
        Lexer(word, lookup, escape).text_until("")
    except ExpansionError as fault:
        return str(fault)
    return None


def refused_expansion(text: str, escape: str = "\\") -> tuple[int, str] | None:
    """Return where the expansion in braces stands that BuildKit refuses, and why; `None` where it takes the text.

    Returns:
        Offset of its dollar, and the reason in BuildKit's words.
    """
    lexer = Lexer(text, lambda _: UNKNOWN, escape)
    try:
        lexer.text_until("")
    except ExpansionError as fault:
        end, reason = lexer.at, str(fault)
    else:
        return None
    start = text.rfind("${", 0, end)
    for _ in range(_MOST_TRIED):
        if start <= 0 or expansion_fault(text[start:], lambda _: UNKNOWN, escape) is not None:
            break
        start = text.rfind("${", 0, start)
    return max(start, 0), reason


def variables(word: str, escape: str = "\\") -> tuple[Variable, ...]:
    """Return the variables that a word uses, also inside defaults and patterns, in the order of the word.

    What follows a syntax error is not read.
    """
    if "$" not in word:
        return ()
    lexer = Lexer(word, lambda _: UNKNOWN, escape)
    with suppress(ExpansionError):  # the variables up to the fault have been seen
        lexer.text_until("")
    return tuple(sorted(lexer.variables, key=lambda variable: variable.start))
