"""Reads typed values out of JSON that may hold anything anywhere."""

from __future__ import annotations

import re
from typing import Any

from bot.inbound.faults import Malformed

WORD = re.compile(r"[a-z_]{1,64}", re.ASCII)
"""The name of an event or an action."""
SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.ASCII)
"""The id of a commit, by SHA-1 or SHA-256."""
# Larger than any id a forge gives, small enough for the database's integers and for JSON's doubles.
MAX_ID = 2**53


class Payload:
    """A JSON object and where it stands in the delivery, for messages.

    Args:
        data: What the parser returned.
        at: Dotted place, empty for the whole.

    Raises:
        Malformed: When `data` is no object.
    """

    def __init__(self, data: Any, at: str = "") -> None:
        if not isinstance(data, dict):
            raise Malformed(f"{at or 'the body'} is not an object")
        self._data: dict[str, Any] = data
        self._at = at

    def _place(self, name: str) -> str:
        return f"{self._at}.{name}" if self._at else name

    def object(self, name: str) -> Payload:
        """Return a member that must be an object."""
        return Payload(self._data.get(name), self._place(name))

    def has_object(self, name: str) -> bool:
        """Say whether a member is an object."""
        return isinstance(self._data.get(name), dict)

    def id(self, name: str) -> int:
        """Return a member that must be a positive whole number."""
        value = self._data.get(name)
        # True is an int in Python, and not an id.
        if type(value) is not int or not 0 < value < MAX_ID:
            raise Malformed(f"{self._place(name)} is not a number that can be an id")
        return value

    def has(self, name: str) -> bool:
        """Say whether a member is there and not null."""
        return self._data.get(name) is not None

    def says(self, name: str, *, value: bool) -> bool:
        """Say whether a member is exactly true, or exactly false."""
        return self._data.get(name) is value

    def text(self, name: str) -> str:
        """Return a member that must be text."""
        value = self._data.get(name)
        if not isinstance(value, str):
            raise Malformed(f"{self._place(name)} is not text")
        return value

    def matching(self, name: str, pattern: re.Pattern[str]) -> str:
        """Return a member that must be text of a certain form."""
        value = self.text(name)
        if not pattern.fullmatch(value):
            raise Malformed(f"{self._place(name)} does not look as it should")
        return value
