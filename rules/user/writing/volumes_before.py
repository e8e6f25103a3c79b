"""The volumes of an image as it was: which of them hold files of root, and which the new image looks at no more."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from rules.dockerfile.shell.script import parse
from rules.dockerfile.source import Source
from rules.model.folders import TEMPORARY
from rules.model.puts import within, within_any
from rules.model.users import is_root_name
from rules.user.accounts.running import name_of
from rules.user.root.start_scripts import start_scripts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage

EVERYBODYS = (*TEMPORARY, "/dev", "/proc", "/sys", "/run")
"""Folders that every account can write to, or that the runtime fills."""


def as_it_was(change: DockerfileChange) -> DockerfileChange:
    """Return the change with the repository from before, for what the old image's scripts said."""
    return replace(change, repository=change.repository_before)


def volumes_with_roots_files(change: DockerfileChange, stage: Stage, was: Stage) -> list[str]:
    """Return the volumes of the old image in which the new one meets files of root.

    The start of the old one may have given them away (`chown -R` in its command or its script), and the new one may
    work elsewhere.
    """
    given = list(_given_away(change, was))
    paths = dict.fromkeys(volume.value.rstrip("/") for volume in was.image.volumes if volume.value)
    return [
        path
        for path in paths
        if not within_any(path, EVERYBODYS) and not within_any(path, given) and not is_left_behind(stage, was, path)
    ]


def is_left_behind(stage: Stage, was: Stage, path: str) -> bool:
    """Tell whether a volume lay in the old work folder, and the new image works elsewhere and never names it."""
    old, new = was.image.workdir.value, stage.image.workdir.value
    if old is None or new is None or old.rstrip("/") in ("", new.rstrip("/")):
        return False
    if not within(path, old) or within(path, new) or path in stage.model.code:
        return False
    declared = any(volume.value is None or volume.value.rstrip("/") == path for volume in stage.image.volumes)
    return not (declared or stage.files.covering(path) or stage.files.below(path))


def _given_away(change: DockerfileChange, was: Stage) -> Iterator[str]:
    """Yield the folders that the start of the old image gave to another account than root, with all that is in them."""
    folder = was.image.workdir.value or "/"
    for command in _started(change, was):
        if command.name != "chown" or not command.has("-R", "--recursive"):
            continue
        owner, *paths = [word.value for word in command.operands()] or [""]
        if not is_root_name(name_of(owner)):
            yield from (posixpath.normpath(posixpath.join(folder, path)) for path in paths)


def _started(change: DockerfileChange, was: Stage) -> Iterator[Command]:
    """Yield the commands that a shell ran when the old image started; a script not read then is taken as it is now."""
    for setting in was.image.start_command:
        yield from setting.value.commands if setting.value is not None else ()
    now = {script.name: script.text for script in start_scripts(change, was)}
    for name, then in start_scripts(as_it_was(change), was):
        text = then or now.get(name) or ""
        yield from parse(text, Source(name, text), 0, dialect="bash", joined=False).commands
