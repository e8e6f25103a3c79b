"""Words that stand in one pair of quotes where a program wants each by itself."""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.runtime.starts.instructions import behind_init

if TYPE_CHECKING:
    from collections.abc import Sequence

_OF_JAVA = re.compile(r"-(?:jar|cp|classpath) +\S+|-X\S*(?: +-[XD]\S*)+")
"""Two options, or an option and its value; what stands behind `-D` is a value, and may hold blanks."""
_MANAGERS = frozenset({"npm", "pnpm", "yarn"})


class Joined(NamedTuple):
    """Words of an array that were meant apart.

    Attributes:
        program: What gets them.
        text: The words as one.
        array: The whole array with each word by itself, as JSON.
    """

    program: str
    text: str
    array: str


def joined(words: Sequence[str]) -> Joined | None:
    """Return the option of `java`, or the command of `npm`, that holds a blank: neither program knows such a one."""
    start = len(words) - len(behind_init(tuple(words)))
    program = posixpath.basename(words[start]) if start < len(words) else ""
    if program == "java":
        behind = words[start + 1 :]
        place = next((at for at, word in enumerate(behind, start + 1) if _OF_JAVA.fullmatch(word)), None)
        place = None if "-jar" in words[start + 1 : place] else place  # the program's own arguments
    elif program in _MANAGERS and start + 1 < len(words):
        place = start + 1 if " " in words[start + 1].strip() and not words[start + 1].startswith("-") else None
    else:
        place = None
    if place is None:
        return None
    apart = [*words[:place], *words[place].split(), *words[place + 1 :]]
    return Joined(program, words[place], json.dumps(apart, ensure_ascii=False))
