"""What happens to a build when one of its commands fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rules.lazily import once

if TYPE_CHECKING:
    from rules.dockerfile.shell import Command
    from rules.model.steps import Run

Outcome = Literal["stops", "goes on", "caught"]
_JOINED = ("&&", "|", "|&")


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
