"""Whether the comment above a FROM says that its tag is meant to move."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.api import Stage

_MEANT = re.compile(
    r"\b(?:track|follow|float|roll)(?:s|ed|ing)?\b[^.;]{0,99}\b(?:latest|newest|stable|major|minor|release|tag|version)\b|"
    r"\b(?:latest|newest|moving|floating|rolling|unpinned|not pinned|loosely pinned|no (?:digest|pin))\b[^.;]{0,99}"
    r"\b(?:on purpose|deliberately|intentionally|by design|so that|so we (?:get|receive))\b|"
    r"\b(?:on purpose|deliberately|intentionally|always|automatically)\b[^.;]{0,99}"
    r"\b(?:latest|newest|moving|floating|rolling|unpinned|not pinned|un-pinned)\b",
    re.IGNORECASE,
)


def is_meant_to_move(stage: Stage) -> bool:
    """Tell whether the author says so right above the FROM: `# Track the latest stable 1.x release`."""
    said = " ".join(comment.text.lstrip("# ") for comment in stage.from_.comments)
    return _MEANT.search(" ".join(said.split())) is not None
