"""The shell that a package manager starts a script through, and whether signals reach the script behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.packages.developers.programs import commands_of_lines
from rules.runtime.starts.text import has_known_shell, makes_way_for

if TYPE_CHECKING:
    from rules.api import Stage

_WAITING = frozenset({"npm", "pnpm"})
"""What hands SIGTERM to its child and waits for it. Measured as process 1, with npm 6, 7, 8, 10, 11 and pnpm 8, 9, 10:
behind bash and BusyBox the program finishes its work, behind dash it does not, since dash ends without it. npm 9 hands
nothing on, yarn 1 does not wait, behind whichever shell."""


def hands_signals_on(stage: Stage, runner: str, line: str | None) -> bool:
    """Tell whether a package manager tells the program of SIGTERM, and waits for it.

    Args:
        stage: The stage whose `/bin/sh` is between the two.
        runner: `npm`, `yarn`, `pnpm`.
        line: The script, where it was read; else it is taken for a single command.
    """
    commands = tuple(commands_of_lines([line if line is not None else "node ."]))
    if runner not in _WAITING or not commands:
        return False
    return "exec" in commands[-1].wrappers or makes_way_for(stage, commands)


def is_open(stage: Stage, runner: str) -> bool:
    """Tell whether all hangs on a shell that nobody knows."""
    return runner in _WAITING and not has_known_shell(stage)
