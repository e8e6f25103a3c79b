"""Whether what a repository runs an image with, outside development, is another command than the image's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.repository.hosting import is_hosting

if TYPE_CHECKING:
    from rules.model.stage import Stage
    from rules.repository.builds import Build
    from rules.repository.tree import Repository


def runs_otherwise(repository: Repository, stage: Stage) -> bool:
    """Tell whether a stage's image is started by another command than its own, and not by that besides.

    As `Repository.starts_otherwise`, of one stage: what a service starts in the image of another one, or for the one
    who writes the program, says nothing of how this one is run.

    Args:
        repository: The repository.
        stage: The stage.
    """
    builds = [one for one in repository.builds_of(stage.model.path) if not one.development and _is_of(one, stage)]
    given = {(one.path, one.target) for one in builds if one.command}
    own = {(one.path, one.target) for one in builds if not one.command and is_hosting(one.path)}
    return bool(given - own)


def _is_of(build: Build, stage: Stage) -> bool:
    target = build.target.lower()
    return (not target and stage.is_last) or "$" in target or target in (stage.name, str(stage.index))
