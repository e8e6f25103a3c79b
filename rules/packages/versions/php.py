"""The stages that have their PHP from its official image, and which it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.facts.languages import release_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Stage

Version = tuple[int, int]
"""Major and minor."""


def stages_of_php(change: DockerfileChange) -> Iterator[tuple[Stage, Version]]:
    """Yield the stages upon an official image of PHP whose version is known, with it."""
    for stage in change.stages:
        version = release_line(stage.runtime.languages.get("php"))
        if version is not None and stage.facts is not None and stage.facts.name == "php":
            yield stage, version
