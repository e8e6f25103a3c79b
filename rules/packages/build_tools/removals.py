"""What a stage removes of its build packages, where others stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.facts.packages import is_build_only
from rules.packages.build_tools.compilers import COMPILER
from rules.packages.options import spelled
from rules.quoting import listed, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import PackageCall, Run
    from rules.packages.build_tools.packages import BuildPackages


def weightier_part(found: BuildPackages) -> BuildPackages:
    """Return what a later layer removes, or what none does, where a RUN installs both: with the compiler, or larger.

    Of the one it is to be said that the layer still holds it, of the other that it is there when the container runs.
    """
    gone = {item.name for item in found.items if item.removed_by is not None}
    stays = [name for name in found.names if name not in gone]
    with_compiler = any(map(_compiles, gone)) and not any(map(_compiles, stays))
    part = found.only(gone if with_compiler or len(gone) > len(stays) else stays)
    return part if part.heavy and gone and stays else found


def _compiles(name: str) -> bool:
    return COMPILER.match(name) is not None and name not in ("make", "cmake")


def stays_besides(found: BuildPackages, part: BuildPackages) -> str:
    """Say what no layer removes, behind a comment on the rest that a later one does."""
    if part is found or part.items[0].removed_by is None:
        return ""
    names = [quote(name) for name in found.names if name not in part.names]
    return f" {listed(names)} {'is' if len(names) == 1 else 'are'} not removed at all."


def removed_beside(found: BuildPackages) -> str | None:
    """Say that other packages of the build are removed, where a compiler stays: its author chose what stays.

    What another RUN deletes stays in the layer that installed it: these are told to be installed and deleted in one.
    """
    if any(item.removed_by is not None for item in found.items):
        return None
    first = min(_removals(found), key=lambda pair: pair[0] is not found.run, default=None)
    if first is None:
        return None
    run, call = first
    too = "remove these with it" if run is found.run else "install, use and delete these in one `RUN` as well"
    return (
        f"{quote(spelled(call))} (line {call.command.line}) removes what else only the build needs. "
        f"If the container compiles nothing when it runs, {too}."
    )


def _removals(found: BuildPackages) -> Iterator[tuple[Run, PackageCall]]:
    """Yield the calls that remove a group of packages, or packages of builds."""
    manager = found.items[0].manager
    calls = [(run, call) for run in found.stage.all_runs for call in run.package_calls if call.manager == manager]
    groups = {call.virtual for _, call in calls} - {None}
    for run, call in calls:
        if call.action == "remove" and any(
            one.name in groups or is_build_only(one.name, found.distribution) for one in call.packages
        ):
            yield run, call
