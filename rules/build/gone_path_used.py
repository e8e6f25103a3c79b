"""See gone_path_used.md."""

import posixpath
from collections.abc import Iterator
from itertools import dropwhile

from rules.api import (
    Category,
    Command,
    DockerfileChange,
    Problem,
    Run,
    Severity,
    Stage,
    Write,
    delete_command,
    fix,
    folders_of,
    outcome_of_failure,
    quote,
    rule,
    runs_apart,
    surely_stops,
)
from rules.model.run_writes import CARRIERS, carried_by, texts_written, writes_by_command
from rules.model.work_folders import path_of

_DELETES = frozenset({"rm", "rmdir", "unlink"})
_TAKES = _DELETES | {"mv"}
"""Commands behind which a path is no longer there."""
_SETS = frozenset({"chmod", "chown", "chgrp"})
_NEED = _TAKES | _SETS | CARRIERS | {"cd"}
"""Commands that fail where a path which they name is not there (POSIX)."""
_KNOWN = _NEED | frozenset(
    ": [ cat cd echo export grep head ldconfig ls mkdir printf pwd set sha256sum sleep tail tar test touch true "
    "unset unzip".split()
)
"""Commands whose command line says what they write; behind any other one a path may be there again. Of what `curl` and
`wget` save, options say a lot, and servers the rest."""
_MAY_LEAVE = ("-n", "--no-clobber", "-u", "--update", "-b", "-i", "--interactive", "--ignore-fail-on-non-empty")
"""Options of `mv`, `rm` and `rmdir` with which a path may stay where it is (coreutils)."""
_MARKS = frozenset("*?[]{}$`~\\")


@rule(
    "gone-path-used",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("rm", "mv", "unlink"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A command needs a path that a command in front of it has moved or deleted."""
    for stage in change.stages:
        for run in () if stage.runtime.is_windows else stage.runs:
            if run.is_read and run.calls(*_TAKES):
                yield from _in_run(stage, run)


def _in_run(stage: Stage, run: Run) -> Iterator[Problem]:
    """Yield the first such command of a RUN: the build ends there."""
    gone = _Gone()
    for command in dropwhile(lambda one: one.name not in _TAKES, run.commands):
        for path, written in _needed(run, command) if gone.taken and surely_stops(run, command) else ():
            first = gone.by(path)
            if first is not None:
                yield _problem(stage, run, command, written, first)
                return
        if _may_make_anything(run, command):
            gone.forget()
        for write in writes_by_command(run).get(command.start, ()):
            gone.write(write)
        for path in _taken(run, command):
            gone.take(path, command)


class _Gone:
    """What is gone at a place of a RUN.

    Attributes:
        taken: By its path the command that took it.
    """

    def __init__(self) -> None:
        self.taken: dict[str, Command] = {}
        self._filled: dict[str, int] = {}
        self._by_name: dict[str, list[str]] = {}

    def forget(self) -> None:
        """Note that anything may be there again."""
        self.taken.clear()
        self._by_name.clear()

    def take(self, path: str, command: Command) -> None:
        """Note that a command took a path."""
        self.taken[path] = command
        self._by_name.setdefault(posixpath.basename(path), []).append(path)

    def write(self, write: Write) -> None:
        """Note that something is written: it is there again, with the folders above, and all below a tree may be.

        So may whatever has its name: links lead from one folder to another, such as `/bin` to `/usr/bin`.
        """
        for folder in (*folders_of(write.path), *self._by_name.pop(posixpath.basename(write.path), ())):
            self.taken.pop(folder, None)
        if write.tree:
            self._filled[write.path.rstrip("/")] = write.command.start

    def by(self, path: str) -> Command | None:
        """Return the command that took a path, or a folder that it lies in, where it cannot be there again."""
        for folder in folders_of(path):
            first = self.taken.get(folder)
            if first is not None:
                again = any(self._filled.get(above, -1) > first.start for above in folders_of(folder))
                return first if not again else None
        return None


def _may_make_anything(run: Run, command: Command) -> bool:
    """Whether nobody knows all that a command writes."""
    if command.name and command.name not in _KNOWN:
        return True
    return len(writes_by_command(run).get(command.start, ())) < len(texts_written(command))


def _taken(run: Run, command: Command) -> tuple[str, ...]:
    """Return the paths that are gone for certain behind a command."""
    sure = not command.conditional and not runs_apart(run, command) and outcome_of_failure(run, command) == "stops"
    if command.name not in _TAKES or not sure or command.has(*_MAY_LEAVE):
        return ()
    words = carried_by(command) if command.name == "mv" else tuple(word.value for word in command.operands())
    paths = (_path(run, command, word) for word in words)
    return tuple(path for path in paths if path is not None)


def _needed(run: Run, command: Command) -> Iterator[tuple[str, str]]:
    """Yield the paths without which a command fails, each with how it is written."""
    if command.name not in _NEED or (command.name not in CARRIERS and command.has("-f", "--force", "--reference")):
        return
    if command.name == "install" and command.has("-d", "--directory"):
        return
    words = carried_by(command) if command.name in CARRIERS else tuple(word.value for word in command.operands())
    for word in words[1:] if command.name in _SETS else words:
        if word == "-":
            continue  # `cd -`
        path = _path(run, command, word)
        if path is not None:
            yield path, word


def _path(run: Run, command: Command, written: str) -> str | None:
    """Return where a path leads that is written out; a mount is there anew, whatever is done in it."""
    path = path_of(run, command, written) if written and _MARKS.isdisjoint(written) else None
    return path if path not in (None, "/") and not run.is_mounted(path or "") else None


def _problem(stage: Stage, run: Run, command: Command, written: str, first: Command) -> Problem:
    deed = f"deleted {quote(written)}" if first.name in _DELETES else f"moved {quote(written)} away"
    again = str(first) == str(command)
    other = "the same command" if again else quote(str(first), 60)
    way_out = "Drop one of the two" if again else "Name the path where it is now, or put this command in front"
    edit = delete_command(run, command) if again else None
    return Problem(
        command.span,
        f"{stage.label} runs {quote(str(command), 60)}, and {other} on line {first.line} has {deed}: nothing is there "
        f"any more, and the build stops here. {way_out}.",
        stage=stage.key,
        key=written,
        fix=fix("Drop the second one", edit) if edit is not None else None,
    )
