"""How a variable is set so that it is there where it is needed, and not in the image's configuration without need."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.matching.gathering import named_lines
from rules.model.scope import PREDEFINED_ARGS
from rules.secrets.secret_names import names_a_secret

if TYPE_CHECKING:
    from rules.model.steps import Run

_OF_THE_BUILD = frozenset({"DEBIAN_FRONTEND", *PREDEFINED_ARGS})
"""What the image's configuration should not keep."""

_FOR_A_SHELL = re.compile(r"[=:\"]~(?:/|$)|\$\(|`")
"""What a shell fills in, and `ENV` does not."""


def way_out(verb: str, names: list[str], written: str) -> str:
    """Say where the variables are to be set that a RUN ends by setting (`export`) or unsetting (`unset`).

    Args:
        verb: The command.
        names: The variables.
        written: The last word of the command, as it is written.
    """
    them = _them(names)
    if verb == "unset":
        return f"Set {them} in the RUN that needs {them} instead of by ENV"
    if any(names_a_secret(name) or name in _OF_THE_BUILD for name in names):
        return f"Set {them} in the RUN that needs {them}"
    if _FOR_A_SHELL.search(written):
        return "Use ENV, with the value written out, since it runs no command and knows no `~`"
    return "Use ENV"


def set_below(run: Run, names: list[str]) -> str | None:
    """Say that instructions below a RUN give all the variables a value for what follows; `None` where they do not."""
    held = [run.stage.scope.get(name) for name in names]
    settings = [variable.instruction for variable in held if variable is not None and variable.instruction is not None]
    if len(settings) < len(names) or any(one.line <= run.instruction.line for one in settings):
        return None
    lines = named_lines(list(dict.fromkeys(str(one.line) for one in settings)))
    return f"Take it out: {lines} set{'s' if len(set(settings)) == 1 else ''} {_them(names)} for what follows"


def _them(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"
