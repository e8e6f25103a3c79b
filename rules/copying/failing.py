"""What happens to a build when one of its commands fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rules.api import Command, Run

Outcome = Literal["stops", "goes on", "caught"]
_JOINED = ("&&", "|", "|&")
_STARTERS = frozenset({"npm", "yarn", "pipenv"})
"""Managers of which some releases install nothing where the project's manifest is not there, and end well.

npm since 7 takes a missing `package.json` for an empty one, as Yarn 1 does; Pipenv makes a `Pipfile`.
"""


def outcome_of_failure(run: Run, command: Command) -> Outcome:
    """Tell whether the build stops when a command fails, goes on, or the script has an answer to it."""
    if command.negated:
        return "caught"
    behind = command.after
    for other in run.commands:
        if behind not in _JOINED or other.start <= command.start:
            continue
        if other.nested == command.nested:
            behind = other.after
    if behind == "||":
        return "caught"
    if behind == "&":
        return "goes on"
    piped = command.after in ("|", "|&") and not command.pipefail
    open_end = behind in (";", "\n") and not command.errexit
    return "goes on" if piped or (open_end and not _is_last(run, command)) else "stops"


def _is_last(run: Run, command: Command) -> bool:
    return not any(other.start > command.end for other in run.commands)


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
