"""Calls of `adduser` and its kin where Debian's base image no longer has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.facts.packages import depends_on, recommends_nothing
from rules.facts.tools import ACCOUNT_TOOLS
from rules.lazily import once
from rules.packages.scripts import sure_calls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.package_calls import PackageCall
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run

_PACKAGE = "adduser"
INSTEAD = {
    "adduser": "`useradd --create-home --uid <uid> <name>`",
    "addgroup": "`groupadd --gid <gid> <name>`",
    "deluser": "`userdel <name>`",
    "delgroup": "`groupdel <name>`",
}
"""What the package `passwd` has for them, which every image of Debian's and Ubuntu's holds."""
JOIN = "`usermod --append --groups <group> <name>`"
"""What stands for `adduser <name> <group>`."""


def instead_of(command: Command) -> str:
    """Return what stands for a call, an account of the system's for one: those have no home as a rule."""
    if command.name in ("adduser", "addgroup") and command.has("--system", "-S"):
        return INSTEAD[command.name].replace("add ", "add --system ", 1).replace(" --create-home", "")
    return INSTEAD[command.name]


def account_calls(stage: Stage) -> Iterator[tuple[Run, Command]]:
    """Yield the calls that surely run and that no package installed above can have brought the program for."""
    for run in stage.runs:
        for command in sure_calls(run, *ACCOUNT_TOOLS):
            named = command.program is not None and command.program.value == command.name
            brought = _first_bringing(stage) if named else None
            if named and (brought is None or (*run.at, command.start) < brought):
                yield run, command


@once
def _first_bringing(stage: Stage) -> tuple[int, int, int] | None:
    """Return the place of the first install of a chain that names the package, or may bring it along."""
    calls = ((run, call) for run, call in stage.packages.calls if call.manager == "apt" and call.action != "remove")
    return min(((*run.at, call.command.start) for run, call in calls if _brings(stage, call)), default=None)


def _brings(stage: Stage, call: PackageCall) -> bool:
    release = stage.runtime.release
    names = [package.name for package in call.packages]
    if any(depends_on(name, _PACKAGE, release) is not False for name in names):
        return True
    return not call.no_recommends and not all(recommends_nothing(name, release) for name in names)
