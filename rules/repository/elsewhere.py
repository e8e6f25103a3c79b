"""Builds whose context is none that the repository has: a releaser's own folder, or one that a script fills."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.lazily import once
from rules.repository import yamls

if TYPE_CHECKING:
    from rules.repository.tree import Repository

_RELEASER = re.compile(r"(?:\.config/)?\.?goreleaser[^/]*\.ya?ml")
_OF_IMAGES = ("dockers", "dockers_v2")


@once
def releasers(repository: Repository) -> tuple[str, ...]:
    """Return the paths of GoReleaser's settings, read or not ("Customization", its documentation)."""
    paths = {*(repository.listing or {}), *repository.files}
    return tuple(sorted(path for path in paths if "goreleaser" in path and _RELEASER.fullmatch(path)))


def is_built_elsewhere(repository: Repository, dockerfile: str) -> bool:
    """Tell whether a Dockerfile may be built in another folder than the one that counts as its context, and only there.

    So it is where GoReleaser builds it, which copies it into a new folder with the programs and `extra_files` alone
    (goreleaser.com, "Docker images"), where a script names another context, and where one builds a copy of it.
    """
    if any(_releases(repository, path, dockerfile) for path in releasers(repository)):
        return True
    own, name = repository.context_of(dockerfile), posixpath.basename(dockerfile)
    contexts = {build.context for build in (*repository.builds, *repository.calls) if build.dockerfile == dockerfile}
    contexts |= {
        build.context
        for build in repository.builds
        if posixpath.basename(build.dockerfile) == name and repository.exists(build.dockerfile) is False
    }
    return bool(contexts) and own not in contexts


def _releases(repository: Repository, path: str, dockerfile: str) -> bool:
    """Whether settings of GoReleaser build a Dockerfile, or may: they were not read."""
    data = repository.files.get(path)
    settings = yamls.mapping(yamls.read(data)) if data is not None else None
    if not settings:
        return True
    entries = [yamls.mapping(one) for key in _OF_IMAGES for one in yamls.sequence(settings.get(key))]
    named = (yamls.text(entry.get("dockerfile")) or "Dockerfile" for entry in entries)
    return any("{{" in one or posixpath.normpath(one) == dockerfile for one in named)
