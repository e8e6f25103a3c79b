"""Scripts of the repository that run in a later layer and may install from the lists of an earlier one."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import TYPE_CHECKING

from rules.api import quote
from rules.packages.at_start import code_at_start
from rules.packages.projects.files import in_repository
from rules.packages.scripts_run import called_script, scripts_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.api import Command, DockerfileChange, Problem, Run

_INSTALLS = re.compile(r"\bapt(?:-get)?\b[^\n;&|#]*\binstall\b")
_UPDATES = re.compile(r"\bapt(?:-get)?\b[^\n;&|#]*\bupdate\b")


def mindful_of_scripts(change: DockerfileChange, run: Run, problems: Iterable[Problem]) -> list[Problem]:
    """Return advice to empty apt's lists; where a script below may install from them, it says so and offers no edit.

    There is none where a script that starts the container installs from them.
    """
    found = list(problems)
    if not any(problem.key == "apt" for problem in found):
        return found
    if _needs_lists(code_at_start(change)):
        return [problem for problem in found if problem.key != "apt"]  # the container installs from them
    needing = _in_need(change, run)
    if needing is None:
        return found
    script, line = quote(called_script(needing).rpartition("/")[2]), needing.line
    addition = f" {script} (line {line}) runs later: if it installs packages, it then needs `apt-get update` itself."
    heed = f"where {script} (line {line}) runs later, and needs `apt-get update` itself if it installs packages"
    return [
        dataclasses.replace(problem, message=problem.message + addition, heed=heed, fix=None)
        if problem.key == "apt"
        else problem
        for problem in found
    ]


def _in_need(change: DockerfileChange, run: Run) -> Command | None:
    """Return the first script that may install from the lists of a RUN."""
    for later in _later(run):
        fetched = _fetched_at(later)
        for command, text in texts_run(change, later):
            if command.start <= fetched and (text is None or _needs_lists(text)):
                return command
    return None


def texts_run(change: DockerfileChange, run: Run) -> Iterator[tuple[Command, str | None]]:
    """Yield the calls of the project's shell scripts in a RUN, with the script's text where it was read."""
    for command, put in scripts_run(run):
        path = in_repository(change, put.source)
        yield command, change.repository.text(path) if path is not None else None


def _needs_lists(text: str) -> bool:
    """Whether a script installs with apt before it fetches lists."""
    installs, updates = _INSTALLS.search(text), _UPDATES.search(text)
    return installs is not None and (updates is None or updates.start() > installs.start())


def _later(run: Run) -> list[Run]:
    """The RUNs below one, in its stage, up to where lists are fetched anew."""
    found = []
    for other in (one for one in run.stage.runs if one.index > run.index):
        found.append(other)
        if any(call.manager == "apt" and call.action == "update" for call in other.package_calls):
            break
    return found


def _fetched_at(run: Run) -> float:
    """Where a RUN fetches lists itself, infinity where it does not."""
    updates = (c.command.start for c in run.package_calls if c.manager == "apt" and c.action == "update")
    return next(updates, math.inf)
