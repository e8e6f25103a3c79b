"""A process 1 that only waits, beside the program that was process 1 before the change."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.change import DockerfileChange
from rules.runtime.signals.daemons import background
from rules.runtime.starts.instructions import behind_init, is_executed, reads_code, shipped
from rules.runtime.starts.scripts import StartScript, start_script
from rules.runtime.starts.text import shell_commands

if TYPE_CHECKING:
    from rules.api import Command
    from rules.runtime.starts.instructions import Written


class Idle(NamedTuple):
    """A start that ends in a program that only waits.

    Attributes:
        last: The program that waits: `tail -F access.log`.
        left: The command that goes into the background, and that its program stood last in before the change.
        program: That program's name.
        script: The start script that holds the two, `None` where the instruction does.
    """

    last: Command
    left: Command
    program: str
    script: StartScript | None


def idle_process(change: DockerfileChange, found: Written) -> Idle | None:
    """Return what waits in the place of the program, where the program goes into the background now and did not before.

    Args:
        change: The change under review.
        found: The start command as it is now.
    """
    script, commands = _commands(change, found)
    if len(commands) < 2 or not _waits(commands[-1]) or commands[-1].conditional:  # noqa: PLR2004 - the program and what waits
        return None
    before = _before(change, found)
    for command in commands[:-1]:
        name = _left(command)
        if name is not None and before is not None and name == before:
            return Idle(commands[-1], command, name, script)
    return None


def _commands(change: DockerfileChange, found: Written) -> tuple[StartScript | None, tuple[Command, ...]]:
    """Return what a shell runs when the container starts, and the script where there is one."""
    script = start_script(change, found, through_stages=True)
    return script, shell_commands(found.start) if script is None else script.outer_commands


def _waits(command: Command) -> bool:
    """Whether a program does nothing but wait, or show what others write: it never ends by itself."""
    if command.name == "tail":
        return command.has("-f", "-F", "--follow")
    return command.name == "sleep" and [word.value for word in command.args] in (["infinity"], ["inf"])


def _left(command: Command) -> str | None:
    """Return the program that a command surely leaves in the background."""
    if command.conditional or command.program is None:
        return None
    daemon = background(command.argv)
    return daemon.name if daemon is not None else command.name if command.after == "&" else None


def _before(change: DockerfileChange, found: Written) -> str | None:
    """Return the program that was process 1 before the change, and stayed in the foreground."""
    if change.before is None or change.was(found.stage) is None:
        return None
    then = DockerfileChange(
        change.before, None, change.repository_before, change.repository_before, change.policy, change.today
    )
    old = [each for each in shipped(then) if each.stage is change.was(found.stage)]
    started = next((each for each in old if each.instruction.keyword == found.instruction.keyword), None)
    if started is None or not is_executed(started):
        return None
    if start_script(then, started, through_stages=True) is None and started.start.form == "exec":
        words = behind_init(started.start.words)
        if not reads_code(words):
            return posixpath.basename(words[0]) if words and background(words) is None else None
    _, commands = _commands(then, started)
    last = commands[-1] if commands else None
    stays = last is not None and not last.conditional and last.after != "&" and _left(last) is None
    return last.name if last is not None and stays else None
