"""Numbers in what strangers write: the parts of a version, a port, an account, each of any length."""

from __future__ import annotations

import re

_LONGEST = 18
"""Digits of a number that are read: nothing here has more, and Python converts no number of some thousand digits."""


def number_of(digits: str) -> int:
    """Return a number; of one with more digits than anything here has, its beginning, which is large as well."""
    return int(digits[:_LONGEST])


def numbers_of(version: str | None) -> tuple[int, ...]:
    """Return the numbers in a version; none where there is none.

    >>> numbers_of("v3.12.4-slim")
    (3, 12, 4)
    """
    return tuple(map(number_of, re.findall(r"\d+", version or "")))
