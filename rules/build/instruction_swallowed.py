"""See instruction_swallowed.md."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Instruction,
    Problem,
    Severity,
    ShellWord,
    Stage,
    fix,
    quote,
    rule,
    script_of,
)
from rules.dockerfile.swallowed import TAKES, begins_line, is_instruction, rest_of_line
from rules.quoting import capitalized

_RUNNING = ("RUN", "HEALTHCHECK", "CMD", "ENTRYPOINT")
_STARTS = frozenset({"CMD", "ENTRYPOINT"})
_WRITES = frozenset({"echo", "printf"})
"""Commands whose arguments may be any text, that of a Dockerfile too."""
_JOINT = re.compile(r"[ \t]*\\[ \t]*\n[ \t]*$")


class _Swallowed(NamedTuple):
    """An instruction among the words of another one.

    Attributes:
        keyword: Its first word.
        command: The command that gets it.
        text: As it stands in its line.
        line: Its line.
    """

    keyword: ShellWord
    command: Command
    text: str
    line: int


@rule(
    "instruction-swallowed",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=_RUNNING,
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An instruction is read as arguments of a command above it, since the line between them does not end."""
    for stage in change.stages:
        for instruction in stage.instructions:
            found = _first(instruction)
            if found is not None:
                yield _problem(stage, instruction, found)


def _first(instruction: Instruction) -> _Swallowed | None:
    """Return the first one that a RUN, a health check or a start command takes in; blank lines are another rule's."""
    runs = instruction.keyword in _RUNNING
    script = script_of(instruction) if runs and any(word in instruction.value for word in TAKES) else None
    for command in script.commands if script is not None and script.understood else ():
        for word in command.args if command.name not in _WRITES else ():
            if is_instruction(word) and (command.name == "exit" or begins_line(word)):
                return _Swallowed(word, command, f"{word.text} {rest_of_line(word)}".strip(), word.span.line)
    return None


def _problem(stage: Stage, instruction: Instruction, found: _Swallowed) -> Problem:
    begins = begins_line(found.keyword)
    why = f"line {found.line - 1} ends in `{instruction.escape}`" if begins else "no line ends in front of it"
    words = f"the builder hands it to {quote(found.command.name)} as arguments"
    then = f" {capitalized(stage.label)} is left without this start command." if found.keyword.text in _STARTS else ""
    way_out = f"Take the `{instruction.escape}` away." if begins else "Put it into a line of its own."
    return Problem(
        found.keyword.span,
        f"{quote(found.text, 60)} is no instruction of its own: {why}, so {words} in this `{instruction.keyword}`."
        f"{then} {way_out}",
        Confidence.CERTAIN,
        instruction=instruction,
        stage=stage.key,
        key=found.keyword.text,
        fix=_fix(found) if begins and instruction.exec_form is None else None,
    )


def _fix(found: _Swallowed) -> Fix | None:
    source, start = found.keyword.source, found.keyword.start
    joint = _JOINT.search(source.text, max(0, start - 200), start)
    return fix("End the line above it", Edit(source.span(joint.start(), start), "\n") if joint is not None else None)
