"""The words that a text falls into while the lexer reads it."""

from __future__ import annotations

import re

_SPACES = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")


class Words:
    """Words as they are collected: white space ends one, quotes and escapes do not."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._parts: list[str] = []

    def add(self, text: str) -> None:
        """Add text that white space splits."""
        first, *rest = _SPACES.split(text)
        self.add_quoted(first)
        for piece in rest:
            self._end()
            self.add_quoted(piece)

    def add_quoted(self, text: str) -> None:
        """Add text that stays one piece."""
        if text:
            self._parts.append(text)

    def _end(self) -> None:
        if self._parts:
            self._done.append("".join(self._parts))
            self._parts = []

    def all(self) -> list[str]:
        """Return the words so far; the last one ends here."""
        self._end()
        return self._done
