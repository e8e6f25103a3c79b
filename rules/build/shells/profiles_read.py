"""RUNs that do nothing but read the settings of a shell, which end with the RUN."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.problem import Problem
from rules.quoting import quote
from rules.repairs import delete_command, fix

if TYPE_CHECKING:
    from rules.dockerfile.shell.script import Command
    from rules.model.steps import Run

_SETTINGS = re.compile(
    r"(?:^|/)(?:\.?(?:bash|zsh|k?sh)rc|bash\.bashrc|\.(?:bash_|z)?profile|\.bash_aliases|\.zshenv|etc/(?:profile|environment)"
    r"|etc/profile\.d/[^/]+|bin/activate|\.cargo/env|nvm\.sh|\.env)$"
)
"""Files that set variables, functions and options of the shell that reads them, and nothing else."""
_READS = frozenset({"source", "."})
_SAYS = frozenset({":", "echo", "set", "true"})


def read_alone(run: Run) -> Command | None:
    """Return the command with which a RUN reads such settings, where it does nothing else."""
    acting = [command for command in run.commands if command.name not in _SAYS]
    if len(acting) != 1 or not run.is_read or acting[0].redirects or any(one.redirects for one in run.commands):
        return None
    command = acting[0]
    file = command.args[0].value if command.name in _READS and command.args else ""
    return command if _SETTINGS.search(file) else None


def nothing_left(run: Run, command: Command) -> Problem:
    """Speak of settings that no later instruction sees."""
    return Problem(
        command.span,
        f"{quote(str(command), 60)} leaves nothing behind: what it sets is gone with the shell that runs this `RUN`. "
        "Read it in the `RUN` that needs it, or set its variables with `ENV`.",
        stage=run.stage.key,
        key=str(command),
        fix=fix("Take it out", delete_command(run, command)) if len(run.commands) == 1 else None,
    )
