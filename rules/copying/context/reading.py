"""Which command of a RUN reads a file: by its name, by calling it, or because its tool does so untold."""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rules.api import path_folders
from rules.model.work_folders import folder_of

if TYPE_CHECKING:
    from rules.api import Command, Run

_ASKING = frozenset({"[", "[[", "test", "mkdir", "rm", "echo", "ls"})
"""Commands that do without what they name."""
_READ_BY = {
    "uv": ("uv.lock", "pyproject.toml"),
    "poetry": ("poetry.lock", "pyproject.toml"),
    "pdm": ("pdm.lock", "pyproject.toml"),
    "pipenv": ("Pipfile", "Pipfile.lock"),
    "npm": ("package.json", "package-lock.json"),
    "yarn": ("package.json", "yarn.lock"),
    "pnpm": ("package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml"),
    "bun": ("package.json", "bun.lock", "bun.lockb"),
    "go": ("go.mod", "go.sum"),
    "cargo": ("Cargo.toml", "Cargo.lock"),
    "bundle": ("Gemfile", "Gemfile.lock"),
    "composer": ("composer.json", "composer.lock"),
}
"""What installs of a project read in the folder where they run without being told (the managers' manuals)."""


def reader_of(run: Run, target: str, written: str, *, unasked: bool = False) -> Command | None:
    """Return the first command of a RUN that reads a file or folder.

    Args:
        run: The RUN.
        target: The path, absolute.
        written: The same as an instruction writes it, relative to the folder that the RUN works in or a pattern.
        unasked: Also those that are run only where the file is there.
    """
    name = posixpath.basename(written.rstrip("/"))
    if posixpath.dirname(target) in (path_folders(run.stage) or ()):
        called = next((command for command in run.calls(name)), None)
        if called is not None:
            return called
    named = {re.escape(one) for one in (target, written) if len(one) > 1 and one != run.workdir.value}
    said = re.compile(rf"(?<![\w.-])(?:\./)?(?:{'|'.join(sorted(named))})(?![\w-])") if named else None
    for command in run.commands if said is not None else ():
        optional = command.name in _ASKING or (command.conditional and not unasked)
        if said is not None and not optional and said.search(command.source.cut(command.span)):
            return command
    return _untold(run, posixpath.dirname(target), name)


def _untold(run: Run, folder: str, name: str) -> Command | None:
    """Return the install of a project in a folder whose tool reads a file of that name without being told."""
    for call in run.package_calls:
        if call.action not in ("install", "sync", "download") or call.packages or call.program == "uv pip":
            continue
        reads = any(fnmatchcase(file, name) for file in _READ_BY.get(call.manager, ()))
        if reads and not call.command.conditional and folder_of(run, call.command) == folder:
            return call.command
    return None
