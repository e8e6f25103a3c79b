"""See command_misspelt.md."""

import re
from collections.abc import Iterator
from functools import lru_cache

from rules.api import (
    INSTRUCTIONS,
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    Problem,
    Run,
    Severity,
    fix,
    quote,
    replace,
    rule,
)
from rules.runtime.starts.instructions import Written, written

_COMMON = (
    "adduser addgroup apt-get bundle chmod chown composer curl dotnet export gradle groupadd install mkdir npm pip "
    "pip3 pnpm poetry python python3 tar touch unzip update-ca-certificates useradd usermod wget yarn"
).split()
_BEFORE_A_COMMAND = frozenset({"CMD", "CMD-SHELL", "ENTRYPOINT", "RUN"})
"""What stands in front of a command in a Dockerfile, or in the `test` of a compose file."""
_OF_WINDOWS = frozenset({"COPY", "LABEL"})
"""Commands of Windows, which does not tell upper from lower case."""
_SHORTEST = 5
_SHORTEST_SWAPPED = 4
"""Two swapped letters are a slip in a name of four already; one other letter makes another command."""
_SHORTEST_LACKING = 6


@rule(
    "command-misspelt",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN calls a command whose name is one letter away from a common one, or is an instruction's."""
    for found in written(change, "CMD", "ENTRYPOINT", "HEALTHCHECK"):
        word = _first_word(found)
        if word in _BEFORE_A_COMMAND and _is_program(found) and not found.stage.runtime.is_windows:
            yield _problem_of_start(found, word)
    for stage in change.stages:
        for run in stage.runs:
            for command in run.commands:
                if command.name in INSTRUCTIONS and not _is_there(run, command.name):
                    yield _problem_of_instruction(run, command)
                    continue
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
    if _is_defined(run, name):
        return True
    others = (i for i in model.dockerfile.instructions if i.keyword not in ("RUN", "FROM"))
    return f"/{name}" in model.code or any(name in instruction.whole_value for instruction in others)


def _is_there(run: Run, name: str) -> bool:
    """Whether a script makes a command of an instruction's name, or Windows has one."""
    return _is_defined(run, name) or (run.stage.runtime.is_windows and name in _OF_WINDOWS)


def _is_defined(run: Run, name: str) -> bool:
    """Whether a script of the file makes a function or an alias of that name, or asks for it."""
    word = re.escape(name)
    made = rf"(?<![\w-]){word}\s*\(\s*\)|\b(?:function|alias|-v|which|hash|type)\s+{word}\b"
    return re.search(made, run.stage.model.code) is not None


def _problem_of_instruction(run: Run, command: Command) -> Problem:
    assert command.program is not None
    span, name = command.program.span, command.name
    source = run.instruction.source
    behind = re.compile(r"[ \t]*").match(source.text, span.end)
    twice = replace(source, span._replace(end=behind.end()), "") if name == "RUN" and behind is not None else None
    way_out = (
        "Take the word away." if name == "RUN" else "Give it a line of its own, below a line that ends without `\\`."
    )
    then = "Where that is reached, the build stops" if command.conditional else "The build stops here"
    return Problem(
        span,
        f"{quote(name)} is an instruction, and inside a `RUN` the shell looks for a program of that name, which no "
        f"image has. {then}. {way_out}",
        Confidence.CERTAIN if run.script.understood else Confidence.POSSIBLE,
        doubt="what the script does was not understood",
        instruction=run.instruction,
        stage=run.stage.key,
        key=name,
        cause=f"{name} in line {span.line}",
        fix=fix("Take the second RUN away", twice),
    )


def _first_word(found: Written) -> str:
    start = found.start
    if start.form == "exec":
        return start.words[0]
    return start.commands[0].name if start.commands else ""


def _is_program(found: Written) -> bool:
    """Whether the first word is what is started: below an ENTRYPOINT a CMD is an argument."""
    entrypoint = found.stage.image.entrypoint
    return found.instruction.keyword != "CMD" or (entrypoint.known and not entrypoint.value)


def _problem_of_start(found: Written, word: str) -> Problem:
    keyword = found.instruction.keyword
    then = "Every probe fails" if keyword == "HEALTHCHECK" else "The container exits at once"
    theirs = "a word of compose files" if word == "CMD-SHELL" else "an instruction"
    return Problem(
        found.instruction.span,
        f"`{keyword}` of {found.stage.label} starts {quote(word)}, which is {theirs} and no program. {then}: nothing "
        "of that name exists. Take the word away.",
        stage=found.stage.key,
        key=word,
    )


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
