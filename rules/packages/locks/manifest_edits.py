"""Where a build writes or edits a manifest, so that the lock file of the repository need not fit it any more."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.copying.installs.calls import install_folder
from rules.lazily import once
from rules.packages.projects.files import LOCKS, MANIFESTS

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run

_EDITS = {
    "cargo": frozenset({"init", "new", "add", "remove"}),
    "bundle": frozenset({"init", "add", "remove"}),
    "npm": frozenset({"pkg", "version", "init"}),
}
_OF_PROGRAM = {"cargo": "Cargo.toml", "bundle": "Gemfile", "npm": "package.json"}
_EDITORS = frozenset("sed awk perl echo printf cat tee mv cp patch python3 python tomlq dasel jq yq node".split())
"""Programs that write or edit files."""
_COPIED = ("context", "stage", "image", "remote")


@once
def first_edits(stage: Stage) -> dict[str, tuple[tuple[int, int], int]]:
    """Where a command first makes or edits each manifest."""
    found: dict[str, tuple[tuple[int, int], int]] = {}
    for run in stage.all_runs:
        for command in run.commands:
            edits = _EDITS.get(command.name, frozenset())
            for name in MANIFESTS.values():
                if _may_edit(command, name) or (command.subcommand in edits and name == _OF_PROGRAM[command.name]):
                    found.setdefault(name, (run.at, command.start))
    return found


def is_edited_before(run: Run, call: PackageCall, name: str) -> bool:
    """Tell whether anything above a call may have written or edited a manifest of that name."""
    above = ((one, command) for one in run.stage.all_runs if one.at <= run.at for command in one.commands)
    return any(
        _may_edit(command, name) or str(command).startswith(("go mod edit", "go mod init"))
        for one, command in above
        if one is not run or command.start < call.command.start
    )


def _may_edit(command: Command, name: str) -> bool:
    """Whether a command writes or edits files, and names one of that name, be it behind a `>`."""
    if command.name not in _EDITORS:
        return False
    whole = " ".join([str(command), *(each.target.value for each in command.redirects if each.target is not None)])
    return re.search(rf"{re.escape(name)}(?![\w.])", whole) is not None


def is_generated(run: Run, call: PackageCall) -> bool:
    """Tell whether a COPY puts the lock file into the install's own folder and none the manifest: the build makes it.

    It need not fit the lock file of the repository then.
    """
    folder, manifest = install_folder(run, call), MANIFESTS.get(call.manager)
    if folder is None or manifest is None or any(mount.type == "bind" for mount in run.mounts):
        return False
    files = run.stage.files
    locks = (posixpath.join(folder, name) for name in LOCKS.get(call.manager, ()))
    beside = any(put.path == path and put.kind in _COPIED for path in locks for put in files.covering(path))
    brought = (put for put in files.covering(posixpath.join(folder, manifest)) if put.step.at < run.at)
    return beside and not any(put.kind in _COPIED for put in brought)
