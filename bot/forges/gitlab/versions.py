"""Which GitLab can what, by the number that it gives of itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

OLDEST: Final = (16, 0)
"""The first GitLab whose API has all that a review needs: paged diffs (15.7) and draft notes in batches."""
FILE_DISCUSSIONS: Final = (16, 4)
"""The first GitLab whose positions may name a whole file."""


def older_than(answer: Mapping[str, Any], version: tuple[int, int]) -> bool:
    """Tell whether an instance is older than a version; one that does not say is taken for new.

    Args:
        answer: To `GET /version`.
        version: Major and minor number.

    >>> older_than({"version": "16.3.0-ee"}, FILE_DISCUSSIONS)
    True
    """
    found = re.match(r"(\d+)\.(\d+)", str(answer.get("version", "")))
    return found is not None and (int(found[1]), int(found[2])) < version
