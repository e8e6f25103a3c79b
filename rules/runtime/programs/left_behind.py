"""A Python program that only the builder has: its packages are installed there, and nothing of them is copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import Confidence, Note, Problem, quote
from rules.copying.python.packages import CONSOLE_SCRIPTS
from rules.facts.installers import PYTHON_MANAGERS
from rules.model.puts import meet
from rules.model.search_path import DEFAULT_PATH
from rules.packages.pins.asked_packages import ACTIONS, MANAGERS, asked_packages
from rules.runtime.lost.gained_programs import may_gain

if TYPE_CHECKING:
    from rules.api import DockerfileChange, PackageCall, Run, Stage
    from rules.runtime.starts.instructions import Written

_BRING = frozenset(
    {*PYTHON_MANAGERS, "pip3", "pipx", "python", "python3", "conda", "mamba", "micromamba", "easy_install"}
)
"""Commands that install Python's packages, or may by a script."""


def left_behind(change: DockerfileChange, found: Written) -> Problem | None:
    """Return the problem of a start by the name of a Python program that a builder installs and nobody copies."""
    stage, words = found.stage, found.start.words
    name = words[0] if found.start.form == "exec" and words else ""
    if name not in CONSOLE_SCRIPTS or stage.image.entrypoint or _may_have(stage, name):
        return None
    for copy in stage.copies:
        run = _installed_by(change, copy.from_stage, name) if copy.from_stage is not None else None
        if run is None or copy.from_stage is None:
            continue
        builder = copy.from_stage.label
        return Problem(
            found.instruction.span,
            f"{stage.label} starts {quote(name)}, which is not in the image: {builder} installs it (line "
            f"{run.instruction.line}), and of what is copied from there nothing comes to a folder of `PATH`. The "
            "container exits with “executable file not found”. Copy the environment that holds the packages and "
            "their programs, and have `PATH` lead to it, or install them in this stage.",
            Confidence.LIKELY,
            doubt="a file that is copied may bring it",
            stage=stage.key,
            key=name,
            notes=(Note(run.instruction.span, f"{name} is installed here"),),
        )
    return None


def _may_have(stage: Stage, name: str) -> bool:
    """Whether the image may have a program all the same: by its base, an install, or a copy to a folder of `PATH`."""
    if stage.facts is None or not stage.facts.is_plain or may_gain(stage, name, _BRING, "$*/"):
        return True
    puts = (put for put in stage.files.puts if not put.makes_folder)
    return any(meet(put.path, folder) for put in puts for folder in DEFAULT_PATH)


def _installed_by(change: DockerfileChange, builder: Stage, name: str) -> Run | None:
    """Return the RUN of a builder in which pip installs a package by its name, or by a list that was read."""
    calls = ((run, call) for run in builder.done_runs for call in run.package_calls if call.manager in MANAGERS)
    return next((run for run, call in calls if _asks_for(change, run, call, name)), None)


def _asks_for(change: DockerfileChange, run: Run, call: PackageCall, name: str) -> bool:
    return call.action in ACTIONS and any(one.name == name for one in asked_packages(change, run, call))
