"""See shell_without_command_option.md."""

import re
from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Instruction, Problem, Severity, Stage, fix, insert_after, quote, rule

_SHELLS = frozenset("sh bash ash dash ksh zsh".split())
_VALUED = frozenset({"-o", "+o", "-O", "+O", "--rcfile", "--init-file"})
_WITH_C = re.compile(r"-[A-Za-z]*c[A-Za-z]*")
_ENDS_IN_O = re.compile(r"-[A-Za-z]*o")


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
            if instruction.keyword == "SHELL" and _lacks_option(instruction):
                yield _problem(stage, instruction)


def _lacks_option(instruction: Instruction) -> bool:
    """Whether a shell of the POSIX family is the program, and has nothing behind it but options, none of them `-c`."""
    words = [word.text for word in instruction.exec_form or ()]
    if not words or words[0].rpartition("/")[2] not in _SHELLS:
        return False
    value = False
    for word in words[1:]:
        if value:
            value = False
        elif _WITH_C.fullmatch(word) or not word.startswith(("-", "+")):
            return False
        else:
            value = word in _VALUED or _ENDS_IN_O.fullmatch(word) is not None
    return not value


def _problem(stage: Stage, instruction: Instruction) -> Problem:
    words = instruction.exec_form or ()
    return Problem(
        instruction.span,
        f"{quote(str(instruction))} of {stage.label} has no `-c`: {quote(words[0].text)} takes the command line of "
        "each `RUN` below for the name of a script, and stops with “no such file or directory”. `-c` comes last.",
        stage=stage.key,
        fix=fix("Add -c", insert_after(instruction.source, words[-1], ', "-c"')),
    )
