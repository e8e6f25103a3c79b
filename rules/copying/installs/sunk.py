"""Installs of packages by their names that a change has put below the sources, which they do not read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.copying.source_trees.trees import brings_all, source_folder
from rules.model.packages import OS_MANAGERS
from rules.packages.scripts import does_only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Copy, PackageCall, Run, Stage

_BY_NAME = OS_MANAGERS | {"pip", "gem"}
"""Managers whose installs by name read no file of the project; npm and its kin look for settings in its folder."""


class Sunk(NamedTuple):
    """An install that stood above the sources.

    Attributes:
        run: Its RUN now.
        call: The install.
        copy: The COPY of the sources that stands above it now.
        then: Its RUN before the change.
    """

    run: Run
    call: PackageCall
    copy: Copy
    then: Run


def sunk_installs(stage: Stage, was: Stage) -> Iterator[Sunk]:
    """Yield the RUNs that only install packages by name, as they did before, and stand below the sources now."""
    before = {_wording(run): run for run in reversed(was.runs)}
    stood = _sources(was)
    stood_below = {str(copy.instruction) for copy in stood}
    first = min((copy.at for copy in stood), default=None)
    now = next((copy for copy in _sources(stage) if str(copy.instruction) in stood_below), None)
    if now is None or first is None:
        return
    above = {_wording(run) for run in stage.runs if run.at < now.at}
    for run in stage.runs:
        then = before.get(_wording(run)) if run.at > now.at else None
        if then is None or first < then.at or _wording(run) in above:
            continue  # one of the same words still stands above: this one came besides
        call = _named_install(run)
        if call is not None:
            yield Sunk(run, call, now, then)


def _wording(run: Run) -> tuple[tuple[str, str], ...]:
    """Return what a RUN says, whatever its layout."""
    return tuple((str(command), command.after) for command in run.commands)


def _sources(stage: Stage) -> list[Copy]:
    """The COPYs of a stage and of those below it that bring the project's sources."""
    return [copy for copy in stage.all_copies if source_folder(copy) or (copy.brings_context_root and brings_all(copy))]


def _named_install(run: Run) -> PackageCall | None:
    """Return the install of a RUN that does nothing but install packages by their names, and clean up."""
    calls = run.package_calls
    if run.deferred or run.mounts or not run.is_read or any(call.manager not in _BY_NAME for call in calls):
        return None
    if any(call.manifests or any(package.kind != "name" for package in call.packages) for call in calls):
        return None
    if not does_only(run, {call.command.start for call in calls}, "rm"):
        return None
    return next((call for call in calls if call.action == "install" and call.packages), None)
