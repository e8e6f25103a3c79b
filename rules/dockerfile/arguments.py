"""An instruction's arguments: words, JSON arrays, names and values, and what the shell gets to read.

Each follows the line parser that BuildKit has for the instruction (`frontend/dockerfile/parser/line_parsers.go`).
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from rules.dockerfile.nodes import Word
from rules.dockerfile.pieces import SPACE, Pieces, ends_in_escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.nodes import Instruction

BLANKS = "\t\v\f\r "
"""What separates a keyword from its arguments, and the arguments of most instructions (`reWhitespace`)."""

_STRING = r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"'
_GAP = r"[ \t\r\n]*+"
_ARRAY = re.compile(rf"\[{_GAP}(?:{_STRING}{_GAP}(?:,{_GAP}{_STRING}{_GAP})*+)?\]{_GAP}")
_EACH_STRING = re.compile(_STRING)
_BLANK_SEPARATED = re.compile(f"[^{BLANKS}]+")
_LONE_SURROGATE = re.compile("[\ud800-\udbff]")

_HAS_JSON_FORM = frozenset({"ADD", "CMD", "COPY", "ENTRYPOINT", "HEALTHCHECK", "RUN", "SHELL", "VOLUME"})
_SPLIT_AT_BLANKS = frozenset({"ADD", "COPY", "EXPOSE", "FROM", "VOLUME"})
_ONE_ARGUMENT = frozenset({"MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR"})
_NAMED = frozenset({"ARG", "ENV", "LABEL"})


def is_string_array(text: str) -> bool:
    """Tell whether a value is a JSON array of strings, which makes the exec form."""
    return text.startswith("[") and _ARRAY.fullmatch(text) is not None


def split_words(instruction: Instruction) -> tuple[Word, ...]:
    """Split an instruction's value as BuildKit does.

    The strings of a JSON form, decoded; else at blanks for the instructions that know no quotes (ADD, COPY, EXPOSE,
    FROM, VOLUME), not at all for those with one argument (MAINTAINER, STOPSIGNAL, USER, WORKDIR), and at
    white space outside quotes for all others.
    """
    strings = json_words(instruction)
    if strings is not None:
        return _words(instruction, _health_type(instruction)) + strings
    keyword, value = instruction.keyword, instruction.value
    if keyword in _ONE_ARGUMENT:
        return (Word(value, instruction.value_span),) if value else ()
    if keyword in _SPLIT_AT_BLANKS:
        return _words(instruction, (match.span() for match in _BLANK_SEPARATED.finditer(value)))
    return _words(instruction, _shell_words(value, instruction.escape))


def json_words(instruction: Instruction) -> tuple[Word, ...] | None:
    """Return the strings of the exec form, decoded, or `None` for any other form."""
    value = instruction.value
    if instruction.keyword not in _HAS_JSON_FORM or not value.endswith("]"):
        return None
    start = value.find("[") if instruction.keyword == "HEALTHCHECK" else 0
    if start < 0 or not is_string_array(value[start:]):
        return None
    if instruction.keyword == "HEALTHCHECK" and len(value[:start].split()) != 1:
        return None
    pieces = value_pieces(instruction)
    source = instruction.source
    return tuple(
        Word(_decoded(match[0]), pieces.span(source, *match.span()))
        for match in _EACH_STRING.finditer(value, start)
    )


def name_value_pairs(instruction: Instruction) -> tuple[tuple[Word, Word | None], ...]:
    """Return the names and values of ENV, LABEL and ARG; no pairs for any other instruction."""
    if instruction.keyword not in _NAMED or not instruction.words:
        return ()
    if instruction.keyword != "ARG" and "=" not in instruction.words[0].text:
        return (_legacy_pair(instruction),)
    return tuple(_pair(instruction, word) for word in instruction.words)
