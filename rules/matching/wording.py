"""What an instruction says, without its layout."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.dockerfile.nodes import Instruction

_AROUND = re.compile(r"\s*([\[\],])\s*")
_AS = re.compile(r" as (?=\S+$)", re.IGNORECASE)
_PATHS_IN_EITHER_FORM = frozenset({"ADD", "COPY", "VOLUME"})
"""Instructions that do the same in the JSON form: no shell is in either."""
_PLAIN = re.compile(r"[^\s\"'\\]+")
_BRACES = re.compile(r"\$\{(\w+)\}(?!\w)")
_NEEDLESS_QUOTES = re.compile(r"""(?<![^\s=])(["'])([\w./:@%+,=$-]++)\1(?![^\s;&|)])""")


def normalised(instruction: Instruction | None) -> str:
    """Return an instruction without its layout: continuations joined, comments gone, blanks collapsed.

    In the JSON form no blank is left around brackets and commas; where it says nothing else than the plain form does,
    it becomes that one. The bodies of here-documents follow.
    """
    if instruction is None:
        return ""
    words = [word.text for word in instruction.exec_form or ()]
    if words and instruction.keyword in _PATHS_IN_EITHER_FORM and all(map(_PLAIN.fullmatch, words)):
        flags = (instruction.source.cut(flag.span) for flag in instruction.flags)
        return " ".join((instruction.keyword, *flags, *words))
    text = " ".join(" ".join((str(instruction), *(one.body for one in instruction.heredocs))).split())
    if instruction.exec_form is not None:
        text = _AROUND.sub(r"\1", text)
    return _AS.sub(" AS ", text) if text.startswith("FROM ") else text


@lru_cache(maxsize=4096)
def unquoted(text: str) -> str:
    """Return a text whose words have no quotes that they do not need, and whose variables have no braces.

    What differs in these alone says the same, and is the same to whoever compares two versions.
    """
    return _NEEDLESS_QUOTES.sub(r"\2", _BRACES.sub(r"$\1", text))
