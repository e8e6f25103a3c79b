"""An array that is a shell with its code, `["sh", "-c", "java …"]`, where that shell stays in front of the program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import Confidence, Fix, Origin, Problem, insert, quote
from rules.runtime.signals.making_way import (
    BESIDE,
    SOMEHOW,
    exec_place,
    of_runner,
    script_at_end,
    sees_to_signals,
    way_out,
)
from rules.runtime.signals.short_lived import gains_nothing
from rules.runtime.signals.unhandled import beside_way_out
from rules.runtime.starts.instructions import Written, gets_an_init
from rules.runtime.starts.text import is_dash, shell_commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, DockerfileChange, Image, Setting, Stage, Start

_SH = (("sh", "-c"), ("/bin/sh", "-c"))
MAKES_WAY = "makes way"
"""The key of what is said where the shell makes way: upon a base whose shell does not, it is another fault."""
_IN_FRONT = ("Begin the command with `exec`", "Begin the last command with `exec`")


def shell_with_code(change: DockerfileChange, stage: Stage, setting: Setting[Start]) -> Iterator[Problem]:
    """Speak of it where `sh` is dash, which stays in front of its only command, and of the last of several.

    The shell form makes the same array, so where nothing is said of this one, nothing is repaired by it either.
    """
    start = setting.value
    if start is None or start.instruction is None or (setting is stage.image.cmd and not _runs_cmd(stage.image)):
        return
    commands = _code(start)
    if not commands or gains_nothing(commands[-1]) or gets_an_init(change):
        return
    told = list(_told(change, Written(stage, setting, start, start.instruction), commands))
    yield from told or _untold(stage, start)


def _untold(stage: Stage, start: Start) -> Iterator[Problem]:
    assert start.instruction is not None
    for key in ("", MAKES_WAY):
        yield Problem(start.instruction.span, "", stage=stage.key, key=key, untold=True)


def _told(change: DockerfileChange, found: Written, commands: tuple[Command, ...]) -> Iterator[Problem]:
    stage, start = found.stage, found.start
    if not stage.base_known or not is_dash(stage):
        return
    only = commands[0]
    if len(commands) == 1:
        way = f"{exec_place(only, 'Begin the command')}{of_runner(only)}"
        yield from () if only.after else (_problem(change, found, only, way),)
    elif _ends_in_program(change, found, commands):
        yield _problem(change, found, commands[-1], way_out(start))


def _runs_cmd(image: Image) -> bool:
    """Whether a CMD is what runs: alone, or behind a script of the base image, which hands over to it."""
    entrypoint = image.entrypoint
    if not entrypoint.value:
        return True
    name = entrypoint.value.words[-1].removesuffix(".sh")  # PHP's images have `docker-php-entrypoint`
    return not entrypoint.set_in_file and name.endswith("entrypoint")


def _code(start: Start) -> tuple[Command, ...]:
    """Return the commands of a code that is handed to `sh -c` and nothing else."""
    if start.form != "exec" or start.words[:-1] not in _SH:
        return ()
    inner = shell_commands(start)
    return inner if all(command.nested for command in inner) else ()


def _ends_in_program(change: DockerfileChange, found: Written, commands: tuple[Command, ...]) -> bool:
    """Whether several commands end in one that surely runs, in an image that serves, and nothing sees to signals."""
    last = commands[-1]
    sure = last.before in ("&&", ";", "\n") and not last.after and not last.conditional and not last.negated
    beside = any(command.after == "&" or sees_to_signals(command) for command in commands)
    serves = bool(found.stage.image.ports) or found.stage.image.healthcheck.set_in_file
    return sure and serves and not beside and script_at_end(change, found) is None


def _problem(change: DockerfileChange, found: Written, command: Command, way: str) -> Problem:
    stage, start = found.stage, found.start
    assert start.instruction is not None
    besides = beside_way_out(change, stage, command) if way not in (BESIDE, SOMEHOW) else ""
    plain = not command.assignments and start.instruction.trigger is None and way in _IN_FRONT
    edit = insert(start.instruction.source, command.start, "exec ")
    return Problem(
        start.instruction.span,
        f"{stage.label} starts {quote(str(command), 60)} through `sh -c`. The shell is process 1, stays there and does "
        "not pass SIGTERM on. `docker stop` then waits ten seconds and kills the program. "
        f"{way}.{besides}",
        Confidence.LIKELY if stage.image.entrypoint.origin is Origin.BASE else Confidence.CERTAIN,
        doubt="the entrypoint is that of the tags that are known of the base image",
        stage=stage.key,
        fix=Fix("Let the shell make way", (edit,)) if plain else None,
    )
