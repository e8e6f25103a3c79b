"""Questions about the GPU that a build asks, where there is none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, Severity, delete_command, fix, outcome_of_failure, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Fix, Run, Stage

_PROGRAMS = ("nvidia-smi", "nvidia-debugdump")
"""They come with the driver: NVIDIA's runtime mounts them, and its libraries, when a container starts."""
_PYTHON = re.compile(r"(?:python|pypy|ipython)[\d.]*")
_COMMENT = re.compile(r"(?m)(?:^|(?<=\s))#.*$")
_ASKS = re.compile(
    r"torch\.cuda\.(?:(?P<false>is_available)|(?P<zero>device_count)|current_device|get_device_\w+|mem_get_info)"
    r"(?=\s*\()|tf\.test\.(?:is_gpu_available|gpu_device_name)(?=\s*\()|"
    r"tf\.config\.(?:experimental\.)?list_physical_devices(?=\(\s*\\?['\"]GPU)"
)
"""Functions of PyTorch and TensorFlow that look for a GPU."""
_LENT = "a builder whose default runtime is NVIDIA's lends its GPU to the build"


def problems(stage: Stage) -> Iterator[Problem]:
    """Yield for each RUN that asks for the GPU; one that is given a device (`RUN --device`) may well have one."""
    for run in stage.runs:
        if run.deferred or run.instruction.flag("device") is not None:
            continue
        found = [command for command in run.commands if command.name in _PROGRAMS or _question(command)]
        if found:
            first = next((one for one in found if outcome_of_failure(run, one) == "stops"), found[0])
            yield _problem(stage, run, first)


def _question(command: Command) -> re.Match[str] | None:
    """Return the first question in the Python code that a command is given."""
    if not _PYTHON.fullmatch(command.name):
        return None
    code = command.heredoc or (command.option("-c") if command.has("-c") else None) or ""
    return _ASKS.search(_COMMENT.sub("", code))


def _problem(stage: Stage, run: Run, command: Command) -> Problem:
    question = _question(command)
    stops = outcome_of_failure(run, command) == "stops"
    return Problem(
        command.span,
        f"A build of {stage.label} {_answer(command, question, stops=stops)} Ask when the container starts.",
        Confidence.LIKELY,
        doubt=_LENT,
        instruction=run.instruction,
        stage=stage.key,
        severity=Severity.WARNING if stops else Severity.INFO,
        key="gpu query",
        fix=_without(run, command) if question is None and stops else None,
    )


def _without(run: Run, command: Command) -> Fix | None:
    """Take a call out that only shows something; with an answer to its failure (`|| true`) it is no plain link."""
    if command.before == "||" or command.after == "||":
        return None
    return fix(f"Leave {command.name} out", delete_command(run, command))


def _answer(command: Command, question: re.Match[str] | None, *, stops: bool) -> str:
    """Say what a build gets to hear; a fix takes out what only shows something, and leaves code alone."""
    if question is None:
        then = "it fails, and the build with it" if stops else "its answer says nothing about where the image runs"
        return f"calls {quote(command.name)}, and has neither GPU nor driver: both come with the container, so {then}."
    asked = quote(question[0])
    if question["false"] is not None:
        return f"asks {asked}, and has no GPU: the answer is `False`, whatever the image will run on."
    if question["zero"] is not None:
        return f"asks {asked}, and has no GPU: the answer is 0, whatever the image will run on."
    return f"asks {asked}, and has no GPU: it finds none, or fails, whatever the image will run on."
