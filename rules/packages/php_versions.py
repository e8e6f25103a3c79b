"""The stages that have their PHP from its official image, and which it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Stage

Version = tuple[int, int]
"""Major and minor."""


def stages_of_php(change: DockerfileChange) -> Iterator[tuple[Stage, Version]]:
    """Yield the stages upon an official image of PHP whose version is known, with it."""
    for stage in change.stages:
        version = version_of(stage.runtime.languages.get("php"))
        if version is not None and stage.facts is not None and stage.facts.name == "php":
            yield stage, version


def version_of(version: str | None) -> Version | None:
    """Return the major and minor number of a version, `None` where one of them is not written."""
    parts = (version or "").split(".")
    return (int(parts[0]), int(parts[1])) if len(parts) > 1 and all(map(str.isdecimal, parts[:2])) else None
