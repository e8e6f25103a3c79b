"""What happens to a build when one of its commands fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rules.lazily import once

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
    behind = _behind(run).get(command.start, command.after)
    if command.negated or behind == "||":
        return "caught"
    piped = command.after in ("|", "|&") and not command.pipefail
    open_end = behind in (";", "\n") and not command.errexit and run.commands[-1].start > command.end
    return "goes on" if behind == "&" or piped or open_end else "stops"


@once
def _behind(run: Run) -> dict[int, str]:
    """The operator behind the list that each command stands in (`a && b`), by where the command starts."""
    found: dict[int, str] = {}
    last: dict[bool, str] = {}
    for command in reversed(run.commands):
        joined = command.after in _JOINED and command.nested in last
        last[command.nested] = last[command.nested] if joined else command.after
        found[command.start] = last[command.nested]
    return found


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
