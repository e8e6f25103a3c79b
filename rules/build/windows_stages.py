"""Which stages are images for Windows for certain, and not by a word in a name: `dockurr/windows` runs on Linux."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.api import Stage


def is_for_windows(stage: Stage) -> bool:
    """Tell whether the image at the root is one of Windows', or is taken for that platform."""
    platform = (stage.root.platform or "").strip("\"'").lower()
    return platform.startswith("windows") or (stage.facts is not None and stage.facts.windows)
