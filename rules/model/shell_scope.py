"""The variables that a command of a RUN sees: what the script sets in front of it hides what the file sets."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from rules.dockerfile.expand import UNKNOWN
from rules.dockerfile.managers.words import SETTING, assigned
from rules.lazily import once
from rules.model.scope import Variable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.dockerfile.shell.script import Command
    from rules.model.scope import Scope
    from rules.model.steps import Run

_LOOPS = re.compile(r"\b(?:for|select)[ \t]+(\w+)(?=[ \t\n;])")
_READERS = ("read", "mapfile", "readarray", "getopts")
"""Builtins that set the variables which they name."""


def scope_at(run: Run, command: Command) -> Scope:
    """Return the variables that a command of a RUN sees."""
    starts, scopes = _scopes(run)
    return scopes[bisect_left(starts, command.start)]


def filled(run: Run, command: Command, written: str) -> str | None:
    """Return what the shell makes of a word of a command: variables put in, `~` by `HOME`; `None` when not known."""
    if written[:1] == "~":
        if written[1:2] not in ("", "/"):
            return None  # the home of another account
        written = f"$HOME{written[1:]}"
    return scope_at(run, command).expand(written) if "$" in written else written


@once
def _scopes(run: Run) -> tuple[list[int], list[Scope]]:
    """Where the script of a RUN sets variables, in order, and what is in force in front of each and behind the last."""
    setting = [command for command in run.commands if command.assignments and command.name in SETTING]
    names = _set_unseen(run)
    scope = run.scope.with_(_variables(run, dict.fromkeys(names))) if names else run.scope
    starts, scopes = list[int](), [scope]
    for command in sorted(setting, key=lambda one: one.start):
        known = {} if command.nested else assigned(command, scope.known())
        values = {name: known.get(name) for name, _ in command.assignments}
        scope = scope.with_(_variables(run, values))
        starts.append(command.start)
        scopes.append(scope)
    return starts, scopes


def _set_unseen(run: Run) -> set[str]:
    """The variables that a loop goes through words with, or that are read from a file: nobody knows their values."""
    read = {word.value for command in run.calls(*_READERS) for word in command.operands()}
    text = run.instruction.whole_value
    return read | (set(_LOOPS.findall(text)) if "for" in text or "select" in text else set())


def _variables(run: Run, values: Mapping[str, str | None]) -> list[Variable]:
    return [
        Variable(name, UNKNOWN if value is None else value, "env", run.instruction) for name, value in values.items()
    ]
