"""Package lists that a stage fetches although its release has left the mirrors that the base image names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.facts.gone_mirrors import left_mirrors
from rules.model.carried import fills_root
from rules.model.puts import within
from rules.packages.indexes.sources import may_ask_other_mirrors, only_adds_nodesource
from rules.packages.options import spelled
from rules.packages.scripts import may_be_script, sure_calls
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from rules.change import DockerfileChange
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.model import Model
    from rules.model.puts import Put
    from rules.model.stage import Stage
    from rules.model.steps import Run

_FETCHING = {"apt": frozenset({"update"}), "yum": frozenset({"install", "update", "upgrade"})}
"""What asks the mirrors, by manager: of apt the update, of yum and dnf everything that installs."""
_OF_YUM = frozenset({"yum", "dnf"})
_REPOSITORIES = re.compile(
    r"yum\.repos|yum\.conf|/etc/yum|/etc/dnf|vault\.|mirrorlist|baseurl|--(?:enable|disable)repo|--repo"
)
"""What tells yum to ask elsewhere."""


def lists_gone(stages: Sequence[Stage], today: date) -> str:
    """Say that the build stops where a stage fetches its release's lists; empty where none does, or elsewhere.

    Args:
        stages: Those upon the base image, and upon each other; of what is built is spoken first.
        today: The day to judge by.
    """
    for stage in sorted(stages, key=lambda one: one.index not in one.model.needed_by_shipped):
        facts = stage.facts
        known = facts is not None and (facts.exact or facts.distro == "centos")
        why = (
            left_mirrors(facts.distro, facts.release, today, tag=facts.tag or "")
            if facts is not None and known
            else None
        )
        found = _first_fetch(stage) if why else None
        if found is not None and not _asks_elsewhere(stage, *found):
            return f"{_stopping(stage, *found)} the build: {why}. "
    return ""


def _stopping(stage: Stage, run: Run, call: PackageCall) -> str:
    """Name what asks the mirrors first, which may be NodeSource's script, and say that it stops."""
    above = (one for one in stage.runs if one.at <= run.at and only_adds_nodesource(one))
    script = next((one for one in above if any(True for _ in sure_calls(one, "bash", "sh"))), None)
    if script is not None:
        return f"NodeSource's script (line {script.instruction.line}) calls {quote(spelled(call))}, which stops"
    return f"{quote(spelled(call))} (line {call.command.line}) stops"


def stops_anew(change: DockerfileChange, stages: Sequence[Stage], today: date) -> bool:
    """Tell whether a build stops at lists that are gone, and before the change fetched none at all.

    Lists that were fetched in a way that may have worked, or may not have run, say nothing of what the change does.

    Args:
        change: The file.
        stages: Those upon the base image.
        today: The day to judge by.
    """
    if change.before is None:
        return False
    now = [one for one in _built(change.after) if one.root in stages]
    return bool(lists_gone(now, today)) and not any(map(_may_fetch, _built(change.before)))


def _built(model: Model) -> list[Stage]:
    return [one for one in model.stages if one.index in model.needed_by_shipped]


def _may_fetch(stage: Stage) -> bool:
    """Whether a stage may fetch lists: by a call, whether or not it surely runs, or by a script that nobody read."""
    calls = (call for run in stage.runs for call in run.package_calls)
    commands = (command for run in stage.runs for command in run.commands)
    return (
        stage.files.has_unreadable_run
        or any(call.manager == "apt" or call.manager in _OF_YUM for call in calls)
        or any(may_be_script(command) for command in commands)
    )


def _first_fetch(stage: Stage) -> tuple[Run, PackageCall] | None:
    """Return the first call of a stage that asks its mirrors and stops the build where they do not answer."""
    for run in stage.runs:
        sure = {command.start for command in sure_calls(run, "apt", "apt-get", "yum", "dnf")}
        for call in run.package_calls:
            manager = "yum" if call.manager in _OF_YUM else call.manager
            if call.command.start in sure and call.verb in _FETCHING.get(manager, ()):
                return run, call
    return None


def _asks_elsewhere(stage: Stage, run: Run, call: PackageCall) -> bool:
    """Whether something above may have named other mirrors: a file, a setting, a script, a package."""
    above = [one for one in stage.done_runs if one.at < run.at and not only_adds_nodesource(one)]
    filled = any(fills_root(put) and _place(put) < (*run.at, call.command.start) for put in stage.files.puts)
    if filled or any(may_be_script(command) for one in above for command in one.commands):
        return True
    if call.manager == "apt":
        return may_ask_other_mirrors(stage, run, call)
    texts = [one.instruction.text for one in above] + [run.instruction.text]
    copied = any(put.path == "/" or within(put.path, "/etc") for put in stage.files.puts)
    return copied or any(_REPOSITORIES.search(text) for text in texts)


def _place(put: Put) -> tuple[int, int, int]:
    return (*put.step.at, put.command.start if put.command is not None else 0)
