"""The nearest right spelling of a word."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 24
"""Longer words are not misspelt names; comparing them would only take time."""


def nearest(word: str, names: Iterable[str], *, slips: int | None = None) -> str | None:
    """Return the name that a word was probably meant to be, or `None`.

    One slip is forgiven in a word of three letters, two in one of six and more; a slip is a letter too many, too
    few, wrong, or swapped with its neighbour. The first of equally near names wins. Case does not count.

    Args:
        word: As written.
        names: What may have been meant.
        slips: How many are forgiven, where the word's length is not to decide.
    """
    if len(word) > _LONGEST:
        return None
    allowed = slips or (1 if len(word) < 6 else 2)  # noqa: PLR2004 - the docstring says why
    if len(word) < 3:  # noqa: PLR2004 - the same
        return None
    found = [(_slips(word.lower(), name.lower()), name) for name in names if abs(len(name) - len(word)) <= allowed]
    best = min(found, key=lambda pair: pair[0], default=None)
    return best[1] if best is not None and best[0] <= allowed else None


@lru_cache(maxsize=4096)
def _slips(left: str, right: str) -> int:
    """Count the slips between two words (optimal string alignment distance)."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        before, last = row, before
        row = [i]
        for j, b in enumerate(right, 1):
            slips = min(row[-1] + 1, before[j] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                slips = min(slips, last[j - 2] + 1)
            row.append(slips)
    return row[-1]
