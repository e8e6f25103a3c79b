"""The shell scripts of the project that a RUN runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from rules.dockerfile.shell_command import Command
    from rules.model.puts import Put
    from rules.model.steps import Run

_SUFFIXES = (".sh", ".bash")
_SHELLS = frozenset({"sh", "bash", "dash"})


@once
def scripts_run(run: Run) -> tuple[tuple[Command, Put], ...]:
    """Return the calls of shell scripts that a COPY brought from the build context, with what brought them."""
    found = []
    for command in run.commands:
        path = _path(run, command)
        put = next((put for put in run.stage.files.at(path) if put.kind == "context"), None) if path else None
        if put is not None:
            found.append((command, put))
    return tuple(found)


def _path(run: Run, command: Command) -> str | None:
    program = command.program.value if command.program is not None else ""
    text = program if "/" in program and program.endswith(_SUFFIXES) else ""
    if command.name in _SHELLS and command.args:
        first = command.args[0].value
        text = first if first.endswith(_SUFFIXES) else ""
    return run.resolve(text) if text else None
