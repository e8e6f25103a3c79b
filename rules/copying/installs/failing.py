"""What an install does that lacks a file of its project."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.api import Command, Outcome

_STARTERS = frozenset({"npm", "yarn", "pipenv"})
"""Managers of which some releases install nothing where the project's manifest is not there, and end well.

npm since 7 takes a missing `package.json` for an empty one, as Yarn 1 does; Pipenv makes a `Pipfile`.
"""


def without_manifest(command: Command, outcome: Outcome) -> str:
    """Say what follows where a command lacks the file that it reads."""
    if outcome == "goes on":
        return "It fails there, and the script goes on."
    verb = command.subcommand
    if command.name in _STARTERS and verb in ("", "install", "i") and not command.has("--immutable", "--deploy"):
        return "It installs nothing, or the build stops here."
    return "The build stops here."


def wants_lock(command: Command) -> bool:
    """Tell whether an install stops without the lock file, too."""
    locked = command.has("--frozen-lockfile", "--immutable", "--locked", "--frozen", "--deploy")
    return locked or (command.name in ("npm", "bun") and command.subcommand in ("ci", "clean-install"))
