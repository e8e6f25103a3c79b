"""What happens to a build when one of its commands fails."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from rules.model.command_lists import end_of_list

if TYPE_CHECKING:
    from rules.dockerfile.shell import Command
    from rules.model.steps import Run

_CAUGHT_OUTSIDE = re.compile(r"(?:[\s\\]*(?:;[\s\\]*\}|\)))+[\s\\]*\|\|")
"""What stands behind a list in brackets whose failure is answered outside of them: `(a && b) || true`."""

Outcome = Literal["stops", "goes on", "caught"]


def outcome_of_failure(run: Run, command: Command) -> Outcome:
    """Tell whether the build stops when a command fails, goes on, or the script has an answer to it.

    Of a list that ends in a group (`make && if …; fi`) it is taken to stop there.
    """
    end = end_of_list(run, command)
    behind = end.after if end is not None else ""
    if command.negated or behind == "||" or (end is not None and not command.nested and _is_caught_outside(end)):
        return "caught"
    piped = command.after in ("|", "|&") and not command.pipefail
    open_end = behind in (";", "\n") and not command.errexit and run.commands[-1].start > command.end
    return "goes on" if behind == "&" or piped or open_end else "stops"


def _is_caught_outside(end: Command) -> bool:
    return end.after in ("", ";") and _CAUGHT_OUTSIDE.match(end.source.text, end.end) is not None
