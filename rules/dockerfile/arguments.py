"""An instruction's arguments: words, JSON arrays, names and values, and what the shell gets to read.

Each follows the line parser that BuildKit has for the instruction (`frontend/dockerfile/parser/line_parsers.go`).
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from rules.dockerfile.nodes import Word
from rules.dockerfile.pieces import SPACE, Pieces, before_escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.nodes import Instruction

BLANKS = "\t\v\f\r "
"""What separates a keyword from its arguments, and the arguments of most instructions (`reWhitespace`)."""

_STRING = r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"'
_GAP = r"[ \t\r\n]*+"
_ARRAY = re.compile(rf"\[{_GAP}(?:{_STRING}{_GAP}(?:,{_GAP}{_STRING}{_GAP})*+)?\](?!\s*[&|;])")
_EACH_STRING = re.compile(_STRING)
_BLANK_SEPARATED = re.compile(f"[^{BLANKS}]+")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_HEALTHCHECK_TYPE = re.compile(r"\S+\s*", re.ASCII)

HAS_JSON_FORM = frozenset({"ADD", "CMD", "COPY", "ENTRYPOINT", "HEALTHCHECK", "RUN", "SHELL", "VOLUME"})
"""Instructions whose value may be a JSON array."""
_SPLIT_AT_BLANKS = frozenset({"ADD", "COPY", "EXPOSE", "FROM", "VOLUME"})
_ONE_ARGUMENT = frozenset({"MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR"})
_NAMED = frozenset({"ARG", "ENV", "LABEL"})


def is_string_array(text: str) -> bool:
    """Tell whether a value is a JSON array of strings, which makes the exec form.

    What follows the array is dropped by BuildKit, until releases of 2024 that take such a value for shell form;
    where a shell operator follows, as in `[ "$x" ] && make`, no author meant an array.
    """
    return text.startswith("[") and _ARRAY.match(text) is not None


def split_words(instruction: Instruction) -> tuple[Word, ...]:
    """Split an instruction's value as BuildKit does.

    The strings of a JSON form, decoded; else at blanks for the instructions that know no quotes (ADD, COPY, EXPOSE,
    FROM, VOLUME), not at all for those with one argument (MAINTAINER, STOPSIGNAL, USER, WORKDIR), and at
    white space outside quotes for all others. HEALTHCHECK keeps its type as the first word.
    """
    strings = instruction.exec_form
    keyword, value = instruction.keyword, instruction.value
    if strings is not None:
        kind = value[: command_start(instruction)].rstrip()
        return (*_cut(instruction, [(0, len(kind))]), *strings) if kind else strings
    if keyword in _ONE_ARGUMENT:
        return (Word(value, instruction.value_span),) if value else ()
    if keyword in _SPLIT_AT_BLANKS:
        return _cut(instruction, [match.span() for match in _BLANK_SEPARATED.finditer(value)])
    return _cut(instruction, _quoted_words(value, instruction.escape))


def json_words(instruction: Instruction) -> tuple[Word, ...] | None:
    """Return the strings of the exec form, decoded, or `None` for any other form."""
    if instruction.keyword not in HAS_JSON_FORM:
        return None
    value, start = instruction.value, command_start(instruction)
    array = _ARRAY.match(value, start)
    if array is None:
        return None
    span = value_pieces(instruction).span
    strings = _EACH_STRING.finditer(value, start, array.end())
    return tuple([Word(_decoded(match[0]), span(*match.span())) for match in strings])


def name_value_pairs(instruction: Instruction) -> tuple[tuple[Word, Word | None], ...]:
    """Return the names and values of ENV, LABEL and ARG; no pairs for any other instruction.

    A word that begins with `#` ends them. BuildKit takes it and what follows for more of them, but the author for a
    comment, so that no name in it is meant. Where BuildKit refuses that word (ENV, LABEL), it is the last of them.
    """
    value = instruction.value
    if instruction.keyword not in _NAMED or not value:
        return ()
    places = _quoted_words(value, instruction.escape)
    if instruction.keyword != "ARG" and places and "=" not in value[slice(*places[0])]:
        return (_legacy_pair(instruction),)
    span = value_pieces(instruction).span
    pairs: list[tuple[Word, Word | None]] = []
    for start, end in places:
        equals = value.find("=", start, end)
        if value[start] == "#" and pairs:
            if equals < 0 and instruction.keyword != "ARG":
                pairs.append((Word(value[start:end], span(start, end)), None))
            break
        if equals < 0:
            pairs.append((Word(value[start:end], span(start, end)), None))
            continue
        name = Word(value[start:equals], span(start, equals))
        pairs.append((name, Word(value[equals + 1 : end], span(equals + 1, end))))
    return tuple(pairs)


def command_start(instruction: Instruction) -> int:
    """Return where in the value the command begins: behind the type of a HEALTHCHECK, else at 0."""
    if instruction.keyword != "HEALTHCHECK":
        return 0
    match = _HEALTHCHECK_TYPE.match(instruction.value)
    return match.end() if match else 0


def value_pieces(instruction: Instruction) -> Pieces:
    """Return where the characters of an instruction's value stand in the file."""
    start, end, line, end_line, column = instruction.value_span
    if line == end_line:
        return Pieces((0,), (start,), (line,), (column,))
    inner, outer, lines, columns = [], [], [], []
    size = 0
    for number, (offset, row, kind) in enumerate(_rows(instruction.source.text, start, end), line):
        if kind == _LEFT_OUT:
            continue
        kept = row if kind == _LAST else before_escape(row, instruction.escape) or ""
        inner.append(size)
        outer.append(offset)
        lines.append(number)
        columns.append(1 if offset > start else column)
        size += len(kept)
    return Pieces(tuple(inner), tuple(outer), tuple(lines), tuple(columns))


# Where the shell must not read what stands in the file: behind a line break without a backslash (blanks behind it, a
# blank line) or with two, and in a comment line.
_UNEVEN = re.compile(rf"\n(?:(?<!\\\n)|(?<=\\\\\n)|[{SPACE}]*+#)")

_LAST, _CONTINUED, _LEFT_OUT = range(3)


def _rows(text: str, start: int, end: int) -> Iterator[tuple[int, str, int]]:
    """Yield each line of a value: its offset, its text without LF, and what it is."""
    offset = start
    while offset < end:
        stop = text.find("\n", offset, end)
        if stop < 0:
            yield offset, text[offset:end], _LAST
            return
        row = text[offset:stop]
        left_out = offset > start and (not (kept := row.strip(SPACE)) or kept[0] == "#")
        yield offset, row, _LEFT_OUT if left_out else _CONTINUED
        offset = stop + 1


def shell_view(instruction: Instruction) -> tuple[str, int]:
    """Return what the shell reads, at the file's own offsets, and the offset where it begins.

    The text is as long as the slice of the file that it stands for, from the command's first character to its
    last one: keyword, flags, the type of a HEALTHCHECK and here-document bodies are not part of it. Comment
    lines and blank lines inside continuations become spaces and a backslash, the continuation character becomes a
    backslash as the line's last character, so that bash joins the same lines as BuildKit.
    """
    first = command_start(instruction)
    start, end = instruction.value_span.start, instruction.value_span.end
    if first:
        start = value_pieces(instruction).span(first, first).start if first < len(instruction.value) else end
    text = instruction.source.text
    whole = text[start:end]
    if "\n" not in whole or (instruction.escape == "\\" and not _UNEVEN.search(whole)):
        return whole, start
    view: list[str] = []
    for _, row, kind in _rows(text, start, end):
        if kind == _LAST:
            view.append(row)
        elif kind == _CONTINUED:
            kept = before_escape(row, instruction.escape) or ""
            view.append(kept + "\\".rjust(len(row) - len(kept)) + "\n")
        else:
            # A line without a single character has no room for a backslash: it joins the next one.
            view.append("\\\n".rjust(len(row) + 1) if row else " ")
    return "".join(view), start


@lru_cache(maxsize=2)
def _word_pattern(escape: str) -> re.Pattern[str]:
    """Return the pattern of a word with quotes.

    Double quotes and bare text know escapes, single quotes do not; an escape at the very end belongs to no word.
    """
    mark = re.escape(escape)
    double = rf'"(?:[^"{mark}]|{mark}.)*+"?'
    return re.compile(rf"(?:[^{SPACE}'\"{mark}]|{mark}.|'[^']*+'?|{double})++", re.DOTALL)


def _quoted_words(value: str, escape: str) -> list[tuple[int, int]]:
    """Return the places of a value's words, split at white space outside quotes (`parseWords`)."""
    return [match.span() for match in _word_pattern(escape).finditer(value)]


def _cut(instruction: Instruction, places: list[tuple[int, int]]) -> tuple[Word, ...]:
    """Return the words at these places of the value."""
    value, span = instruction.value, value_pieces(instruction).span
    return tuple([Word(value[start:end], span(start, end)) for start, end in places])


def _legacy_pair(instruction: Instruction) -> tuple[Word, Word | None]:
    """Read `ENV name the whole rest`."""
    value, span = instruction.value, value_pieces(instruction).span
    match = _BLANK_SEPARATED.match(value)
    stop = match.end() if match else len(value)
    rest = stop
    while rest < len(value) and value[rest] in BLANKS:
        rest += 1
    name = Word(value[:stop], span(0, stop))
    if rest == len(value):
        return name, None
    return name, Word(value[rest:], span(rest, len(value)))


def _decoded(string: str) -> str:
    """Decode a JSON string; like Go, a lone surrogate becomes the replacement character."""
    text = json.loads(string) if "\\" in string else string[1:-1]
    assert isinstance(text, str)
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)
