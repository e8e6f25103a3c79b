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

_TAKES = {
    **dict.fromkeys(("CMD", "ENTRYPOINT", "RUN"), re.compile(r"\S")),
    **dict.fromkeys(("COPY", "ADD"), re.compile(r"--\w|\S+[ \t]+\S")),
    **dict.fromkeys(("USER", "STOPSIGNAL"), re.compile(r"[\w$.:{}-]+\s*$")),
    **dict.fromkeys(("WORKDIR", "VOLUME"), re.compile(r"[\"\[]*[/$]")),
    **dict.fromkeys(("ENV", "ARG", "LABEL"), re.compile(r"[\"\w.-]+=")),
    "EXPOSE": re.compile(r"[\d$]"),
    "FROM": re.compile(r"\S+(?:[ \t]+AS[ \t]+\S+)?\s*$", re.IGNORECASE),
    "HEALTHCHECK": re.compile(r"--\w|CMD\s|NONE"),
    "SHELL": re.compile(r"\["),
}
"""Instruction, in capitals as people write it, to how its value begins: what is no such thing is a word like any."""
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
    keywords=("RUN", "HEALTHCHECK", "CMD", "ENTRYPOINT"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An instruction is read as arguments of a command above it, since the line between them does not end."""
    for stage in change.stages:
        for instruction in stage.instructions:
            found = _first(instruction)
            if found is not None:
                yield _problem(stage, instruction, found)


def _first(instruction: Instruction) -> _Swallowed | None:
    """Return the first one that a RUN, a health check or a start command takes in."""
    script = script_of(instruction) if any(word in instruction.value for word in _TAKES) else None
    for command in script.commands if script is not None and script.understood else ():
        for word in command.args if command.name not in _WRITES else ():
            if word.text in _TAKES and (command.name == "exit" or _begins_line(instruction, word)):
                rest = _rest(word)
                if _TAKES[word.text].match(rest):
                    return _Swallowed(word, command, f"{word.text} {rest}".strip(), word.span.line)
    return None


def _begins_line(instruction: Instruction, word: ShellWord) -> bool:
    """Whether a line begins with it, right below one that goes on; of blank ones between, empty-continuation speaks."""
    source, line = word.source, word.span.line
    start = source.line_span(line).start
    return (
        line > instruction.span.line
        and not source.text[start : word.start].strip()
        and source.line(line - 1).rstrip().endswith(instruction.escape)
    )


def _rest(word: ShellWord) -> str:
    line = word.source.line_span(word.span.line)
    return word.source.text[word.end : line.end].strip().removesuffix("\\").rstrip()


def _problem(stage: Stage, instruction: Instruction, found: _Swallowed) -> Problem:
    begins = _begins_line(instruction, found.keyword)
    why = f"line {found.line - 1} ends in `{instruction.escape}`" if begins else "no line ends in front of it"
    words = f"the builder hands it to {quote(found.command.name)} as arguments"
    then = f" {stage.label} is left without this start command." if found.keyword.text in _STARTS else ""
    way_out = f"Take the `{instruction.escape}` away." if begins else "Put it into a line of its own."
    return Problem(
        found.keyword.span,
        f"{quote(found.text, 60)} is no instruction of its own: {why}, so {words} in this `{instruction.keyword}`."
        f"{_capital(then)} {way_out}",
        Confidence.CERTAIN,
        instruction=instruction,
        stage=stage.key,
        key=found.keyword.text,
        fix=_fix(found) if begins and instruction.exec_form is None else None,
    )


def _capital(sentence: str) -> str:
    return sentence[:1] + sentence[1:2].upper() + sentence[2:]


def _fix(found: _Swallowed) -> Fix | None:
    source, start = found.keyword.source, found.keyword.start
    joint = _JOINT.search(source.text, max(0, start - 200), start)
    return fix("End the line above it", Edit(source.span(joint.start(), start), "\n") if joint is not None else None)
