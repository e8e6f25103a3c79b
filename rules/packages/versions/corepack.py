"""pnpm as Corepack fetches it: in the version that package.json or a command names, else in the newest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from rules.packages.pins.unpinned import MOVING
from rules.packages.projects.package_json import read_manifest
from rules.packages.projects.texts import manifest_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, DockerfileChange, PackageCall, Run, Stage

_CHOOSES = frozenset({"prepare", "use", "install", "up", "pack", "hydrate"})
"""Commands of Corepack that settle a version (its README, "Utility Commands")."""
_NAME = "pnpm"
"""Of Yarn, Corepack takes 1.22 where nothing is named, which moves no more (its `config.json`)."""


class Fetched(NamedTuple):
    """pnpm without a version of its own.

    Attributes:
        stage: The stage.
        run: The RUN with the command, of the stage or of one that it stands on.
        command: The command of Corepack that says so.
        by_default: Whether it names no version, and not the newest by a tag.
    """

    stage: Stage
    run: Run
    command: Command
    by_default: bool


def newest_by_corepack(change: DockerfileChange) -> Iterator[Fetched]:
    """Yield where Corepack fetches the newest pnpm, as far as the package.json of the project was read.

    Since 0.13 it asks the index for the newest version at its first call, unless `COREPACK_DEFAULT_TO_LATEST=0`.
    """
    told: set[int] = set()
    stages = [stage for stage in change.stages if _counts(change, stage)]
    installing = [stage for stage in stages if _installs_unnamed(change, stage)]
    asking = [stage for stage in stages if installing and next(_installs(stage), None) is None]
    for stage in (*installing, *asking):  # one that only starts the program has Corepack fetch it all the same
        found = _of_stage(stage, started_only=stage in asking)
        if found is not None and found.command.start not in told:
            told.add(found.command.start)
            yield found


def _counts(change: DockerfileChange, stage: Stage) -> bool:
    return stage.index in change.after.needed_by_shipped and "COREPACK_DEFAULT_TO_LATEST" not in stage.image.env


def _installs_unnamed(change: DockerfileChange, stage: Stage) -> bool:
    install = next(_installs(stage), None)
    return install is not None and _names_none(change, *install)


def _of_stage(stage: Stage, *, started_only: bool) -> Fetched | None:
    chosen = next(_choices(stage), None)
    if chosen is not None:
        return Fetched(stage, *chosen, by_default=False) if _moves(chosen[1]) else None
    if started_only:
        return None
    enabled = next(((run, c) for run in stage.runs for c in run.calls("corepack") if c.subcommand == "enable"), None)
    install = next(_installs(stage))[1].command
    by_name = any(item.name == _NAME for item in stage.packages.present)
    if enabled is None or enabled[1].start > install.start or by_name:
        return None
    return Fetched(stage, *enabled, by_default=True)


def _choices(stage: Stage) -> Iterator[tuple[Run, Command]]:
    for run in stage.done_runs:
        for command in run.calls("corepack"):
            if command.subcommand in _CHOOSES or any(word.value.startswith(f"{_NAME}@") for word in command.args):
                yield run, command


def _moves(command: Command) -> bool:
    """Whether a command asks for the newest pnpm: by its name alone, or by a tag."""
    asked = [word.value for word in command.args if word.value.partition("@")[0] == _NAME]
    return bool(asked) and all(name == _NAME or name.removeprefix(_NAME) in MOVING for name in asked)


def _installs(stage: Stage) -> Iterator[tuple[Run, PackageCall]]:
    for run in stage.runs:
        for call in run.package_calls:
            if call.manager == _NAME and call.project and call.action in ("install", "sync"):
                yield run, call


def _names_none(change: DockerfileChange, run: Run, call: PackageCall) -> bool:
    """Whether the package.json of an install was read, and names no version of its package manager."""
    manifest = read_manifest(manifest_text(change, run, call))
    return manifest is not None and "packageManager" not in json.dumps(dict(manifest.data))
