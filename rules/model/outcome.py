"""What happens to a build when one of its commands fails."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from rules.lazily import once
from rules.model.command_lists import end_of_list
from rules.model.nesting import runs_apart, shell_around

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.dockerfile.shell.script import Command
    from rules.model.steps import Run

_CLOSED = re.compile(r"(?:(?:\s|\\\r?\n)*(?:;(?:\s|\\\r?\n)*\}|\)))+(?:[ \t]|\\\r?\n)*(?P<then>&&|\|\||\|&|[|&;\n]|\Z)")
"""What stands behind a list that ends with the brackets around it: `(a && b) || true`, `{ a && b; } && c`."""

Outcome = Literal["stops", "goes on", "caught"]


def outcome_of_failure(run: Run, command: Command) -> Outcome:
    """Tell whether the build stops when a command fails, goes on, or the script has an answer to it.

    In a script that a command hands to a shell (`su app -c "…"`) that hangs on the command, too.
    `set -e` looks at the last command of an `&&` list alone (POSIX, 2.14 `set`): a failure in front of it leaves the
    list, and what stands behind that is run. A subshell around the list is a command of its own, which stops it all.
    Of a list that ends in a group (`make && if …; fi`) it is taken to stop there.
    """
    end = end_of_list(run, command)
    behind, subshell = _behind(run, end) if end is not None else _Behind("")
    if command.negated or behind == "||":
        return "caught"
    piped = (command.after in ("|", "|&") or behind in ("|", "|&")) and not command.pipefail
    last = end if end is not None else command
    guarded = command.errexit and (subshell or last.pipeline == command.pipeline)
    open_end = behind in (";", "\n") and not guarded and _last_beside(run, command) > last.end
    if behind == "&" or piped or open_end:
        return "goes on"
    around = shell_around(run, command)
    return outcome_of_failure(run, around) if around is not None else "stops"


def surely_stops(run: Run, command: Command) -> bool:
    """Tell whether a command runs in any case, in a script that a shell is handed as well, and stops the build."""
    asked = command.conditional or runs_apart(run, command)
    return not asked and outcome_of_failure(run, command) == "stops"


def _last_beside(run: Run, command: Command) -> int:
    """Return where the last command begins: of the RUN, or of the script that a command of it hands to a shell."""
    return run.commands[-1].start if command.handed_by < 0 else _last_of_scripts(run)[command.handed_by]


@once
def _last_of_scripts(run: Run) -> Mapping[int, int]:
    return {command.handed_by: command.start for command in run.commands if command.handed_by >= 0}


class _Behind(NamedTuple):
    """What stands behind a list: the operator, and whether round brackets close before it, which make a subshell."""

    operator: str
    subshell: bool = False


def _behind(run: Run, end: Command) -> _Behind:
    """Return the operator behind a list, or behind the brackets that end with it: these have its status."""
    if end.nested or end.after not in ("", ";"):
        return _Behind(end.after)
    instruction = run.instruction
    stop = instruction.span.end if end.source is instruction.source else len(end.source.text)
    closed = _CLOSED.match(end.source.text, end.end, stop)
    return _Behind(closed["then"], ")" in closed[0]) if closed is not None else _Behind(end.after)
