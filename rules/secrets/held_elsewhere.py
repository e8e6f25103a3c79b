"""Installs and their lock files: whether one is there, and whether another stage of the same build insists on it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.copying.installs.calls import install_folder
from rules.packages.projects.files import LOCKS, MANIFESTS, brings_folder, copied

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.dockerfile.package_calls import PackageCall
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run


def may_have_lock(run: Run, manager: str) -> bool:
    """Tell whether a lock file may lie where a RUN installs; without one, no install that insists on it works."""
    names = LOCKS.get(manager, ())
    return not names or brings_folder(run) or any(copied(run, name) is not None for name in names)


def lacks_lock(run: Run, manager: str) -> bool:
    """Tell whether the manifest is brought to a RUN by its name and no lock file is: there is nothing to hold to."""
    manifest = MANIFESTS.get(manager)
    return manifest is not None and copied(run, manifest) is not None and not may_have_lock(run, manager)


def is_done_otherwise(run: Run, command: Command) -> bool:
    """Tell whether an install that fails is done by another call behind `||`: `npm ci || npm install` holds nothing."""
    if command.after != "||":
        return False
    behind = [other for other in run.calls(command.name) if other.start > command.start]
    return bool(behind) and behind[0].before == "||"


def is_held_elsewhere(change: DockerfileChange, stage: Stage, run: Run, command: Command) -> bool:
    """Tell whether another stage that the image needs installs by the same lock file, and insists on it.

    Args:
        change: The file.
        stage: The stage of an install that does not insist.
        run: Its RUN.
        command: Its command.
    """
    call = next((call for call in run.package_calls if call.command is command), None)
    if call is None:
        return False
    here = _project(run, call)
    needed = change.after.needed_by_shipped
    return any(
        other.frozen and other.manager == call.manager and not other.command.conditional
        for one in change.stages
        if one is not stage and one.index in needed
        for its_run in one.runs
        for other in its_run.package_calls
        if other.manager == call.manager and not here.isdisjoint(_project(its_run, other))
    )


def _project(run: Run, call: PackageCall) -> frozenset[tuple[str | None, str, str]]:
    """Where an install works, with what may have brought its manifest and lock file there: same sources, same files."""
    names = {MANIFESTS.get(call.manager, ""), *LOCKS.get(call.manager, ())}
    folder = install_folder(run, call)
    return frozenset(
        (folder, source.path, copy.destination or "")
        for copy in run.stage.all_copies
        if copy.from_context and copy.at < run.at
        for source in copy.sources
        if source.path is not None and (source.is_root or posixpath.basename(source.path) in names)
    )
