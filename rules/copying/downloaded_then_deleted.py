"""See downloaded_then_deleted.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Problem,
    Put,
    Run,
    Severity,
    Stage,
    once,
    quote,
    rule,
    within,
)
from rules.copying.deletions import Deleted, deleted_behind, is_guessed
from rules.copying.installs.mounted_instead import HEAVY
from rules.model.work_folders import folder_of
from rules.secrets.downloads.fetched import FETCHERS

_TAKE_AWAY = frozenset(
    "bunzip2 bzip2 find gunzip gzip mv rename shred truncate unlink unlzma unxz unzstd xz zstd".split()
)
"""Programs that may leave nothing of the file under its name, those that unpack it in its place among them."""


@rule(
    "downloaded-then-deleted",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("RUN",),
    mentions=(*sorted(FETCHERS), "clone"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A shipped stage downloads something and deletes it in a later layer, where it stays."""
    said: set[int] = set()
    for stage in change.after.shipped:
        downloads = [put for put in stage.files.puts if _weighs(put)]
        found: dict[tuple[int, int], list[tuple[Put, Deleted]]] = {}
        for put in downloads:
            later = _deleted_by(stage, put)
            if later is not None and id(put.step) not in said:
                found.setdefault((id(put.step), id(later.command)), []).append((put, later))
        said |= {step for step, _ in found}
        yield from (_problem(stage, rows) for rows in found.values())


def _weighs(put: Put) -> bool:
    """Whether a command that surely runs fetches an archive, a package or a repository."""
    command = put.command
    if command is None or command.conditional or put.kind != "run":
        return False
    if command.name == "git":
        return command.subcommand == "clone" and put.tree
    return command.name in FETCHERS and put.path.lower().endswith(HEAVY)


def _deleted_by(stage: Stage, put: Put) -> Deleted | None:
    """Return what deletes a download first, where that is in a later layer and nothing took it away before."""
    assert put.command is not None
    first = deleted_behind(stage, put.path, (put.step.at, put.command.start))
    return None if first is None or first.run is put.step or _is_taken_away(put) else first


def _is_taken_away(put: Put) -> bool:
    """Whether another command of the RUN may leave nothing there, such as one that moves the file."""
    assert isinstance(put.step, Run)
    assert put.command is not None
    return put.command.start < _last_that_takes(put.step)


@once
def _last_that_takes(run: Run) -> int:
    """Where the last command stands that may take a file away; -1 without one."""
    return max((c.start for c in run.commands if c.name in _TAKE_AWAY), default=-1)


def _problem(stage: Stage, rows: list[tuple[Put, Deleted]]) -> Problem:
    put, deletion = rows[0]
    run, command = put.step, put.command
    assert command is not None
    more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
    them = "them" if len(rows) > 1 else "it"
    between = _used_below(stage, put, deletion.run)
    way_out = (
        f"Fetch {them}, use {them} and delete {them} in one `RUN`."
        if between
        else f"Delete {them} at the end of this `RUN`{_left_out(deletion, them)}."
    )
    sure = not is_guessed(deletion.run, deletion.command) and not stage.files.has_unreadable_run
    return Problem(
        command.span,
        f"{stage.label} fetches {quote(put.path)}{more}, and {quote(str(deletion.command), 60)} (line "
        f"{deletion.command.line}) deletes {them} in a later layer. The image still carries all the bytes: a layer "
        f"cannot shrink the one below it. {way_out}",
        Confidence.CERTAIN if sure else Confidence.LIKELY,
        doubt="a script may take it away before, or the base image may work in another folder than `/`",
        instruction=run.instruction,
        stage=stage.key,
        key=posixpath.dirname(put.path) if len(rows) > 1 else put.path,
        decision=f"{stage.key} {deletion.command.line} {way_out}",
        heed=f"which fetches {quote(put.path)}{more}",
    )


def _left_out(deletion: Deleted, them: str) -> str:
    """Say that the command which deletes a file now must not do so twice: without `-f` it fails at what is gone."""
    command = deletion.command
    if command.name != "rm" or command.has("-f", "--force"):
        return ""
    return f", and take {them} out of that `rm`, which fails at what is not there"


def _used_below(stage: Stage, put: Put, last: Run) -> bool:
    """Whether a RUN behind the download, up to the one that deletes it, speaks of the file or works in its folder."""
    name, folder = posixpath.basename(put.path), posixpath.dirname(put.path)
    told = [name, folder] if folder.count("/") > 1 else [name]
    home = put.path if put.tree else folder
    return any(
        any(text in str(command) for text in told) or _works_in(run, command, home)
        for run in stage.done_runs
        if put.step.at < run.at <= last.at
        for command in run.commands
        if command.name not in ("rm", "cd")
    )


def _works_in(run: Run, command: Command, home: str) -> bool:
    """Whether a command runs below a folder, or nobody knows where: `make` in a clone names nothing of it."""
    at = folder_of(run, command)
    return at is None or (home != "/" and within(at, home))
