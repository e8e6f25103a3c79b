"""Find the here-documents an instruction opens, as BuildKit does.

BuildKit splits the joined line into shell words, quotes and escapes kept, and takes each word of the form
`[fd]<<[-]name` for a here-document (`heredocsFromLine` in `frontend/dockerfile/parser/parser.go`). A line whose
quotes or braces do not match has none.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rules.dockerfile.arguments import SPACES, is_string_array, split_flags

_DEEPEST = 50
"""Expansions inside expansions that are followed; nobody writes ten, and BuildKit's own limit is its stack."""

_OWNER = re.compile(rf"(?:ONBUILD[{SPACES}]+)?(?:RUN|COPY|ADD)(?=[{SPACES}])", re.IGNORECASE)
_OPENER = re.compile(r"([0-9]*)<<(-?)([\t\n\f\r ]*)([^<]*)", re.DOTALL)
_TOKEN = re.compile(
    rf"""(?P<plain>[^{SPACES}'"\\$<]++)
       | (?P<space>[{SPACES}]++)
       | (?P<escaped>\\.?)
       | (?P<single>'[^']*+')
       | (?P<double>")
       | (?P<opener><<[\t ]*+)
       | (?P<dollar>\$\{{?)
       | (?P<less><)
       | (?P<broken>')""",
    re.VERBOSE | re.DOTALL,
)
_IN_DOUBLE = re.compile(r'(?:[^"\\$]|\\["\\$]|\\|\$(?!\{))*+', re.DOTALL)
_IN_BRACES = re.compile(r"""(?:[^'"\\$}]|\\.?|\$(?!\{)|'[^']*+')*+""", re.DOTALL)
_NAME_PART = re.compile(r"""'(?P<single>[^']*+)'|"(?P<double>(?:[^"\\]|\\.)*+)"|\\(?P<escaped>.?)""", re.DOTALL)
_DOUBLE_ESCAPE = re.compile(r'\\(["\\$])')


class Opener(NamedTuple):
    """What opens a here-document.

    Attributes:
        name: The delimiter without quotes.
        expands: Whether variables in the body are expanded.
        strips_tabs: Whether it is written `<<-`.
        fd: File descriptor written before `<<`; 0 when none.
        spaced: Whether blanks stand between `<<` and the name, which only BuildKit since 0.19 understands.
    """

    name: str
    expands: bool
    strips_tabs: bool
    fd: int
    spaced: bool


def openers(line: str, escape: str) -> list[Opener]:
    """Return the here-documents that a joined line opens, in order.

    Args:
        line: The joined instruction, keyword included.
        escape: The file's escape character.
    """
    if "<<" not in line:
        return []
    owner = _OWNER.match(line)
    if owner is None or is_string_array(_value(line[owner.end() :], escape)):
        return []
    found = (opener(word) for word in _words(line))
    return [each for each in found if each]


def opener(word: str) -> Opener | None:
    """Read one shell word; `None` when it opens no here-document."""
    match = _OPENER.fullmatch(word)
    if match is None or not match[4]:
        return None
    fd, dash, space, rest = match.groups()
    name = _NAME_PART.sub(_unquoted, rest)
    if not name:
        return None
    quotes = rest.count("'") + rest.count('"')
    kept = name.count("'") + name.count('"')
    return Opener(name, quotes == kept, bool(dash), int(fd[:9] or 0), bool(space))


def _value(rest: str, escape: str) -> str:
    """Return what follows the flags."""
    return split_flags(rest, 0, escape)[1]


def _unquoted(match: re.Match[str]) -> str:
    """Return a quoted or escaped part of a delimiter as BuildKit reads it."""
    if match["single"] is not None:
        return match["single"]
    if match["double"] is not None:
        return _DOUBLE_ESCAPE.sub(r"\1", match["double"])
    return match["escaped"]


def _words(line: str) -> list[str]:
    """Split a line into shell words, quotes and escapes kept; empty when its quotes or braces do not match."""
    words: list[str] = []
    word: list[str] = []
    at, size = 0, len(line)
    while at < size:
        match = _TOKEN.match(line, at)
        assert match is not None
        start, at = at, match.end()
        match match.lastgroup:
            case "space":
                if word:
                    words.append("".join(word))
                    word = []
                continue
            case "double":
                at = _double_quoted(line, at, 0)
            case "dollar" if line[at - 1] == "{":
                at = _braced(line, at, 0)
            case "broken":
                return []
            case _:
                pass
        if at < 0:
            return []
        text = line[start:at]
        if match.lastgroup != "dollar":
            word.append(text)
            continue
        first, *rest = re.split(f"[{SPACES}]+", text)
        word.append(first)
        for piece in rest:
            words.append("".join(word))
            word = [piece]
    if word:
        words.append("".join(word))
    return words
