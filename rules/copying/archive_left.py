"""See archive_left.md."""

import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Put,
    Run,
    Severity,
    Stage,
    append_to_run,
    fix,
    once,
    quote,
    rule,
    within,
)
from rules.copying.context.possibly_there import INTERPRETERS
from rules.copying.deletions import deleted_behind
from rules.copying.source_trees.built_beside import is_built_beside
from rules.model.archivers import tar_writes, unzip_writes
from rules.model.shell_scope import filled
from rules.model.work_folders import folder_of, path_of
from rules.repairs import as_root
from rules.secrets.downloads.fetched import FETCHERS

_ARCHIVES = re.compile(r"\.(?:tar(?:\.\w+)?|tgz|tbz2?|txz|tzst|zip|deb|rpm)\Z")
_PACKAGES = (".deb", ".rpm")
"""Of those that are copied `install-files-shipped` speaks."""
_VERSION = re.compile(r"\d+(?:[._]\d+)*")
_INSTALLERS = {"dpkg": ("-i", "--install"), "rpm": ("-i", "-U", "-ivh", "-Uvh", "--install", "--upgrade")}
_INSTALLING = frozenset({"apt", "apt-get", "dnf", "microdnf", "tdnf", "yum", "zypper"})
"""Managers that install a package file which is named by its path, as they install one by its name."""
_MOVERS = frozenset("cp find gunzip install ln mv rename rm rsync shred truncate unlink xargs".split())
"""Programs that may take the file away, wherever they work, or put it where it is needed."""
_FILLED = re.compile(r"\$\{[^{}]*\}|\$\([^()]*\)|\$\w+")
"""What a value is put in for, which may be any."""
_READ_BY_START = frozenset({"CMD", "ENTRYPOINT", "ENV", "HEALTHCHECK"})


@rule(
    "archive-left",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("RUN",),
    mentions=("tar", "unzip", *_INSTALLERS, *_INSTALLING),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A shipped stage unpacks an archive that it downloads or copies, and keeps the archive as well."""
    told: set[int] = set()
    for stage in change.after.shipped:
        if change.after.is_for_developers(stage):
            continue
        for put in stage.files.puts:
            made = id(put.command or put.step)
            user = _unpacked(stage, put) if made not in told and _is_archive(put) else None
            if user is not None:
                told.add(made)
                yield _problem(stage, put, *user)


def _is_archive(put: Put) -> bool:
    """Whether an archive is copied, or fetched by a command that surely runs, to a place that is part of the layer."""
    command, run = put.command, put.step
    if put.kind == "context" and isinstance(run, Copy):
        copied = _ARCHIVES.search(put.path.lower())
        return not run.is_add and not put.tree and copied is not None and copied[0] not in _PACKAGES
    if command is None or command.conditional or command.nested or put.kind != "run" or not isinstance(run, Run):
        return False
    fetched = command.name in FETCHERS and _ARCHIVES.search(put.path.lower()) is not None
    kept = not run.is_mounted(put.path) and not within(put.path, "/dev")  # a build has its own /dev, as a container has
    return fetched and kept and "$" not in put.path


def _unpacked(stage: Stage, put: Put) -> tuple[Run, Command] | None:
    """Return the first command that unpacks or installs a download which nothing takes away afterwards."""
    at = put.step.at, put.command.start if put.command is not None else 0
    if stage.files.has_unreadable_run or deleted_behind(stage, put.path, at) is not None:
        return None
    if isinstance(put.step, Run) and put.step.calls("trap"):
        return None  # what is done when the shell ends
    name, found = posixpath.basename(put.path), None
    if any(name in one.text for one in _of_start(stage)) or any(run.at >= at[0] for run in _running_own(stage)):
        return None
    for run, command in _naming(stage, name, put.path):
        if (run.at, command.start) <= at:
            continue
        moves = command.name in _MOVERS and not _is_of_folder(command)
        if moves or command.name in INTERPRETERS or command.conditional:
            return None
        if found is None and _unpacks(run, command, put.path):
            found = run, command
    return found


def _variable(command: Command) -> list[str]:
    return [word.value for word in command.args if "$" in word.value]


def _naming(stage: Stage, name: str, path: str) -> Iterator[tuple[Run, Command]]:
    """Yield the commands of a chain that name a file, or may do so by a pattern or a variable."""
    for run in stage.done_runs:
        for command in run.commands:
            if command.name in _MOVERS and not _is_of_folder(command):
                filled_in = [_FILLED.sub("*", word.value) for word in command.args]
                words = [posixpath.basename(word.rstrip("/")) for word in filled_in]
                unseen = not command.operands()  # `| xargs rm`: a pipe names the files
                named = unseen or any("$" in word or "{}" in word or fnmatchcase(name, word) for word in words)
            else:
                named = name in str(command) or any(path_of(run, command, word) == path for word in _variable(command))
            if named:
                yield run, command


def _is_of_folder(command: Command) -> bool:
    """Whether a program is called by its place below the folder at hand: `./aws/install` is not the system's."""
    return command.program is not None and command.program.value.startswith("./")


@once
def _running_own(stage: Stage) -> tuple[Run, ...]:
    """Return the RUNs that run a script of the project, which may clean up behind itself."""
    return tuple(run for run in stage.done_runs if any(_is_own(stage, run, one) for one in run.commands))


def _is_own(stage: Stage, run: Run, command: Command) -> bool:
    word = command.args[0] if command.name in INTERPRETERS and command.args else command.program
    path = path_of(run, command, word.value) if word is not None and "/" in word.value else None
    return path is not None and any(put.kind == "context" for put in stage.files.covering(path))


def _of_start(stage: Stage) -> Iterator[Instruction]:
    """Yield the instructions that say what a container starts with."""
    return (step.instruction for step in stage.done_steps if step.instruction.keyword in _READ_BY_START)


def _unpacks(run: Run, command: Command, path: str) -> bool:
    """Whether a command takes out of an archive what is in it, and reads it by its path."""
    if command.name == "tar":
        writes = any(folder for _, folder, _ in tar_writes(command))
    elif command.name == "unzip":
        writes = any(True for _ in unzip_writes(command))
    else:
        writes = _installs(command)
    return writes and any(path_of(run, command, word.value) == path for word in command.args if "=" not in word.value)


def _installs(command: Command) -> bool:
    if command.name in _INSTALLING:
        return any(word.value in ("install", "localinstall") for word in command.args)
    return command.has(*_INSTALLERS.get(command.name, ()))


def _problem(stage: Stage, put: Put, run: Run, command: Command) -> Problem:
    does = "installs it" if _installs(command) else "unpacks it"
    delete = (
        f"{as_root(put.command)}rm {_written(run, command, put.path)}"
        if put.command is not None and run is put.step
        else ""
    )
    return Problem(
        put.command.span if put.command is not None else put.step.instruction.span,
        f"{stage.label} keeps {quote(put.path)}: line {command.line} {does}, and nothing deletes it. Nobody reads it "
        f"again, and everyone who pulls the image downloads it. {_way_out(put, command, delete)}",
        Confidence.LIKELY,
        doubt="the program may read it itself",
        instruction=put.step.instruction,
        stage=stage.key,
        key=_versionless(put.path),
        minor=is_built_beside(stage, run, command),
        shared_advice=f"{stage.key} fetched" if put.command is not None and not delete else "",
        fix=_fix(run, delete) if delete else None,
    )


def _versionless(path: str) -> str:
    """Return what tells an archive from others: another version of it, or one packed in another way, is the same."""
    return _VERSION.sub("#", _ARCHIVES.sub("", path.lower()))


def _written(run: Run, command: Command, path: str) -> str:
    """Return a path as the command that reads it writes it, where a variable stands in that, from the root on."""
    written = next(word.value for word in command.args if path_of(run, command, word.value) == path)
    if "$" not in written:
        return path
    whole = (filled(run, command, written) or "").startswith("/")
    return written if whole else posixpath.join(folder_of(run, command) or "/", written)


def _way_out(put: Put, command: Command, delete: str) -> str:
    if delete:
        return f"Delete it at the end of this `RUN`: {quote(delete)}."
    if put.command is not None:
        return "Fetch it, use it and delete it in one `RUN`: a later one takes nothing out of this layer."
    mount = f"`RUN --mount=type=bind,source={put.source},target={put.path} {command}`"
    if command.name == "tar":
        return f"`ADD` in place of the `COPY` unpacks it by itself; or mount it: {mount}."
    return f"Mount it where it is used: {mount}."


def _fix(run: Run, delete: str) -> Fix | None:
    plain = not run.commands[-1].conditional and not run.calls("exec", "exit")
    return fix("Delete the archive in the same layer", append_to_run(run, delete)) if plain else None
