"""Tags of the official library that name no release of their system: a later build may stand upon a later one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.facts.images import ImageFacts


def release_moves(facts: ImageFacts) -> bool:
    """Tell whether the release is that of the tag on the day of the table: `debian:latest`, `node:alpine`.

    A tag that is no longer built stays where it is.
    """
    release, tag = facts.release, facts.tag
    built = facts.listed and facts.stopped is None
    if not built or release is None or tag is None or release.codename in tag.split("-"):
        return False
    return release.number is not None and re.search(rf"(?<![\d.]){re.escape(release.number)}(?!\d)", tag) is None


def by_now(facts: ImageFacts | None) -> str:
    """Return what a sentence says in front of a release that the image may have left one day; empty for any other."""
    return "by now " if facts is not None and release_moves(facts) else ""
