"""The project that Go builds: the folder of its `go.mod`, and what that says."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.installs.looked_up import above
from rules.model.work_folders import folder_of
from rules.packages.projects.texts import text_in_image

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.dockerfile.shell.script import Command
    from rules.model.steps import Run


class GoProject(NamedTuple):
    """A project whose `go.mod` was read.

    Attributes:
        folder: In the image, absolute.
        text: What `go.mod` says.
    """

    folder: str
    text: str


def project_of(change: DockerfileChange, run: Run, command: Command) -> GoProject | None:
    """Return the project that a call of Go finds from its folder upwards (Go Modules Reference), where it was read."""
    folder = folder_of(run, command)
    manifest = posixpath.join(folder, "go.mod") if folder is not None else None
    for path in (manifest, *above(manifest)) if manifest is not None else ():
        text = text_in_image(change, run, path)
        if text is not None:
            return GoProject(posixpath.dirname(path), text)
    return None
