"""pnpm as Corepack fetches it: in the version that package.json or a command names, else in the newest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from rules.packages.package_json import read_manifest
from rules.packages.project_texts import manifest_text
from rules.packages.unpinned import MOVING

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
        command: The command of Corepack that says so.
        by_default: Whether it names no version, and not the newest by a tag.
    """

    stage: Stage
    command: Command
    by_default: bool


def newest_by_corepack(change: DockerfileChange) -> Iterator[Fetched]:
    """Yield where Corepack fetches the newest pnpm, as far as the package.json of the project was read.

    Since 0.13 it asks the index for the newest version at its first call, unless `COREPACK_DEFAULT_TO_LATEST=0`.
    """
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped or "COREPACK_DEFAULT_TO_LATEST" in stage.image.env:
            continue
        chosen = next(_choices(stage), None)
        enabled = next((c for run in stage.runs for c in run.calls("corepack") if c.subcommand == "enable"), None)
        install = next(_installs(stage), None)
        if install is None or (chosen or enabled) is None or not _names_none(change, *install):
            continue
        if chosen is not None and _moves(chosen):
            yield Fetched(stage, chosen, by_default=False)
        elif chosen is None and enabled is not None and enabled.start < install[1].command.start:
            by_name = any(item.name == _NAME for item in stage.packages.present)
            yield from () if by_name else (Fetched(stage, enabled, by_default=True),)


def _choices(stage: Stage) -> Iterator[Command]:
    for run in stage.done_runs:
        for command in run.calls("corepack"):
            if command.subcommand in _CHOOSES or any(word.value.startswith(f"{_NAME}@") for word in command.args):
                yield command


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
