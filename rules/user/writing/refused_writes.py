"""What an ordinary user would write where only root may."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.nesting import runs_apart
from rules.model.outcome import outcome_of_failure
from rules.model.packages import OS_MANAGERS
from rules.model.puts import within_any
from rules.model.run_writes import Write, written_by
from rules.model.work_folders import path_of
from rules.user.accounts.running import changes_user, name_of, runs_as_root
from rules.user.owners.ownership import access

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Run, Stage

_DEVICES = ("/dev", "/proc", "/sys")
_OF_PACKAGES = ("/etc", "/opt", "/run", "/srv", "/usr", "/var")


class Refused(NamedTuple):
    """What an ordinary user may not write.

    Attributes:
        run: The RUN.
        write: What its command would write.
        folder: The folder of root's that refuses it.
        taken: Whether it is to be moved out of the folder, which has to be the account's for that, too (unlink(2)).
    """

    run: Run
    write: Write
    folder: str
    taken: bool = False


@once
def first_refused_write(stage: Stage) -> Refused | None:
    """Return the first of them in a stage: the build gets no further."""
    return next((refused for run in stage.runs for refused in refused_writes(run)), None)


def refused_writes(run: Run) -> Iterator[Refused]:
    """Yield what a RUN would write as an ordinary user where root alone may, and what stops the build."""
    if runs_as_root(run) is not False or run.deferred or not run.is_read or run.user.instruction is None:
        return
    for write in written_by(run):
        command = write.command
        asked = command.conditional or runs_apart(run, command) or command.wrappers or changes_user(run, command)
        if asked or outcome_of_failure(run, command) != "stops" or _is_open(write.path):
            continue
        folder = _folder(run, write)
        if folder is not None:
            yield Refused(run, write, folder)
    for command in run.calls("mv"):
        asked = command.conditional or runs_apart(run, command) or command.wrappers or changes_user(run, command)
        if not asked and outcome_of_failure(run, command) == "stops":
            yield from _moved_out(run, command)


def _moved_out(run: Run, command: Command) -> Iterator[Refused]:
    """Yield what a `mv` would take out of a folder that is root's alone."""
    for word in command.operands()[:-1]:
        path = path_of(run, command, word.value) if not any(mark in word.value for mark in "*?[$~") else None
        folder = posixpath.dirname(path) if path is not None else ""
        if path is None or _is_open(path) or command.has("-t", "--target-directory"):
            continue
        known = access(run.stage, folder, name_of(run.user.value or ""), before=run)
        if known.exists is True and known.writable is False:
            yield Refused(run, Write(path, tree=False, checkout=False, command=command), folder, taken=True)


def _is_open(path: str) -> bool:
    """Whether it is a device, or lies in a home, whose place the shell alone knows."""
    return within_any(path, _DEVICES) or "~" in path


def _folder(run: Run, write: Write) -> str | None:
    """Return the folder in which a command would make something, where it is there and root's alone."""
    stage, user = run.stage, name_of(run.user.value or "")
    if any(put.step.at < run.at for put in stage.files.at(write.path)):
        return None  # it is there already, and may be the account's
    folder = posixpath.dirname(write.path)
    if makes_folders(write.command):
        if access(stage, write.path, user, before=run).exists is not False or _may_be_of_package(run, write.path):
            return None
        while folder != "/" and access(stage, folder, user, before=run).exists is False:
            folder = posixpath.dirname(folder)
    elif write.tree:
        there = access(stage, write.path, user, before=run).exists
        if there or write.command.name not in ("cp", "mv", "ln"):
            folder = write.path
    known = access(stage, folder, user, before=run)
    return folder if known.exists is True and known.writable is False else None


def _may_be_of_package(run: Run, path: str) -> bool:
    """Whether a package of the system may have made a folder for its own account: `/var/lib/tor`."""
    installs = (call for one in run.stage.all_runs for call in one.package_calls if one.at < run.at)
    return within_any(path, _OF_PACKAGES) and any(call.manager in OS_MANAGERS for call in installs)


def makes_folders(command: Command) -> bool:
    """Tell whether a command makes folders."""
    return command.name == "mkdir" or (command.name == "install" and command.has("-d", "--directory"))
