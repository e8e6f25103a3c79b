"""Named volumes that a compose file of the repository mounts in the image: Docker makes them out of its folders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import within
from rules.repository.composes import IS_COMPOSE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Stage

_OTHERWISE = re.compile(r"^\s*[\"']?user[\"']?\s*:|\bchown\b|\bfsGroup\b", re.MULTILINE)
"""What in a compose file gives the container another account, or the volume another owner."""


class ComposedVolume(NamedTuple):
    """A volume.

    Attributes:
        path: Where it is mounted.
        by: The compose file.
    """

    path: str
    by: str


def composed_volumes(change: DockerfileChange, stage: Stage) -> Iterator[ComposedVolume]:
    """Yield the named volumes of the services that build this very stage, where nothing gives them an owner.

    Docker fills a new volume from the image's folder, with its owner; where there is none, it is root's
    (docs.docker.com, "Volumes", "Populate a volume using a container").
    """
    repository = change.repository
    composes = [path for path in repository.files if IS_COMPOSE.search(path)]
    if any(_OTHERWISE.search(repository.text(path) or "") for path in composes):
        return
    declared = [setting.value for setting in stage.image.volumes]
    if not all(declared):
        return
    named = {
        path: ComposedVolume(path, build.path)
        for build in change.builds_of(stage)
        for path in build.volumes
        if not (build.development or build.command or path in build.folders)
    }
    for path, volume in sorted(named.items()):
        if not any(one and (within(path, one) or within(one, path)) for one in declared):
            yield volume
