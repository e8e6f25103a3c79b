"""The builder's flags in front of an instruction's arguments, as BuildKit's `extractBuilderFlags` reads them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_SPACE = "\t\n\v\f\r "
"""BuildKit looks for white space byte by byte here, and so only knows that of ASCII."""


class RawFlag(NamedTuple):
    """A flag and its place in the joined text.

    Attributes:
        text: Quotes and escapes removed: `--from=build`.
        start: Offset of its first dash.
        end: Offset behind it.
        value_start: Offset of the value, `end` for a bare flag.
    """

    text: str
    start: int
    end: int
    value_start: int


@lru_cache(maxsize=2)
def _patterns(escape: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of a whole flag and of what quoting puts into one."""
    mark = re.escape(escape)
    single, double = (rf"{quote}(?:[^{quote}{mark}]|{mark}.?)*+{quote}?" for quote in "'\"")
    flag = rf"--(?:[^{_SPACE}'\"{mark}]|{mark}.?|{single}|{double})*+"
    quoting = rf"{mark}(?P<escaped>.?)|(?P<quoted>{single}|{double})"
    return re.compile(flag, re.DOTALL), re.compile(quoting, re.DOTALL)


def split_flags(text: str, start: int, escape: str) -> tuple[list[RawFlag], int]:
    """Read the flags that a text begins with.

    Args:
        text: The joined instruction.
        start: Where the flags may begin; blanks are skipped.
        escape: The file's escape character.

    Returns:
        The flags, and the offset of what follows them.
    """
    flags: list[RawFlag] = []
    whole, quoting = _patterns(escape)
    at = _skip(text, start)
    while text.startswith("--", at):
        match = whole.match(text, at)
        assert match is not None
        end = match.end()
        raw = match[0]
        plain = _unquote(raw, escape, quoting)
        if plain == "--":
            return flags, _skip(text, end)
        equals = raw.find("=")
        flags.append(RawFlag(plain, at, end, end if equals < 0 else at + equals + 1))
        at = _skip(text, end)
    return flags, at


def _skip(text: str, at: int) -> int:
    """Return the offset of the first character that is no white space."""
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _unquote(raw: str, escape: str, quoting: re.Pattern[str]) -> str:
    """Remove quotes and escapes from a flag."""
    if escape not in raw and "'" not in raw and '"' not in raw:
        return raw

    def plain(match: re.Match[str]) -> str:
        quoted = match["quoted"]
        if quoted is None:
            return match["escaped"]
        inner = quoted[1:-1] if len(quoted) > 1 and quoted[-1] == quoted[0] else quoted[1:]
        return re.sub(re.escape(escape) + "(.?)", r"\1", inner, flags=re.DOTALL)

    return quoting.sub(plain, raw)
