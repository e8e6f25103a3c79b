"""See command_misspelt.md."""

import re
from collections.abc import Iterator
from functools import lru_cache

from rules.api import Category, Command, Confidence, DockerfileChange, Fix, Problem, Run, Severity, quote, replace, rule

_COMMON = (
    "adduser addgroup apt-get bundle chmod chown composer curl dotnet export gradle groupadd install mkdir npm pip "
    "pip3 pnpm poetry python python3 tar touch unzip update-ca-certificates useradd usermod wget yarn"
).split()
_SHORTEST = 5
_SHORTEST_SWAPPED = 4
"""Two swapped letters are a slip in a name of four already; one other letter makes another command."""
_SHORTEST_LACKING = 6


@rule(
    "command-misspelt",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN calls a command whose name is one letter away from a common one."""
    for stage in change.stages:
        for run in stage.runs:
            for command in run.commands:
                near = _meant(command.name)
                if near is not None and not _is_made(run, command):
                    yield _problem(run, command, near, stage.key)


@lru_cache(maxsize=4096)
def _meant(name: str) -> str | None:
    """Return the common command that a name is two swapped letters, or one missing or wrong, away from."""
    if len(name) < _SHORTEST_SWAPPED or not name.replace("-", "").isalnum() or name in _COMMON:
        return None
    return next((common for common in _COMMON if _one_apart(name, common)), None)


def _one_apart(name: str, common: str) -> bool:
    if name[0] != common[0]:
        return False
    if len(name) == len(common) - 1:  # a letter within is missing: `compose` may be meant, `pyton` cannot
        lacks = (common[:i] + common[i + 1 :] == name for i in range(1, len(common) - 1))
        return len(common) >= _SHORTEST_LACKING and any(lacks)
    if len(name) != len(common):
        return False
    wrong = [i for i in range(len(name)) if name[i] != common[i]]
    if any(not (name[i] + common[i]).isalpha() for i in wrong):
        return False  # `python2`, `pip-3`
    if len(wrong) == 1:
        return wrong[0] > 1 and len(name) >= _SHORTEST
    swapped = len(wrong) == 2 and wrong[1] == wrong[0] + 1  # noqa: PLR2004 - a swap
    return swapped and name[wrong[0]] == common[wrong[1]] and name[wrong[1]] == common[wrong[0]]


def _is_made(run: Run, command: Command) -> bool:
    """Whether the image may have a command of that name: the file mentions it elsewhere, or a path is given."""
    program = command.program
    return program is None or "/" in program.value or _named_elsewhere(run, command.name)


def _named_elsewhere(run: Run, name: str) -> bool:
    """Whether another kind of instruction names it, a path ends in it, or the script makes or asks for it."""
    model = run.stage.model
    word = re.escape(name)
    if re.search(rf"(?<![\w-]){word}\s*\(\s*\)|\b(?:function|alias|-v|which|hash|type)\s+{word}\b", model.code):
        return True
    others = (i for i in model.dockerfile.instructions if i.keyword not in ("RUN", "FROM"))
    return f"/{name}" in model.code or any(name in instruction.whole_value for instruction in others)


def _problem(run: Run, command: Command, near: str, stage: str) -> Problem:
    assert command.program is not None
    source = run.instruction.source
    return Problem(
        command.program.span,
        f"{quote(command.name)} is not found: did you mean {quote(near)}? The build stops here, or goes on without "
        "it where a failure is forgiven.",
        Confidence.LIKELY,
        doubt="the image may have a program of that name",
        instruction=run.instruction,
        stage=stage,
        key=command.name,
        fix=Fix(f"Call {near}", (replace(source, command.program.span, near),)),
    )
