"""Installs that find no package lists of apt: none were fetched before, or they were removed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.packages.scripts import is_own_program, may_be_script

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run

_RECIPES = frozenset("make gmake just task rake ansible-playbook".split())
"""Programs that do what a file of the project says: theirs are not read, and may fetch the lists."""
LISTS = "/var/lib/apt/lists"
"""Where apt keeps them."""


def fetches_in(stage: Stage) -> bool:
    """Tell whether anything in the stage fetches lists."""
    return any(call.manager == "apt" and _fetches(call) for run in stage.done_runs for call in run.package_calls)


def without_lists(stage: Stage, *, conditional: bool = False) -> dict[int, PackageCall]:
    """Return, for each RUN of a stage, the first install that finds no lists: none fetched before, or removed again.

    A trigger (ONBUILD) is none of them: it runs upon the image as it is in the end, with the lists that it has then.

    Args:
        stage: The stage.
        conditional: Whether an install under a condition counts.
    """
    fetched = unread = False
    found: dict[int, PackageCall] = {}
    for run in stage.done_runs:
        if run.stage is stage and not fetched and not unread:
            call = _first_without(run, conditional=conditional)
            if call is not None:
                found[id(run)] = call
        last = max((call.command.start for call in _calls(run) if _fetches(call)), default=-1)
        fetched = (fetched or last >= 0) and not run.cleans_behind(last, "apt", "lists")
        unread = unread or not run.is_read or any(map(_may_fetch, run.commands))
    return found


def cleared_above(stage: Stage, run: Run) -> Run | None:
    """Return the last RUN above another one that fetches lists, where it removes them again."""
    above = (other for other in reversed(stage.done_runs) if other.at < run.at)
    fetching = next((other for other in above if any(map(_fetches, _calls(other)))), None)
    if fetching is None:
        return None
    last = max(call.command.start for call in _calls(fetching) if _fetches(call))
    return fetching if fetching.cleans_behind(last, "apt", "lists") else None


def _calls(run: Run) -> list[PackageCall]:
    return [call for call in run.package_calls if call.manager == "apt"]


def _first_without(run: Run, *, conditional: bool) -> PackageCall | None:
    """Return the first install of a RUN that nothing in the same RUN fetches lists for, when none are there before."""
    for call in run.package_calls:
        if call.manager == "apt":
            if _fetches(call):
                return None
            if _needs_lists(call) and (conditional or not call.command.conditional):
                before = (command for command in run.commands if command.start < call.command.start)
                read = run.is_read and not any(map(_may_fetch, before))
                there = run.is_mounted(LISTS) or any(put.step.at < run.at for put in run.stage.files.below(LISTS))
                return call if read and not there else None
    return None


def _may_fetch(command: Command) -> bool:
    """Whether a command is not in the file, and may fetch lists: a script, a program by its path, a recipe."""
    return is_own_program(command) or may_be_script(command) or command.name in _RECIPES


def _fetches(call: PackageCall) -> bool:
    return call.action == "update" or call.has("--update")


def _needs_lists(call: PackageCall) -> bool:
    return call.action == "install" and any(package.kind in ("name", "variable") for package in call.packages)
