"""Text from a Dockerfile made harmless for a terminal and for the logs of continuous integration."""

from __future__ import annotations

import re
from typing import Final

from rules.quoting import visible

_COMMAND: Final = re.compile(r"^[^\S\n]*:(?=:)|##(?=\[)", re.MULTILINE)
"""What GitHub Actions and Azure Pipelines take for a command when it stands in a log."""


def plain(text: str) -> str:
    """Return a text in which nothing acts on a terminal or a log, and what the eye cannot see is written out."""
    return _COMMAND.sub(lambda found: f"{found[0]} ", visible(text, keep="\n\t"))
