"""The shell scripts of the project that a RUN runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.dockerfile.shell.nested import SHELLS
from rules.lazily import once

if TYPE_CHECKING:
    from rules.dockerfile.shell.command import Command
    from rules.model.puts import Put
    from rules.model.steps import Run

_SUFFIXES = (".sh", ".bash")
READERS = frozenset({*SHELLS, "source", "."})
"""What reads a script that is named behind it."""
_WITH_VALUE = frozenset({"-o", "-O"})


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


def called_script(command: Command) -> str:
    """Return the script that a command runs, by itself or by a shell: `bash -e install.sh`; empty for `sh -c "…"`."""
    if command.name not in READERS:
        return command.called
    operands = () if command.name in SHELLS and command.has("-c") else command.operands(_WITH_VALUE)
    return operands[0].value if operands else ""


def _path(run: Run, command: Command) -> str | None:
    text = called_script(command)
    by_path = "/" in text or command.name in READERS
    return run.resolve(text) if by_path and text.endswith(_SUFFIXES) else None
