"""How a variable is set so that it is there where it is needed, and not in the image's configuration without need."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.matching.gathering import named_lines
from rules.model.scope import PREDEFINED_ARGS
from rules.quoting import listed, quote
from rules.secrets.named.names import names_a_secret

if TYPE_CHECKING:
    from rules.dockerfile.shell.script import Command
    from rules.model.steps import Run

_OF_THE_BUILD = frozenset({"DEBIAN_FRONTEND", *PREDEFINED_ARGS})
"""What the image's configuration should not keep."""

_SMALL = re.compile(r"[a-z][a-z0-9_]*")
_FOR_A_SHELL = re.compile(r"[=:\"]~(?:/|$)|\$\(|`")
"""What a shell fills in, and `ENV` does not."""


def way_out(verb: str, names: list[str], command: Command) -> str:
    """Say where the variables are to be set that a RUN ends by setting (`export`) or unsetting (`unset`).

    Args:
        verb: The command.
        names: The variables.
        command: What sets them.
    """
    them = _them(names)
    if verb == "unset":
        return f"Set {them} in the RUN that needs {them} instead of by ENV"
    if any(names_a_secret(name) or name in _OF_THE_BUILD for name in names):
        return f"Set {them} in the RUN that needs {them}"
    if _FOR_A_SHELL.search(str(command)):
        return "Use ENV, with the value written out, since it runs no command and knows no `~`"
    return "Use ENV"


def never_run(run: Run, export: Command) -> str | None:
    """Return a program behind the assignments of `export`, which takes it for one more variable: `export A=1 make`.

    No variable is called so in the file, and names of variables are seldom written small.
    """
    words = [word.value for word in export.args]
    first = next((at for at, word in enumerate(words) if "=" in word), len(words))
    name = next((word for word in words[first:] if "=" not in word), "") if export.name == "export" else ""
    if not _SMALL.fullmatch(name) or run.scope.get(name) is not None:
        return None
    return name if f"{name}=" not in run.instruction.whole_value else None


def not_run(program: str, names: list[str]) -> str:
    """Say of such a program that it is not run."""
    return (
        f"Nor does {quote(program)} run: behind `export` it is the name of one more variable. Without `export` in "
        f"front it runs, and has {listed(list(map(quote, names)))}"
    )


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
