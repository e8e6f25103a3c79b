"""The COPY of a project's sources that stands above an install which does without them."""

from __future__ import annotations

import posixpath
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from rules.copying.installs.calls import installs_in
from rules.copying.installs.empty_manifests import lists_nothing
from rules.copying.source_trees.trees import brings_all, is_source_tree, needs_sources
from rules.lazily import once
from rules.model.packages import OS_MANAGERS

if TYPE_CHECKING:
    from rules.api import Copy, DockerfileChange, Run, Stage, Step
    from rules.copying.installs.calls import Install


def source_before(change: DockerfileChange, stage: Stage, install: Install) -> Copy | None:
    """Return the first COPY of the sources above an install that does not need them."""
    if any(mount.type == "cache" for mount in install.run.mounts) or needs_sources(change, install):
        return None
    above = (copy for copy in _candidates(stage, install) if copy.index < install.run.index)
    first = next((copy for copy in above if is_source_tree(change, stage, copy, install)), None)
    if first is None or _installed_before(stage, first, install) or lists_nothing(change, install):
        return None
    return None if _made_in_between(stage, first, install) else first


def is_as_before(change: DockerfileChange, stage: Stage, copy: Copy) -> bool:
    """Tell whether the same COPY stood above an install of the project before: another tool installs it now.

    Of `pip install .`, which builds the project too, nothing was to be said then.
    """
    was = change.was(stage)
    text = " ".join(copy.instruction.text.split())
    old = next((one for one in was.copies if " ".join(one.instruction.text.split()) == text), None) if was else None
    return was is not None and old is not None and any(_installs_project(run) for run in was.runs if run.at > old.at)


def _installs_project(run: Run) -> bool:
    """Whether a RUN installs what the project asks for, or the project itself."""
    calls = (one for one in run.package_calls if one.manager not in OS_MANAGERS and one.action in ("install", "sync"))
    if any(call.project or any(package.kind == "path" for package in call.packages) for call in calls):
        return True
    return any("setup.py" in [word.value for word in command.args[:1]] for command in run.commands)


def _candidates(stage: Stage, install: Install) -> list[Copy]:
    """Return the COPYs that may bring the sources: the first of the whole context, and those into its folder."""
    whole, by_destination = _copies(stage)
    beside = by_destination.get(posixpath.dirname(install.manifests[0]), [])
    return sorted({copy.index: copy for copy in (*whole[:1], *beside)}.values(), key=_index)


@once
def _copies(stage: Stage) -> tuple[list[Copy], dict[str | None, list[Copy]]]:
    """The COPYs of the whole context, and all others by their destination."""
    by_destination: dict[str | None, list[Copy]] = {}
    whole = [copy for copy in stage.copies if copy.brings_context_root and brings_all(copy)]
    for copy in stage.copies:
        if not copy.brings_context_root:
            by_destination.setdefault(copy.destination, []).append(copy)
    return whole, by_destination


def _index(step: Step) -> int:
    return step.index


def _installed_before(stage: Stage, copy: Copy, install: Install) -> bool:
    """Whether the same manager has installed the project's dependencies above the COPY: this only renews them."""
    first = _first_installs(stage).get(install.call.manager)
    return first is not None and first < copy.at


@once
def _first_installs(stage: Stage) -> dict[str, tuple[int, int]]:
    """Where each manager first installs dependencies in the chain."""
    found: dict[str, tuple[int, int]] = {}
    for run in stage.all_runs:
        for install in installs_in(run):
            found.setdefault(install.call.manager, run.at)
    return found


def _made_in_between(stage: Stage, copy: Copy, install: Install) -> bool:
    """Whether a RUN below the COPY speaks of the manifest: it may be made out of the sources."""
    names = [posixpath.basename(path) for path in install.manifests]
    first = bisect_right(stage.runs, copy.index, key=_index)
    between = stage.runs[first : bisect_left(stage.runs, install.run.index, key=_index)]
    call = install.call.command
    above = (one for one in install.run.commands if one.start < call.start and one.end < call.end)
    texts = [*(run.instruction.whole_value for run in between), *(one.source.cut(one.span) for one in above)]
    return any(name in text for text in texts for name in names)
