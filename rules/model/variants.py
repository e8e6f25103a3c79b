"""What a FROM with a variable may name."""

from __future__ import annotations

import re

VARIABLE = re.compile(r"\$(?:\w+|\{[^{}]*\})")


def names_like(text: str) -> re.Pattern[str]:
    """Return the pattern of the stage names that a FROM may mean, whatever its variables hold: `base-${TARGETARCH}`."""
    return re.compile(r"[\w.-]*".join(map(re.escape, VARIABLE.split(text))), re.IGNORECASE)
