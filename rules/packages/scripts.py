"""Commands that may do anything a package manager does, unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.dockerfile.shell import Command

_RUNNERS = ("bash", "sh", "source", ".")


def may_be_script(command: Command) -> bool:
    """Tell whether a command is a script, runs one, or is named by a variable: what it does is not in the file."""
    return command.name in _RUNNERS or command.name.endswith(".sh") or "$" in command.name
