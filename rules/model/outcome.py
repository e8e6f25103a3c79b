"""What happens to a build when one of its commands fails."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from rules.model.command_lists import end_of_list

if TYPE_CHECKING:
    from rules.dockerfile.shell import Command
    from rules.model.steps import Run

_CLOSED = re.compile(r"(?:(?:\s|\\\r?\n)*(?:;(?:\s|\\\r?\n)*\}|\)))+(?:[ \t]|\\\r?\n)*(?P<then>&&|\|\||\|&|[|&;\n]|\Z)")
"""What stands behind a list that ends with the brackets around it: `(a && b) || true`, `{ a && b; } && c`."""

Outcome = Literal["stops", "goes on", "caught"]


def outcome_of_failure(run: Run, command: Command) -> Outcome:
    """Tell whether the build stops when a command fails, goes on, or the script has an answer to it.

    Of a list that ends in a group (`make && if …; fi`) it is taken to stop there.
    """
    end = end_of_list(run, command)
    behind = _behind(run, end) if end is not None else ""
    if command.negated or behind == "||":
        return "caught"
    piped = (command.after in ("|", "|&") or behind in ("|", "|&")) and not command.pipefail
    last = end if end is not None else command
    open_end = behind in (";", "\n") and not command.errexit and run.commands[-1].start > last.end
    return "goes on" if behind == "&" or piped or open_end else "stops"


def _behind(run: Run, end: Command) -> str:
    """Return the operator behind a list, or behind the brackets that end with it: these have its status."""
    if end.nested or end.after not in ("", ";"):
        return end.after
    instruction = run.instruction
    stop = instruction.span.end if end.source is instruction.source else len(end.source.text)
    closed = _CLOSED.match(end.source.text[:stop], end.end)
    return closed["then"] if closed is not None else end.after
