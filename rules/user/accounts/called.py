"""The accounts that commands become: `su`, `gosu`, `runuser` in a RUN, in what a container starts, for cron."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.model.outcome import surely_stops
from rules.user.root.start_scripts import start_scripts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.dockerfile.nodes import Instruction
    from rules.dockerfile.shell.script import Command
    from rules.dockerfile.source import Span
    from rules.model.stage import Stage
    from rules.model.steps import Run

_CALL = (
    r"(?P<call>(?:(?:gosu|su-exec)[ ]+|(?:runuser|sudo|crontab)[ ]+(?:-[nHE][ ]+)*-u[ ]+|"
    r"su[ ]+(?:(?:-[lmp]?|--login|-s[ ]+[\w/]+)[ ]+)*)(?P<name>[a-z_][a-z0-9_-]*))(?=[ :\n]|$)"
)
_AS_COMMAND = re.compile(rf"(?:^|[;&|(]|(?:\b(?:exec|then|do|else)|--)[ ])[ \t]*{_CALL}", re.MULTILINE)
_IN_LINE = re.compile(rf"[ \t]{_CALL}")
_NAMED = re.compile(r"(?:gosu|su-exec|runuser|sudo|crontab|su)[ \t\\]")
"""What stands in each text of which one is a command."""
_MAKES = re.compile(r"\b(?:useradd|adduser|usermod|groupmod)\b|/etc/passwd")
"""What makes an account, or gives one another name, when the container starts."""
_CRON = ("/etc/cron", "/var/spool/cron")


class Call(NamedTuple):
    """A command that becomes another account.

    Attributes:
        name: The account.
        text: The beginning of the command, such as `su apache`.
        span: Where it stands, or the instruction that starts it.
        instruction: That instruction.
        then: What comes of an account that is not there, a clause.
        sure: Whether it is surely run.
    """

    name: str
    text: str
    span: Span
    instruction: Instruction
    then: str
    sure: bool


def called_identities(change: DockerfileChange, stage: Stage) -> Iterator[Call]:
    """Yield the accounts that the RUNs of a stage become and, where it ships, those that its container does.

    Args:
        change: The change.
        stage: The stage.
    """
    for run in stage.runs:
        if run.is_read and not run.deferred and _NAMED.search(run.instruction.whole_value):
            for command in run.commands:
                yield from _of_command(run, command)
    if stage in change.after.shipped:
        yield from _of_start(change, stage)


def _of_command(run: Run, command: Command) -> Iterator[Call]:
    """What a command becomes that surely runs, or a line that it writes for cron does."""
    if not surely_stops(run, command):
        return
    match = _AS_COMMAND.match(str(command))
    if match is not None:
        yield Call(match["name"], match["call"], command.span, run.instruction, "the build stops here", sure=True)
    targets = [one.target.value for one in command.redirects if one.target is not None and ">" in one.operator]
    if command.name in ("echo", "printf") and any(target.startswith(_CRON) for target in targets):
        for word in command.args:
            for found in _IN_LINE.finditer(word.value):
                then = "cron fails to run what this line writes for it"
                yield Call(found["name"], found["call"], command.span, run.instruction, then, sure=False)


def _of_start(change: DockerfileChange, stage: Stage) -> Iterator[Call]:
    """What the start command becomes, and what the scripts do that were read and make no account."""
    settings = [one for one in stage.image.start_command if one.set_in_file and one.value is not None]
    for setting in settings:
        if setting.instruction is not None and setting.value is not None and setting.stage is stage:
            for found in _AS_COMMAND.finditer(" ".join(setting.value.words)):
                place, then = setting.instruction, "the container ends there"
                yield Call(found["name"], found["call"], place.span, place, then, sure=True)
    instruction = next((one.instruction for one in settings if one.instruction is not None), None)
    for script in start_scripts(change, stage):
        text = script.code
        if instruction is None or _MAKES.search(text):
            continue
        for found in _AS_COMMAND.finditer(text):
            line = text.count("\n", 0, found.start("call")) + 1
            then = f"`{script.name}` fails in line {line}"
            yield Call(found["name"], found["call"], instruction.span, instruction, then, sure=False)
