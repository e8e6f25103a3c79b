"""Variables that a script of package.json gives to what it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.runtime.languages.node_manifest import script_commands

if TYPE_CHECKING:
    from rules.api import Command, DockerfileChange
    from rules.runtime.starts.instructions import Written

_SETTERS = frozenset({"cross-env", "cross-env-shell", "env"})
"""What sets the variables in front of a command and runs it."""


def given_by_script(change: DockerfileChange, found: Written, name: str) -> bool:
    """Tell whether the script that a start command runs sets a variable: `NODE_ENV=production node server.js`."""
    return any(name in _set_in_front(command) for _, command in script_commands(change, found))


def _set_in_front(command: Command) -> set[str]:
    """Return the variables that stand in front of a command, or that a program is told to set for it."""
    own = {variable for variable, _ in command.assignments}
    told = command.args if command.name in _SETTERS else ()
    return own | {word.value.partition("=")[0] for word in told if "=" in word.value}
