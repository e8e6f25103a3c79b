"""The folder that each command of a RUN works in: `cd` is followed from command to command, into subshells and out."""

from __future__ import annotations

import posixpath
import re
import sys
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from rules.dockerfile.shell import Command
    from rules.model.steps import Run

_BRACKET = re.compile(r"[()]")
_BEFORE = " \t\r\n\\"
"""What stands between a bracket and the command behind it."""
_LONGEST_GAP = 200
_UNKNOWN = frozenset("*?`")


@dataclass
class _Shell:
    """A shell that runs commands.

    Attributes:
        end: Where its brackets close.
        folder: Where it is now; `None` when that is not known.
        previous: Where `cd -` leads.
    """

    end: int
    folder: str | None
    previous: str | None = None

    def enter(self, folder: str | None) -> None:
        """Go to a folder."""
        self.folder, self.previous = folder, self.folder


def folder_of(run: Run, command: Command) -> str | None:
    """Return the folder that a command of a RUN works in; `None` when it is not known."""
    starts, folders = _folders(run)
    at = bisect_right(starts, command.start) - 1
    return folders[at] if at >= 0 else run.workdir.value


def path_of(run: Run, command: Command, written: str) -> str | None:
    """Return where a path leads that a command of a RUN names, absolute; `None` where that is not known."""
    text = run.scope.expand(written) if "$" in written else written
    folder = folder_of(run, command)
    if not text or (folder is None and not text.startswith("/")):
        return None
    return posixpath.normpath(posixpath.join(folder or "/", text))


@once
def _folders(run: Run) -> tuple[list[int], list[str | None]]:
    """Where the commands of a RUN stand, in order, and the folder of each."""
    commands = sorted(run.commands, key=lambda one: one.start)
    closing = _closing(run)
    shells = [_Shell(sys.maxsize, run.workdir.value)]
    starts, folders = [], []
    for command in commands:
        while command.start >= shells[-1].end:
            shells.pop()
        end = closing.get(_bracket_before(run, command)) if closing and not command.nested else None
        if end is not None:
            shells.append(_Shell(end, shells[-1].folder, shells[-1].previous))
        starts.append(command.start)
        folders.append(shells[-1].folder)
        if command.name in ("cd", "pushd", "popd") and not command.nested:
            shells[-1].enter(_entered(run, command, shells[-1]))
    return starts, folders


def _closing(run: Run) -> dict[int, int]:
    """Return where each bracket of a RUN closes, by the place where it opens."""
    span, found, opened = run.instruction.span, dict[int, int](), list[int]()
    for mark in _BRACKET.finditer(run.instruction.source.text, span.start, span.end):
        if mark[0] == "(":
            opened.append(mark.start())
        elif opened:
            found[opened.pop()] = mark.start()
    return found


def _bracket_before(run: Run, command: Command) -> int:
    """Return the place of the bracket that stands right before a command, or of whatever else does."""
    start = max(run.instruction.span.start, command.start - _LONGEST_GAP)
    return start + len(command.source.text[start : command.start].rstrip(_BEFORE)) - 1


def _entered(run: Run, command: Command, shell: _Shell) -> str | None:
    """Return the folder behind a `cd`; `None` when it is not known."""
    words = [word.value for word in command.operands()]
    if command.name == "popd" or (command.name == "pushd" and not words):
        return None
    text = words[0] if words else "~"
    if text == "-":
        return shell.previous
    if text == "~" or text.startswith("~/"):
        text = f"$HOME{text[1:]}"
    path = run.scope.expand(text) if "$" in text else text
    if not path or not _UNKNOWN.isdisjoint(path) or (shell.folder is None and not path.startswith("/")):
        return None
    return posixpath.normpath(posixpath.join(shell.folder or "/", path))
