"""What stands for the value of a variable that only the build knows."""

from enum import Enum
from typing import Final


class Unknown(Enum):
    """The value of a variable that only the build knows, such as an `ARG` without a default."""

    UNKNOWN = "unknown"
    NOT_GIVEN = "not given"


UNKNOWN: Final = Unknown.UNKNOWN
NOT_GIVEN: Final = Unknown.NOT_GIVEN
"""Unset unless the build gives it: unknown, except that `${x:-word}` says what the author takes for it."""
