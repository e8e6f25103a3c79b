"""What the commands of a substitution or of a shell's script stand in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.dockerfile.shell import Command
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
