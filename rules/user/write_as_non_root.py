"""See write_as_non_root.md."""

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    OS_MANAGERS,
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Note,
    Problem,
    Run,
    Severity,
    Stage,
    Write,
    outcome_of_failure,
    quote,
    rule,
    runs_apart,
    written_by,
)
from rules.model.puts import within_any
from rules.user.accounts import changes_user, name_of, runs_as_root
from rules.user.ownership import access

_DEVICES = ("/dev", "/proc", "/sys")
_OF_PACKAGES = ("/etc", "/opt", "/run", "/srv", "/usr", "/var")


class Refused(NamedTuple):
    """What an ordinary user may not write.

    Attributes:
        run: The RUN.
        write: What its command would write.
        folder: The folder of root's that refuses it.
    """

    run: Run
    write: Write
    folder: str


@rule(
    "write-as-non-root",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("USER",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN makes a file or a folder where only root may, as an ordinary user."""
    for stage in change.stages:
        if stage.runtime.is_windows or stage.facts is None or stage.index not in change.after.needed_by_shipped:
            continue
        found = next((refused for run in stage.runs for refused in _refused(run)), None)
        if found is not None:  # the build gets no further
            yield _problem(stage, found)


def _refused(run: Run) -> Iterator[Refused]:
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


def _is_open(path: str) -> bool:
    """Whether it is a device, or lies in a home, whose place the shell alone knows."""
    return within_any(path, _DEVICES) or "~" in path


def _folder(run: Run, write: Write) -> str | None:
    """Return the folder in which a command would make something, where it is there and root's alone."""
    stage, user = run.stage, name_of(run.user.value or "")
    if any(put.step.at < run.at for put in stage.files.at(write.path)):
        return None  # it is there already, and may be the account's
    folder = posixpath.dirname(write.path)
    if _makes_folders(write.command):
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


def _makes_folders(command: Command) -> bool:
    return command.name == "mkdir" or (command.name == "install" and command.has("-d", "--directory"))


def _problem(stage: Stage, found: Refused) -> Problem:
    run, command, folder = found.run, found.write.command, found.folder
    user, instruction = run.user.value or "", run.user.instruction
    assert instruction is not None, "only what the file sets was looked at"
    step = access(stage, folder, name_of(user), before=run).decided_by
    line = "" if step is None else f", as line {step.instruction.line} leaves it"
    path = found.write.path
    way_out, verb = "Put the step above the `USER`.", "writes"
    if _makes_folders(command):
        given = quote(f"mkdir -p {path} && chown {user} {path}")
        way_out, verb = f"Make it above the `USER`, and give it away there: {given}.", "makes"
    return Problem(
        command.span,
        f"{stage.label} {verb} {quote(path)} as {quote(user)} (line {instruction.line}), and {quote(folder)} belongs "
        f"to root{line}. The build stops here with “Permission denied”. {way_out}",
        Confidence.LIKELY,
        doubt="the account may have been given that folder out of sight",
        instruction=run.instruction,
        stage=stage.key,
        key=path,
        notes=(Note(instruction.span, f"{user} from here on"),),
    )
