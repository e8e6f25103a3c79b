"""The folder that each command of a RUN works in: `cd` is followed from command to command, into subshells and out."""

from __future__ import annotations

import posixpath
import re
import sys
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.shell.nested import RUNS_MORE, inner_script
from rules.lazily import once
from rules.model.shell_scope import filled

if TYPE_CHECKING:
    from rules.dockerfile.shell.script import Command
    from rules.model.steps import Run

_BRACKET = re.compile(r"\(|\)|c(?<!\wc)ase\b[^\n;]{1,200}?\bin\b|e(?<!\we)sac\b|\n[ \t]*#.*")
"""Brackets, the words around the patterns of a `case`, which have one that closes nothing, and comments.

Each begins with a letter of its own, by which `re` finds the places to look at.
"""
_CLOSED_BY = {"(": ")", "case": "esac"}
_BEFORE = " \t\r\n\\"
"""What stands between a bracket and the command behind it."""
_LONGEST_GAP = 200
_UNKNOWN = frozenset("*?`")
_MOVERS = frozenset({"cd", "pushd", "popd"})
_LEAVING = _MOVERS | RUNS_MORE
"""Commands that go to another folder, or hand a script to a shell that may begin in one."""
_APART = frozenset({"|", "|&", "&"})
"""Operators in front of which a command runs in a shell of its own."""


@dataclass
class _Shell:
    """A shell that runs commands.

    Attributes:
        end: Where its brackets close, or its script ends.
        folder: Where it is now; `None` when that is not known.
        previous: Where `cd -` leads.
        inner: Whether a command runs it: `sh -c "…"`, or `$(…)` among its words.
        unsure: Whether it may be where it was, since it went there in a branch or behind a test.
    """

    end: int
    folder: str | None
    previous: str | None = None
    inner: bool = False
    unsure: bool = False

    def enter(self, folder: str | None, *, unsure: bool) -> None:
        """Go to a folder."""
        self.folder, self.previous, self.unsure = folder, self.folder, unsure

    def before(self, command: Command) -> None:
        """Note that a command comes; behind the branch that has gone elsewhere, nobody knows where the shell is."""
        if self.unsure and not (command.conditional and command.before):
            self.folder, self.previous, self.unsure = None, None, False


def folder_of(run: Run, command: Command) -> str | None:
    """Return the folder that a command of a RUN works in; `None` when it is not known."""
    starts, folders = _folders(run)
    at = bisect_right(starts, command.start) - 1
    return folders[at] if at >= 0 else run.workdir.value


def path_of(run: Run, command: Command, written: str) -> str | None:
    """Return where a path leads that a command of a RUN names, absolute; `None` where that is not known."""
    text = filled(run, command, written)
    folder = folder_of(run, command)
    if not text or (folder is None and not text.startswith("/")):
        return None
    return posixpath.normpath(posixpath.join(folder or "/", text))


@once
def _folders(run: Run) -> tuple[list[int], list[str | None]]:
    """Where the commands of a RUN stand, in order, and the folder of each; nothing where none can leave its WORKDIR."""
    if _LEAVING.isdisjoint([command.name for command in run.commands]):
        return [], []
    commands = sorted(run.commands, key=lambda one: one.start)
    closing, scripts = _closing(run), _inner_scripts(commands)
    shells = [_Shell(sys.maxsize, run.workdir.value)]
    starts, folders = list[int](), list[str | None]()
    for command in commands:
        while scripts and scripts[-1].start <= command.start:
            script = scripts.pop()
            folder = folders[bisect_right(starts, script.command.start) - 1]
            shells.append(_Shell(script.end, None if script.is_login else folder, inner=True))
        while command.start >= shells[-1].end:
            shells.pop()
        end = closing.get(_bracket_before(run, command)) if closing else None
        if end is not None:
            shell = shells[-1]
            shells.append(_Shell(end, shell.folder, shell.previous, command.nested, shell.unsure))
        shell = shells[-1]
        shell.before(command)
        starts.append(command.start)
        folders.append(shell.folder)
        if command.name in _MOVERS and shell.inner == command.nested and command.after not in _APART:
            shell.enter(_entered(run, command, shell), unsure=command.conditional)
    return starts, folders


class _Script(NamedTuple):
    """A script that a command hands to a shell.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        command: The command.
        is_login: Whether the shell begins in a home (su(1), `--login`).
    """

    start: int
    end: int
    command: Command
    is_login: bool


def _inner_scripts(commands: list[Command]) -> list[_Script]:
    """Return the scripts that commands hand to shells, the last one first."""
    found = []
    for command in commands:
        script = inner_script(command) if command.name in RUNS_MORE else None
        if script is None:
            continue
        is_login = command.name in ("su", "runuser") and command.has("-", "-l", "--login")
        if script.word is not None:
            found.append(_Script(script.word.start, script.word.end, command, is_login))
        elif command.heredoc:
            start = command.source.text.find(command.heredoc, command.end)
            found += [_Script(start, start + len(command.heredoc), command, is_login)] if start >= 0 else []
    return sorted(found, key=lambda one: (-one.start, one.end))


def _closing(run: Run) -> dict[int, int]:
    """Return where each bracket of a RUN closes, by the place where it opens."""
    span, text = run.instruction.span, run.instruction.source.text
    found, opened = dict[int, int](), list[re.Match[str]]()
    if text.find("(", span.start, span.end) < 0:
        return found
    for mark in _BRACKET.finditer(text, span.start, span.end):
        kind = mark[0][:4]
        if kind in _CLOSED_BY:
            opened.append(mark)
        elif opened and _CLOSED_BY[opened[-1][0][:4]] == kind:
            found[opened.pop().start()] = mark.start()
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
    path = filled(run, command, text)
    if not path or not _UNKNOWN.isdisjoint(path) or (shell.folder is None and not path.startswith("/")):
        return None
    return posixpath.normpath(posixpath.join(shell.folder or "/", path))
