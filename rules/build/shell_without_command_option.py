"""See shell_without_command_option.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    Problem,
    Severity,
    Stage,
    Step,
    fix,
    insert_after,
    quote,
    rule,
)
from rules.dockerfile.shell.nested import SHELL_VALUES, SHELLS

_WITH_C = re.compile(r"-[A-Za-z]*c[A-Za-z]*")
_ENDS_IN_O = re.compile(r"-[A-Za-z]*o")
_CHECK = re.compile(r"CMD\s+[^\s\[]")
"""A health check in shell form."""


@rule(
    "shell-without-command-option",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("SHELL",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A SHELL has no `-c`, so that the shell takes each command line for the name of a script."""
    for stage in change.stages:
        for instruction in stage.instructions:
            if instruction.keyword == "SHELL" and _lacks_option(instruction) and not _is_replaced(stage, instruction):
                yield _problem(stage, instruction)


def _lacks_option(instruction: Instruction) -> bool:
    """Whether a shell of the POSIX family is the program, and has nothing behind it but options, none of them `-c`."""
    words = [word.text for word in instruction.exec_form or ()]
    if not words or words[0].rpartition("/")[2] not in SHELLS:
        return False
    value = False
    for word in words[1:]:
        if value:
            value = False
        elif _WITH_C.fullmatch(word) or not word.startswith(("-", "+")):
            return False
        else:
            value = word in SHELL_VALUES or _ENDS_IN_O.fullmatch(word) is not None
    return not value


def _is_replaced(stage: Stage, instruction: Instruction) -> bool:
    """Whether another SHELL stands below before anything is run by this one."""
    below = any(one.keyword == "SHELL" and one.line > instruction.line for one in stage.instructions)
    return below and _handed_over(stage, instruction) is None


def _handed_over(stage: Stage, instruction: Instruction) -> Instruction | None:
    """Return the first instruction below that the shell gets as a command line, in a stage upon this one too."""
    steps = (step for other in stage.model.stages for step in other.steps if step.shell.instruction is instruction)
    return next((step.instruction for step in steps if not step.deferred and _is_command_line(step)), None)


def _is_command_line(step: Step) -> bool:
    at = step.instruction
    if at.keyword == "HEALTHCHECK":
        return _CHECK.search(at.value) is not None
    if at.exec_form is not None or at.keyword not in ("RUN", "CMD", "ENTRYPOINT"):
        return False
    return not (at.heredocs and at.heredocs[0].body.startswith("#!"))  # which is started as a program


def _problem(stage: Stage, instruction: Instruction) -> Problem:
    words, user = instruction.exec_form or (), _handed_over(stage, instruction)
    fact = f"{quote(str(instruction))} of {stage.label} has no `-c`: {quote(words[0].text)} takes"
    if user is None:
        then = (
            f"{fact} a command line for the name of a script. Nothing in this file is run by it; what is built upon "
            "the image stops at its first `RUN`. `-c` comes last, or the line can go."
        )
    else:
        fails = {"RUN": "the build stops", "HEALTHCHECK": "the check fails each time"}.get(
            user.keyword, "the container stops at once"
        )
        then = (
            f"{fact} the command line of `{user.keyword}` on line {user.line} for the name of a script, and {fails}: "
            "“no such file or directory”. `-c` comes last."
        )
    return Problem(
        instruction.span,
        then,
        Confidence.CERTAIN if user is not None else Confidence.POSSIBLE,
        stage=stage.key,
        severity=None if user is not None else Severity.INFO,
        fix=fix("Add -c", insert_after(instruction.source, words[-1], ', "-c"')),
    )
