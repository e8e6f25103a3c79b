"""Calls of `adduser` and its kin where Debian's base image no longer has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.facts.packages import depends_on, recommends_nothing
from rules.facts.tools import ACCOUNT_TOOLS
from rules.packages.scripts import sure_calls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.package_calls import PackageCall
    from rules.dockerfile.shell import Command
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


def account_calls(stage: Stage) -> Iterator[tuple[Run, Command]]:
    """Yield the calls that surely run and that no package installed above can have brought the program for."""
    for run in stage.runs:
        for command in sure_calls(run, *ACCOUNT_TOOLS):
            named = command.program is not None and command.program.value == command.name
            if named and not _may_be_brought(stage, run, command):
                yield run, command


def _may_be_brought(stage: Stage, run: Run, command: Command) -> bool:
    """Whether an install above names the package, or one that may bring it along."""
    above = (
        call
        for other, call in stage.packages.calls
        if other.at < run.at or (other is run and call.command.start < command.start)
    )
    return any(_brings(stage, call) for call in above if call.manager == "apt" and call.action != "remove")


def _brings(stage: Stage, call: PackageCall) -> bool:
    release = stage.runtime.release
    names = [package.name for package in call.packages]
    if any(depends_on(name, _PACKAGE, release) is not False for name in names):
        return True
    return not call.no_recommends and not all(recommends_nothing(name, release) for name in names)
