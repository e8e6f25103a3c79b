"""Packages that a project's install leaves as root's in one layer, and a `chown -R` gives away in a later one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.copying.installs.calls import packages_folder
from rules.lazily import once
from rules.model.puts import within
from rules.model.users import is_root_name
from rules.user.accounts.running import name_of, runs_as_root

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.files import Attributes
    from rules.model.stage import Stage
    from rules.model.steps import Run

_MOST = 20
"""Installs of a stage that are compared with each change of owner."""


class Install(NamedTuple):
    """An install of a project's packages by root.

    Attributes:
        run: The RUN.
        call: The install.
        folder: Where the packages lie, absolute.
    """

    run: Run
    call: PackageCall
    folder: str


def installed_before(stage: Stage, run: Run, row: Attributes) -> Install | None:
    """Return the install in a layer above a RUN whose packages a recursive `chown` there gives to another account."""
    if row.kind != "chown" or row.path is None or not row.value or is_root_name(name_of(row.value)):
        return None
    for found in _installs(stage):
        if found.run.at < run.at and within(found.folder, row.path) and not _is_gone(stage, found, run):
            return found
    return None


@once
def _installs(stage: Stage) -> tuple[Install, ...]:
    """The installs of a chain that root makes and that surely leave their packages in the layer."""
    found = (
        Install(run, call, folder)
        for run in stage.done_runs
        if run.is_read and runs_as_root(run)
        for call in run.package_calls
        if not call.command.conditional and (folder := packages_folder(run, call)) is not None
    )
    return tuple(one for one in found if not _is_given_or_gone(one))[:_MOST]


def _is_given_or_gone(found: Install) -> bool:
    """Whether the RUN itself gives the packages away, deletes or moves them, or has them in a mount."""
    later = (command for command in found.run.commands if command.start > found.call.command.start)
    return found.run.is_mounted(found.folder) or any(one.name in ("chown", "rm", "mv", "su") for one in later)


def _is_gone(stage: Stage, found: Install, run: Run) -> bool:
    """Whether they are deleted, or their folder given away, by a step between."""
    between = (one for one in stage.done_runs if found.run.at < one.at < run.at)
    return any(one.calls("chown", "mv", "rm") for one in between)
