"""Failures of commands that the rest of their RUN catches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from rules.dockerfile.shell import Command
    from rules.model.steps import Run


def is_caught(run: Run, command: Command) -> bool:
    """Whether an `||` stands behind the command or the chain of `&&` that it begins."""
    return command.start in _caught(run)


@once
def _caught(run: Run) -> frozenset[int]:
    """Where the commands of a RUN begin whose failure an `||` catches."""
    found: set[int] = set()
    caught = False
    for command in reversed(run.commands):
        caught = command.after == "||" or (caught and command.after in ("&&", "|"))
        if caught:
            found.add(command.start)
    return frozenset(found)
