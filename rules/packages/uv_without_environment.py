"""See uv_without_environment.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert,
    quote,
    rule,
)
from rules.base_image.moved.version_contracts import texts_near
from rules.packages.developers.parts import read_toml, table
from rules.packages.scripts import runs_script_before

_CHOOSES = ("--system", "--python", "-p", "--target", "-t", "--prefix")
"""Options that say where to install (uv's documentation, "Using Python environments")."""
_MAKES_ONE = re.compile(
    r"\bvenv\b|virtualenv|VIRTUAL_ENV|CONDA_PREFIX|\bconda\b|\bmamba\b|micromamba|UV_SYSTEM_PYTHON|UV_PYTHON\b"
    r"|\buv[ \t]+(?:sync|run|add)\b"
)
"""What makes an environment, or names one, anywhere in the file: uv's commands for a project make `.venv`."""


@rule(
    "uv-without-environment",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("uv",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """`uv pip` is to install where there is no virtual environment, and is not told to use the system's Python."""
    if _MAKES_ONE.search(change.after.code) or _is_set_in_files(change):
        return
    for stage in change.stages:
        facts = stage.facts
        if facts is None or not facts.is_plain or stage.runtime.is_windows:
            continue
        for run in stage.runs:
            call = next((call for call in run.package_calls if _needs_environment(call)), None)
            if call is not None and runs_script_before(run, call.command.start):
                break
            if call is not None and not call.command.conditional:
                yield _problem(stage, run, call)
                break


def _is_set_in_files(change: DockerfileChange) -> bool:
    """Whether the project's settings for `uv pip` say where to install, or a file of settings alone may.

    (uv's documentation, "Configuration files" and "pip" under "Settings".)
    """
    if "uv.toml" in change.after.code or "uv.toml" in change.repository.by_name:
        return True
    tables = (table(read_toml(text), "tool", "uv", "pip") for _, text in texts_near(change, "pyproject.toml"))
    return any(settings.get(name) for settings in tables for name in ("system", "python", "target", "prefix"))


def _needs_environment(call: PackageCall) -> bool:
    """Whether uv looks for an environment: `python -m uv` installs into the Python that calls it, which it is told.

    (`UV_INTERNAL__PARENT_INTERPRETER`; astral-sh/uv, `crates/uv-python/src/discovery.rs`.)
    """
    if call.program.partition(" ")[0] != "uv":
        return False
    return call.manager == "uv" and call.verb in ("pip install", "pip sync") and not call.has(*_CHOOSES)


def _problem(stage: Stage, run: Run, call: PackageCall) -> Problem:
    written = f"uv {call.verb}"
    words = call.command.words
    last = next((word for word in words if word.value == call.verb.split()[-1]), None)
    return Problem(
        call.command.span,
        f"{stage.label} runs {quote(written)} outside a virtual environment: uv looks for `.venv`, and does not take "
        "the system's Python unless it is told to. The build stops here with “No virtual environment found”. Add "
        "`--system`, or set `ENV UV_SYSTEM_PYTHON=1`.",
        Confidence.LIKELY,
        doubt="the base image may hold an environment",
        instruction=run.instruction,
        stage=stage.key,
        key=call.verb,
        fix=fix("Use the system's Python", insert(run.instruction.source, last.span.end, " --system"))
        if last is not None
        else None,
    )
