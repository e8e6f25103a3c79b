"""`uv sync` behind the whole sources: their dependencies and the project are installed in one step.

uv's guide ("Using uv in Docker", "Intermediate layers") parts the two: `--no-install-project` needs manifests alone.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.api import Confidence, Problem
from rules.brought import context_paths
from rules.copying.installs.early_sources import is_as_before
from rules.copying.python.build_inputs import is_package
from rules.copying.source_trees.trees import brings_all
from rules.model.work_folders import folder_of
from rules.packages.developers.parts import read_toml, table
from rules.packages.projects.files import is_ignored
from rules.purpose import is_for_development

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Copy, DockerfileChange, PackageCall, Run, Stage

_PARTS = re.compile(r"\bworkspace\b|\bpath[ \t]*=|file:")
"""What in a pyproject.toml wants other files beside it: members of a workspace, packages that lie beside it."""
_MANIFESTS = frozenset({"pyproject.toml", "uv.lock"})
_OTHERWISE = (
    "--no-install-project",
    "--no-install-workspace",
    "--package",
    "--all-packages",
    "--project",
    "--directory",
)


def unsplit_syncs(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    """Yield the COPY of the whole context above the first `uv sync` of a stage, where the manifests are known to do."""
    found = _first_sync(stage)
    copy = _copy_above(stage, *found) if found is not None and not is_for_development(change, stage) else None
    if found is None or copy is None:
        return
    builds = _builds_itself(change, stage, folder_of(found[0], found[1].command) or "/")
    if builds is None:
        return
    part = "`uv sync --no-install-project` with the same options, copy the rest below, and sync again there"
    there = _manifests_above(stage, copy)
    way_out = (
        f"`pyproject.toml` and `uv.lock` are there already (line {there.instruction.line}): below them "
        if there is not None
        else "Copy `pyproject.toml` and `uv.lock` first, "
    ) + (f"run {part}" if builds else "sync, and copy the rest below")
    yield Problem(
        copy.instruction.span,
        f"{stage.label} copies the whole context (`{copy.instruction.keyword}`) before `uv sync` (line "
        f"{found[1].command.line}). An edit of any file then makes every build install all dependencies again. "
        f"{way_out}.",
        Confidence.LIKELY,
        doubt="the install may need more of the sources than its manifests",
        instruction=copy.instruction,
        stage=stage.key,
        held_before=is_as_before(change, stage, copy),
    )


def _first_sync(stage: Stage) -> tuple[Run, PackageCall] | None:
    """Return the first install of uv in a chain, where it is a sync of the stage itself without a cache mount."""
    calls = ((run, call) for run in stage.done_runs for call in run.package_calls if call.manager == "uv")
    run, call = next(((run, call) for run, call in calls if call.action in ("install", "sync")), (None, None))
    if run is None or call is None or run not in stage.runs or call.verb != "sync" or call.has(*_OTHERWISE):
        return None
    mounted = any(mount.type in ("cache", "bind") for mount in run.mounts)
    return (run, call) if not (mounted or call.command.conditional) else None


def _copy_above(stage: Stage, run: Run, call: PackageCall) -> Copy | None:
    folder = folder_of(run, call.command)
    return next(
        (
            copy
            for copy in stage.copies
            if copy.at < run.at and copy.brings_context_root and brings_all(copy) and copy.destination == folder
        ),
        None,
    )


def _manifests_above(stage: Stage, copy: Copy) -> Copy | None:
    """Return the COPY above that brings both manifests by their names to the same folder."""
    named = (other for other in stage.copies if other.at < copy.at and other.destination == copy.destination)
    return next((other for other in named if {one.path for one in other.sources} >= _MANIFESTS), None)


def _builds_itself(change: DockerfileChange, stage: Stage, folder: str) -> bool | None:
    """Whether uv builds the project as a package; `None` where its manifests may not be enough, or were not read."""
    repository = change.repository
    if any(is_ignored(change, name) for name in _MANIFESTS):
        return None  # a COPY of their own would stop the build
    locks = context_paths(change, stage, posixpath.join(folder, "uv.lock"))
    paths = context_paths(change, stage, posixpath.join(folder, "pyproject.toml"))
    text = next((text for path in paths if (text := repository.text(path)) is not None), "")
    asked = table(read_toml(text), "project").get("dependencies")
    if not asked or _PARTS.search(text) or not any(map(repository.exists, locks)):
        return None
    return is_package(text)
