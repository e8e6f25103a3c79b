"""Which of some programs a start command or a health check still calls, and whether it can do without."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from rules.api import Command, Start

ASKS = frozenset({"command", "which", "type", "hash"})
"""What asks whether a program is there (POSIX)."""
_FAILS = frozenset({"exit", "false", "return", "kill"})


class Call(NamedTuple):
    """A program that is called.

    Attributes:
        name: Without its folder.
        sure: Whether it is called whatever happens, and everything ends where it fails.
    """

    name: str
    sure: bool


def calls_of(start: Start, names: Collection[str]) -> Iterator[Call]:
    """Yield which of some programs are called; not those whose lack is provided for, nor words that are arguments."""
    commands = start.commands
    asked = {word.value for command in commands if command.name in ASKS for word in command.args}
    for index, command in enumerate(commands):
        called = [name for name in _programs(command) if name in names and name not in asked]
        if called and command.before != "||" and not _is_caught(commands, index):
            ends = command.after in ("", "&&", "||") or command.errexit
            within_words = command.nested and command.handed_by < 0  # `$(…)`, whose status nobody asks for
            yield Call(called[0], ends and not (command.conditional or within_words))


def _programs(command: Command) -> Iterator[str]:
    """Yield what a command runs: itself, what stands around it, and what a script or `--` hands on to."""
    words = [word.value.rsplit("/", 1)[-1] for word in command.words]
    yield command.name
    yield from command.wrappers
    yield from (word for before, word in pairwise(words) if before == "--" or before[-3:] == ".sh")


def _is_caught(commands: Sequence[Command], index: int) -> bool:
    """Whether something else is done where a command fails."""
    if commands[index].after != "||":
        return False
    other = commands[index + 1] if index + 1 < len(commands) else None
    return other is None or other.name not in _FAILS or [word.value for word in other.args] == ["0"]
