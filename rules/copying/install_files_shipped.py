"""See install_files_shipped.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    DockerfileChange,
    Note,
    Problem,
    Put,
    Run,
    Severity,
    Stage,
    folders_of,
    meet,
    once,
    quote,
    rule,
    within,
)
from rules.copying.context.named_by_variables import named_by_variables
from rules.copying.python.wheels import is_own_wheel
from rules.model.run_writes import is_opaque
from rules.model.shell_scope import filled
from rules.model.work_folders import folder_of, path_of
from rules.packages.package_files import unpacker_calls

_READERS = frozenset({"pip", "uv", "apt", "dnf", "yum", "microdnf", "tdnf", "zypper", "apk"})
"""Managers that read what they install from and need it no more."""

_FILES = (".whl", ".deb", ".rpm", ".apk", ".tgz")
_OF_NODE = frozenset({"npm", "yarn", "pnpm"})
"""Managers that unpack a `.tgz`, and link to what is a folder."""
_WANT_A_SLASH = frozenset({"apt", "apt-get", "aptitude"})
"""Programs that take a name without a slash for one of their index, whatever it ends in."""
_ALL = tuple(f"/*{ending}" for ending in _FILES)
_FOLDERS = frozenset("wheels wheelhouse wheel pkgs debs rpms".split())
_STANDING = frozenset("/ /home /opt /root /srv /tmp /usr/local /usr/src /var/tmp".split())
"""Folders that every image has: a mount over one of them hides more than what was copied."""
_LOOK_ALONE = frozenset("[ cd chgrp chmod chown du echo find ls mkdir rm stat test".split())
"""Commands that read nothing of what lies where they point."""


@rule(
    "install-files-shipped",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("COPY",),
    mentions=("wheel", ".whl", ".deb", ".rpm", ".apk", ".tgz", "debs", "rpms", "pkgs", "find-links"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Packages are copied into a shipped image to be installed from, and stay there."""
    said: set[int] = set()
    for stage in change.after.shipped:
        for put in (*stage.files.puts, *named_by_variables(stage)):
            copy = put.step
            if not isinstance(copy, Copy) or id(copy) in said or put.kind not in ("context", "stage"):
                continue
            gone = any(meet(put.path, path.path) for path in stage.files.deletions)
            found = None if gone else _installed(stage, put)
            if found is not None:
                said.add(id(copy))
                yield _problem(copy, put, *found)


def _is_packages(put: Put) -> bool:
    """Whether a COPY brings nothing but packages: wheels, `.deb` files, a folder of them."""
    name = posixpath.basename((put.source or "").rstrip("/"))
    return name.endswith(_FILES) or name in _FOLDERS


def _installed(stage: Stage, put: Put) -> tuple[Run, Command] | None:
    """Return the install that reads what a COPY brought."""
    found = next((read for read in _reads_below(stage).get(put.path.rstrip("/"), ()) if _is_read(read, put)), None)
    name = posixpath.basename(put.path)
    last = found.run.at if found is not None else None
    if found is None or any(name in deleted for at, deleted in _deleting(stage) if last is not None and at <= last):
        return None
    return None if _is_read_otherwise(stage, put) else (found.run, found.command)


def _is_read_otherwise(stage: Stage, put: Put) -> bool:
    """Whether anything besides an install names what a COPY brought, or works in its folder."""
    path = put.path.rstrip("/")
    values = [setting.value.words for setting in stage.image.start_command if setting.value is not None]
    words = {word.rstrip("/") for value in values for text in value for word in text.split()}
    variables = {setting.value.rstrip("/") for setting in stage.image.env.values() if setting.value}
    if path in words | variables:
        return True
    runs = (run for run in stage.done_runs if run.at > put.step.at)
    return any(_names(run, command, path) for run in runs for command in run.commands)


def _names(run: Run, command: Command, path: str) -> bool:
    """Whether a command that installs nothing names a path, or works in that folder after going there."""
    if any(_is_source(word.value, path) for word in command.args):
        return True
    if command in _installs(run) or command.name in _LOOK_ALONE:
        return False
    folder = folder_of(run, command)
    gone_there = folder is not None and folder != run.workdir.value and within(folder, path)
    return (gone_there and is_opaque(command)) or any(
        path_of(run, command, word.value) == path for word in command.args
    )


def _is_source(text: str, path: str) -> bool:
    """Whether a text names a folder as a source of packages, to look into later: `deb file:/opt/debs ./`."""
    return re.search(rf"\bfile:(?://)?{re.escape(path)}(?![\w.-])", text) is not None


@once
def _installs(run: Run) -> tuple[Command, ...]:
    """Return a RUN's commands that install packages out of files, or may."""
    managers = _READERS | _OF_NODE
    called = [call.command for call in run.package_calls if call.manager in managers and call.action == "install"]
    return (*called, *unpacker_calls(run))


class _Read(NamedTuple):
    """A path that an install reads packages from.

    Attributes:
        run: The RUN.
        command: The install.
        path: Absolute, variables without value as they are written.
        whole: The folder of which it reads all; `None` where it is one file.
    """

    run: Run
    command: Command
    path: str
    whole: str | None


@once
def _reads_below(stage: Stage) -> dict[str, list[_Read]]:
    """What installs read, by each folder above it and by its own path, in their order."""
    found: dict[str, list[_Read]] = {}
    for run in stage.done_runs:
        for command in _installs(run):
            for read in _reads(run, command):
                for folder in folders_of(read.path):
                    found.setdefault(folder, []).append(read)
    return found


@once
def _deleting(stage: Stage) -> tuple[tuple[tuple[int, int], str], ...]:
    """The RUNs that install and delete: where they stand, and what they say behind `rm`."""
    runs = (run for run in stage.done_runs if "rm " in run.instruction.whole_value and _installs(run))
    return tuple((run.at, run.instruction.whole_value.partition("rm ")[2]) for run in runs)


def _reads(run: Run, command: Command) -> Iterator[_Read]:
    folder, before = folder_of(run, command), ""
    for word in command.args:
        text = filled(run, command, word.value) or word.value
        option, _, value = text.rpartition("=")
        listed = (option or before) in ("--find-links", "-f")
        before = word.value
        bare = value.endswith(_FILES) and not value.startswith("-") and command.name not in _WANT_A_SLASH
        if value.startswith(("/", "./")) or (folder is not None and ("/" in value or bare)):
            path = posixpath.normpath(posixpath.join(folder or "/", value))
            if command.name in _OF_NODE and not path.endswith(".tgz"):
                continue
            whole = path if listed else posixpath.dirname(path) if path.endswith(_ALL) else None
            yield _Read(run, command, path, whole)


def _is_read(read: _Read, put: Put) -> bool:
    """Whether a path is that of what a COPY brings, which lies at it or above it."""
    named = posixpath.splitext(put.source)[1] if "*" in put.source else ""
    there = posixpath.dirname(read.path) == put.path if named else within(read.path, put.path)
    if there and read.path.endswith(named) and _is_packages(put):
        return True
    return read.whole == put.path and put.source != "." and not _shares(put)


def _shares(put: Put) -> bool:
    """Whether other steps put something to the same place or below: a mount would hide it.

    Then nothing says either that a name like `LICENSE` is that of a folder of packages.
    """
    return any(
        other.step is not put.step and other.kind != "workdir" and within(other.path, put.path)
        for other in put.step.stage.files.puts
    )


def _shown(put: Put) -> str:
    """Return what ships: by its name in the repository, or in the image where it comes from another stage."""
    if put.path in _STANDING:
        return posixpath.join(put.path, posixpath.basename(put.source) if "*" in put.source else "*")
    if put.kind == "context":
        return put.source
    return posixpath.join(put.path, posixpath.basename(put.source)) if "*" in put.source else put.path


def _problem(copy: Copy, put: Put, run: Run, command: Command) -> Problem:
    mount = f"--mount=type=bind,source={put.source},target={put.path}"
    if copy.from_text:
        mount += f",from={copy.from_text}"
    if "*" in put.source or "$" in put.source or put.path in _STANDING or _shares(put):
        mount = "--mount=type=bind"  # which takes no pattern, not everywhere a variable, and hides what lies there
    return Problem(
        copy.instruction.span,
        f"{copy.stage.label} ships {quote(_shown(put))}, which only the install at line {command.line} reads: the "
        "packages are in the image twice, packed and installed. Have the `RUN` mount them instead of copying: "
        f"{quote(f'RUN {mount} …')}.",
        Confidence.LIKELY,
        doubt="the program may read these files when it runs",
        instruction=copy.instruction,
        stage=copy.stage.key,
        notes=(Note(run.instruction.span, "installed here"),),
        decision=f"{copy.stage.key} {command.start}",
        minor=is_own_wheel(copy),
    )
