"""See gone_path_used.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    DockerfileChange,
    Problem,
    Run,
    Severity,
    Stage,
    delete_command,
    fix,
    outcome_of_failure,
    quote,
    rule,
    runs_apart,
    surely_stops,
    within,
    written_by,
)
from rules.model.run_writes import CARRIERS, carried_by, texts_written
from rules.model.work_folders import path_of
from rules.secrets.downloads import FETCHERS, saved_path

_DELETES = frozenset({"rm", "rmdir", "unlink"})
_TAKES = _DELETES | {"mv"}
"""Commands behind which a path is no longer there."""
_SETS = frozenset({"chmod", "chown", "chgrp"})
_NEED = _TAKES | _SETS | CARRIERS
"""Commands that fail where a path which they name is not there (POSIX)."""
_KNOWN = _NEED | frozenset(
    ": [ cat cd curl echo export grep head ldconfig ls mkdir printf pwd set sha256sum sleep tail tar test touch true "
    "unset unzip wget".split()
)
"""Commands whose command line says what they write; behind any other one a path may be there again."""
_NAMED_BY_SERVER = ("-J", "--remote-header-name", "--content-disposition", "-i", "--input-file", "-K", "--config")
_MARKS = frozenset("*?[]{}$`~\\")


@rule(
    "gone-path-used",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=tuple(sorted(_TAKES)),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A command needs a path that a command in front of it has moved or deleted."""
    for stage in change.stages:
        for run in () if stage.runtime.is_windows else stage.runs:
            if run.is_read and run.calls(*_TAKES):
                yield from _in_run(stage, run)


def _in_run(stage: Stage, run: Run) -> Iterator[Problem]:
    """Yield the first such command of a RUN: the build ends there."""
    gone: dict[str, Command] = {}
    for command in run.commands:
        for path, written in _needed(run, command) if gone and surely_stops(run, command) else ():
            taken = next((folder for folder in gone if within(path, folder)), None)
            if taken is not None:
                yield _problem(stage, run, command, written, gone[taken])
                return
        gone = {path: by for path, by in gone.items() if not _may_make(run, command, path)} if gone else {}
        gone.update(dict.fromkeys(_taken(run, command), command))


def _may_make(run: Run, command: Command, path: str) -> bool:
    """Whether a path may be there again behind a command."""
    if command.name and command.name not in _KNOWN:
        return True
    if command.name in FETCHERS and (saved_path(command) is None or command.has(*_NAMED_BY_SERVER)):
        return True
    written = len(tuple(texts_written(command)))
    made = [write for write in written_by(run) if write.command is command] if written else []
    return len(made) < written or any(within(one.path, path) or (one.tree and within(path, one.path)) for one in made)


def _taken(run: Run, command: Command) -> tuple[str, ...]:
    """Return the paths that are gone for certain behind a command."""
    sure = not command.conditional and not runs_apart(run, command) and outcome_of_failure(run, command) == "stops"
    if command.name not in _TAKES or not sure or command.has("-n", "--no-clobber", "-u", "--update", "-i", "-b"):
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
