"""Find the here-documents an instruction opens, as BuildKit does.

BuildKit splits the joined line into shell words, quotes and escapes kept, and takes each word of the form
`[fd]<<[-]name` for a here-document (`heredocsFromLine` in `frontend/dockerfile/parser/parser.go`). A line whose
quotes or braces do not match has none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.arguments import BLANKS, is_string_array
from rules.dockerfile.flags import split_flags
from rules.dockerfile.pieces import SPACE

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 50
"""Expansions inside expansions that are followed; nobody writes ten, and BuildKit's own limit is its stack."""

_OWNERS = frozenset({"ADD", "COPY", "RUN"})
_KEYWORD = re.compile(f"[^{BLANKS}]+")
_OPENER = re.compile(r"([0-9]*)<<(-?)([\t\n\f\r ]*)([^<]*)", re.DOTALL)
_BLANKS = re.compile(f"[{SPACE}]+")
_SPECIAL = re.compile(r"""['"\\$]""")
_PLAIN_WORD = re.compile(rf"(?:[^{SPACE}<]++|<<[\t ]*+|<)++")
_PART = re.compile(
    r"""(?P<plain>[^'"\\$<]++)|(?P<single>(?:'[^']*+')++)|(?P<escaped>(?:\\.)++|\\)|(?P<opener>(?:<<[\t ]*+)++|<)""",
    re.DOTALL,
)
_INNER = re.compile(r"(?:[^'\"\\$}/]|\\.)++", re.DOTALL)
_INNER_QUOTED = re.compile(r'(?:[^"\\$]|\\["$\\]|\\)++')
_SINGLE = re.compile(r"'[^']*+'")
_EXPANSION = re.compile(r"(?![{}:])(?>[0-9]+|[@*#?$!-]|\w*)(?P<operator>:(?![#%])|[}+?#%/-])", re.DOTALL)
_NAME_PART = re.compile(r"""'(?P<single>[^']*+)'|"(?P<double>(?:[^"\\]|\\.)*+)"|\\(?P<escaped>.?)""", re.DOTALL)
_DOUBLE_ESCAPE = re.compile(r'\\(["\\$])')


class Opener(NamedTuple):
    """What opens a here-document.

    Attributes:
        name: The delimiter without quotes.
        expands: Whether variables in the body are expanded.
        strips_tabs: Whether it is written `<<-`.
        fd: File descriptor written before `<<`; 0 when none.
        spaced: Whether blanks stand between `<<` and the name, which older releases of BuildKit do not take.
    """

    name: str
    expands: bool
    strips_tabs: bool
    fd: int
    spaced: bool


class _UnmatchedError(Exception):
    """Quotes or braces do not match."""


def openers(line: str, escape: str) -> Iterator[Opener]:
    """Yield the here-documents that a joined line opens, in order.

    Args:
        line: The joined instruction, keyword included.
        escape: The file's escape character.
    """
    value = _owners_value(line, escape)
    if value is None or is_string_array(value):
        return
    try:
        words = _words(line)
    except _UnmatchedError:
        return
    for word in words:
        found = opener(word) if "<<" in word else None
        if found:
            yield found


def _owners_value(line: str, escape: str) -> str | None:
    """Return the value of the instruction that may open here-documents, also behind ONBUILD; `None` without one."""
    at = 0
    for may_trigger in (True, False):
        keyword = _KEYWORD.match(line, at)
        if keyword is None:
            return None
        at = split_flags(line, keyword.end(), escape)[1]
        at += len(line[at:]) - len(line[at:].lstrip(SPACE))
        if keyword[0].upper() in _OWNERS:
            return line[at:]
        if not may_trigger or keyword[0].upper() != "ONBUILD":
            return None
    return None


def opener(word: str) -> Opener | None:
    """Read one shell word; `None` when it opens no here-document."""
    match = _OPENER.fullmatch(word)
    if match is None:
        return None
    fd, dash, space, rest = match.groups()
    # Go's text scanner passes over a byte order mark at its start.
    name = _NAME_PART.sub(_unquoted, rest.removeprefix("\ufeff"))
    if not name:
        return None
    expands = sum(map(rest.count, "'\"")) == sum(map(name.count, "'\""))
    return Opener(name, expands, bool(dash), int(fd[:9] or 0), bool(space))


def _unquoted(match: re.Match[str]) -> str:
    """Return a quoted or escaped part of a delimiter as BuildKit reads it."""
    match match.lastgroup:
        case "single":
            return match["single"]
        case "double":
            return _DOUBLE_ESCAPE.sub(r"\1", match["double"])
        case _:
            return match["escaped"]


def _words(line: str) -> list[str]:
    """Split a line into shell words, quotes and escapes kept."""
    if not _SPECIAL.search(line):
        return _PLAIN_WORD.findall(line)
    words: list[list[str]] = [[]]
    for text, splits in _parts(line):
        first, *rest = _BLANKS.split(text) if splits else (text,)
        words[-1].append(first)
        words.extend([piece] for piece in rest)
    return [word for parts in words if (word := "".join(parts))]


def _parts(line: str) -> Iterator[tuple[str, bool]]:
    """Yield a line's pieces, and whether white space in them ends a word."""
    at = 0
    while at < len(line):
        match = _PART.match(line, at)
        if match:
            yield match[0], match.lastgroup == "plain"
            at = match.end()
            continue
        end = _behind(line, at, 0)
        yield line[at:end], line[at] == "$"
        at = end


def _behind(line: str, at: int, depth: int) -> int:
    """Return the offset behind the quotation or expansion that begins at an offset."""
    match line[at]:
        case "'":
            quoted = _SINGLE.match(line, at)
            if quoted is None:
                raise _UnmatchedError
            return quoted.end()
        case '"':
            return _closed(line, at + 1, '"', depth)
        case "$" if line.startswith("{", at + 1):
            return _expansion(line, at + 2, depth)
        case _:
            return at + 1


def _expansion(line: str, at: int, depth: int) -> int:
    """Return the offset behind an expansion in braces; BuildKit gives up on those that only bash knows."""
    match = _EXPANSION.match(line, at)
    if match is None:
        raise _UnmatchedError
    end = match.end()
    match match["operator"]:
        case "}":
            return end
        case "/":
            pattern = end + line.startswith("/", end)
            return _closed(line, _closed(line, pattern, "/", depth), "}", depth)
        case _:
            return _closed(line, end, "}", depth)


def _closed(line: str, at: int, stop: str, depth: int) -> int:
    """Return the offset behind the stop character that closes a quotation or an expansion."""
    if depth > _DEEPEST:
        raise _UnmatchedError
    inner = _INNER_QUOTED if stop == '"' else _INNER
    while at < len(line):
        if line[at] == stop:
            return at + 1
        plain = inner.match(line, at)
        at = plain.end() if plain else _behind(line, at, depth + 1)
    raise _UnmatchedError
