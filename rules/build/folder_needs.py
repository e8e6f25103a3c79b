"""The folders without which a command fails, and what makes a folder that is not there yet."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.model.files import changes_by
from rules.model.puts import within
from rules.model.run_writes import INSTALL_VALUED, texts_written
from rules.model.steps import Run
from rules.model.work_folders import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Put

_UNKNOWN = frozenset("*?`~{[")
_PARENTS = re.compile(r"-[vZ]*p|--p")
"""`-p`, in a cluster too, or `--parents`, which may be shortened (mkdir(1)); behind `-m` a mode would follow."""
_MAKES_FILES = frozenset({"touch", "tee", "curl", "wget"})
"""Commands that make files, and no folder for them."""
_CARRIES = frozenset({"cp", "mv", "ln", "install"})
"""Commands whose last operand says where things go."""
_MAKES_FOLDERS = {
    "curl": ("--create-dirs", "--output-dir"),
    "wget": ("-P", "--directory-prefix", "-x", "--force-directories"),
    "cp": ("--parents", "-t", "--target-directory"),
    "mv": ("-t", "--target-directory"),
    "ln": ("-t", "--target-directory"),
    "install": ("-d", "--directory", "-D", "-t", "--target-directory"),
}
"""Options with which a command makes the folder of what it writes, or has it elsewhere than in its last operand."""


def needed_by(run: Run, command: Command) -> Iterator[str]:
    """Yield the folders, absolute, without which a command of a RUN fails, as far as its line tells."""
    for text in _written_into(command):
        path = path_of(run, command, text) if _UNKNOWN.isdisjoint(text) else None
        if path is not None and "$" not in path and path != "/" and not run.is_mounted(path):
            yield path
    if command.name in ("chown", "chgrp", "chmod") and not command.has("-f", "--silent", "--quiet"):
        rows = changes_by(run, command)
        yield from (row.path for row in rows if row.path and row.find is None and _UNKNOWN.isdisjoint(row.path))


def _written_into(command: Command) -> Iterator[str]:
    """Yield the folders that must be there, as written."""
    for redirect in command.redirects:
        if ">" in redirect.operator and redirect.target is not None:
            yield posixpath.dirname(redirect.target.value)
    if command.name in ("cd", "pushd"):
        operands = [word.value for word in command.operands()]
        yield from operands if len(operands) == 1 and operands != ["-"] else ()
    elif command.name == "tar":
        folder = command.option("-C", "--directory")
        yield from (folder,) if folder is not None else ()
    elif not command.has(*_MAKES_FOLDERS.get(command.name, ())):
        yield from _of_target(command)


def _of_target(command: Command) -> Iterator[str]:
    """Yield the folder that a download or a copy is written to, where it is one for certain."""
    if command.name in _MAKES_FILES:
        yield from (posixpath.dirname(text) for text, _, _ in texts_written(command))
    elif command.name in _CARRIES:
        *sources, target = [word.value for word in command.operands(INSTALL_VALUED)] or [""]
        is_folder = target.endswith("/") or len(sources) > 1
        yield target if is_folder else posixpath.dirname(target)


def makes(put: Put, folder: str) -> bool:
    """Tell whether something that is put at or below a folder makes that folder too, where it is not there yet.

    A COPY and `git clone` do; a redirection, `tar -C` and `curl -o` count on it.
    """
    if put.command is None or not isinstance(put.step, Run):
        return True
    return not any(within(path, folder) for path in needed_by(put.step, put.command))


def is_made_by(put: Put, folder: str) -> bool:
    """Tell whether a WORKDIR or a `mkdir` makes a folder, by itself or on the way to one below."""
    if not put.makes_folder or not within(put.path, folder):
        return False
    return put.path == folder or put.command is None or takes_what_is_there(put.command)


def takes_what_is_there(mkdir: Command) -> bool:
    """Tell whether a `mkdir` makes the folders above too, and is content where all are there: `-p`, `-pm 755`."""
    return any(_PARENTS.match(word.value) for word in mkdir.args)
