"""What the commands of a substitution or of a shell's script stand in: other commands, and quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.dockerfile.shell.nested import RUNS_MORE, inner_script
from rules.lazily import once

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.dockerfile.shell.script import Command, ShellWord
    from rules.model.steps import Run


@once
def innermost_around(run: Run) -> Mapping[int, Command]:
    """Return the innermost command around each command that stands in another, by where it starts."""
    found: dict[int, Command] = {}
    open_: list[Command] = []
    for command in sorted(run.commands, key=lambda one: (one.start, -one.end)):
        while open_ and open_[-1].end <= command.start:
            open_.pop()
        if open_ and open_[-1].start < command.start:
            found[command.start] = open_[-1]
        open_.append(command)
    return found


def shell_around(run: Run, command: Command) -> Command | None:
    """Return the command that hands a shell the script which a command stands in: `su app -c "…"`; `None` for none."""
    return _by_start(run).get(command.handed_by) if command.handed_by >= 0 else None


def runs_apart(run: Run, command: Command) -> bool:
    """Tell whether a command runs for another one: in a substitution, by `find -exec`, by `uv run`.

    In the script of a shell that is itself a command of the RUN, it runs as if it stood in the RUN: under another user
    it may be, with variables and a folder of its own, and what becomes of a failure hangs on both.
    """
    while (around := shell_around(run, command)) is not None:
        command = around
    return command.nested


@once
def _by_start(run: Run) -> Mapping[int, Command]:
    return {command.start: command for command in run.commands if command.name in RUNS_MORE}


def fits_quotes(run: Run, offset: int, text: str) -> bool:
    """Tell whether a text may stand at a place of a RUN: in `sh -c "…"` it must not end the quotes or be filled in."""
    words = (word.text[:1] for word in _handed_words(run) if word.start < offset < word.end)
    return not any(sign in text for mark in words for sign in _ENDING.get(mark, ""))


_ENDING = {"'": "'", '"': '"$`'}
"""What a quoted word cannot hold as it is, by its quotes."""


@once
def _handed_words(run: Run) -> tuple[ShellWord, ...]:
    """Return the words of a RUN that are scripts for other shells."""
    commands = [command for command in (*run.commands, run.script.shell) if command is not None]
    scripts = (inner_script(command) for command in commands if command.name in RUNS_MORE)
    return tuple(script.word for script in scripts if script is not None and script.word is not None)
