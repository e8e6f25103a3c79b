"""How a RUN gets what a COPY brought for it alone: by a mount that serves, or in an earlier stage."""

from __future__ import annotations

import posixpath
from bisect import bisect_right
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rules.api import OS_MANAGERS, Copy, Run, once, quote, within, written_by
from rules.copying.deletions import deletions_of
from rules.model.folders import TEMPORARY
from rules.model.work_folders import folder_of
from rules.quoting import listed

if TYPE_CHECKING:
    from rules.api import Command, PackageCall, Put, Stage, Step

HEAVY = tuple(
    ".deb .rpm .apk .whl .tar .tgz .tbz2 .txz .gz .bz2 .xz .zst .zip .7z .jar .war .ear .run .bin .iso .exe .msi .so "
    ".sql .dump".split()
)
"""Endings of files that weigh something."""

_ONLY_READING = frozenset({*OS_MANAGERS, "pip"})
"""Managers that only read what a project's list names."""
DELETING = frozenset({"cd", "rm", "unlink"})
_WRITERS = frozenset("chmod chown chgrp touch mkdir mv gunzip bunzip2 patch".split())
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh"})
_LOOKING = frozenset("cd rm unlink ls cat echo cp pwd test [ true dpkg rpm apt apt-get dnf yum apk".split())


def way_out(stage: Stage, put: Put, copy: Copy, run: Run, command: Command, path: str, *, fixed: bool) -> str:
    """Say what to do instead: a mount point cannot be deleted (`rm` stops with "busy"), nor a folder above one.

    What one RUN writes into a mount, the next does not find.
    """
    if put.kind == "remote":
        return "Fetch it in an earlier stage and mount it from there, or fetch and delete it in one `RUN`."
    above = is_emptied(put) or (path != put.path and within(put.path, path))
    written = _is_written_to(stage, put, copy, run)
    workers = _workers(stage, put, copy, run)
    several = written and len(workers) > 1
    source = above and (put.kind == "context" or written) and put.tree and not posixpath.splitext(put.path)[1]
    if several or (written if is_emptied(put) else source):
        return "Build in an earlier stage, and copy the result from there."
    if above:
        return (
            f"Mount it (`RUN --mount=type=bind`) at a path outside {quote(path)} where it is used, and do not copy it."
        )
    what = "its folder" if "*" in put.path else "it"  # a mount takes no pattern
    if path != put.path:
        return f"Mount {what} (`RUN --mount=type=bind`) where it is used, {_beside(command, path)}."
    mount = f"Mount {what} where it is used ({_mount(written=written)}) instead of copying it"
    if fixed:
        return f"{mount}."
    gone = (
        f"leave {quote(put.path)} out of that `{command.name}`" if len(command.operands()) > 1 else "drop that command"
    )
    again = _deleted_again(stage, put, run, command)
    why = (
        "a mount point cannot be deleted"
        if run in workers or builds_there(run, put.path)
        else "nothing is left there to delete"
    )
    return f"{mount}, {'' if again else 'and '}{gone}{again}: {why}."


def _deleted_again(stage: Stage, put: Put, run: Run, command: Command) -> str:
    """Name the other commands of the RUN that delete the same: each of them would meet the mount."""
    rows = deletions_of(stage, put.path)
    again = [row.command for row in rows if row.run is run and row.command.start != command.start]
    lines = list(dict.fromkeys(f"the `{other.name}` in line {other.line}" for other in again))
    return f", and leave {quote(put.path)} out of {listed(lines)}" if lines else ""


def is_emptied(put: Put) -> bool:
    """Tell whether a folder is copied into the one for temporary files, whose content is deleted as a whole."""
    return put.path in TEMPORARY and put.tree


def brought_again(stage: Stage, put: Put, copy: Copy, run: Run, path: str) -> str | None:
    """Say what to do where a COPY below brings it to the same place again, and nothing uses it; else `None`."""
    below = (other.step for other in stage.files.at(put.path) if other.step.at > run.at)
    again = next((step for step in below if isinstance(step, Copy)), None)
    if again is None or path != put.path or _workers(stage, put, copy, run):
        return None
    return f"Line {again.instruction.line} brings it again: drop this line, and take it out of that `rm`."


def deleted_unused(stage: Stage, put: Put, copy: Copy, run: Run, command: Command) -> str | None:
    """Say what to do where the very next command deletes all of it, which hardly was meant; else `None`."""
    if (
        _runs_between(stage, copy, run)[:1] != [run]
        or run.commands[0] is not command
        or put.kind != "stage"
        or is_emptied(put)
    ):
        return None
    return "Nothing uses it before, and the container does not have it. If it should, delete above this line."


def _beside(command: Command, pattern: str) -> str:
    """Say where a mount is safe from a deletion by a pattern, which fails without `-f` where nothing is left for it."""
    if command.has("-f", "--force"):
        return f"at a path that {quote(pattern)} does not match"
    return f"at another path, and take {quote(pattern)} out of that `{command.name}`"


def _mount(*, written: bool) -> str:
    """Say which mount serves: a bind mount is read-only unless it says otherwise."""
    if written:
        return "`RUN --mount=type=bind,rw`: the commands may write there, and what they write goes as well"
    return "`RUN --mount=type=bind`"


def _is_written_to(stage: Stage, put: Put, copy: Copy, last: Run) -> bool:
    runs = _runs_between(stage, copy, last)
    return any(within(path, put.path) for run in runs for path in _written(run)) or any(
        builds_there(run, put.path) or _runs_script_of(run, put.path) for run in runs
    )


def _runs_script_of(run: Run, folder: str) -> bool:
    """Whether a script of the folder runs, which may write beside itself: `bash /src/recipes/install.sh`."""
    called = (
        next(iter(command.operands()), None) if command.name in _SHELLS else command.program for command in run.commands
    )
    return any(word is not None and word.value != folder and within(word.value, folder) for word in called)


def builds_there(run: Run, folder: str) -> bool:
    """Whether a project is installed out of a folder, or around it: npm and pip write beside what they read."""
    return any(_installs_around(run, call, folder) or _builds_in(run, call, folder) for call in run.package_calls)


def _installs_around(run: Run, call: PackageCall, folder: str) -> bool:
    """Whether a call installs or builds the project of a folder above, as of a workspace."""
    above = folder_of(run, call.command) or "/"
    return call.project and call.manager not in _ONLY_READING and above != "/" and within(folder, above)


def _builds_in(run: Run, call: PackageCall, folder: str) -> bool:
    """Whether a call is given a project that lies there; of a package that is packed, it only reads."""
    at = folder_of(run, call.command) or "/"
    names = [package.name for package in call.packages if package.kind == "path"]
    return call.manager not in OS_MANAGERS and any(
        within(posixpath.normpath(posixpath.join(at, name.split("[")[0])), folder)
        for name in names
        if "*" not in name and not name.endswith(HEAVY)
    )


@once
def _written(run: Run) -> frozenset[str]:
    """Return the paths that a RUN seems to write to: what it changes by name, and the folders that it works in."""
    found: set[str] = set()
    for command in run.commands:
        folder = folder_of(run, command)
        if command.name not in _LOOKING and folder is not None:
            found.add(folder)
        if command.name in _WRITERS:
            found.update(posixpath.normpath(word.value) for word in command.operands() if word.value.startswith("/"))
    return frozenset(found).union(write.path for write in written_by(run))


def _workers(stage: Stage, put: Put, copy: Copy, last: Run) -> list[Run]:
    """Return the RUNs from a COPY to the last that do more with its path than to delete it, or that work in it."""
    return [
        run
        for run in _runs_between(stage, copy, last)
        if any(command.name not in DELETING and _concerns(run, command, put.path) for command in run.commands)
    ]


def _runs_between(stage: Stage, copy: Copy, last: Run) -> list[Run]:
    """Return the RUNs below a COPY, down to one of them."""
    steps = stage.done_steps
    first = bisect_right(steps, copy.at, key=_place)
    return [step for step in steps[first : bisect_right(steps, last.at, key=_place)] if isinstance(step, Run)]


def _place(step: Step) -> tuple[int, int]:
    return step.at


def _concerns(run: Run, command: Command, path: str) -> bool:
    """Whether a command names a path or what is called like it, or works in it."""
    names = (command.name, *(posixpath.basename(word.value) for word in command.args))
    return (
        path in str(command)
        or within(folder_of(run, command) or "/", path)
        or any(name and fnmatchcase(posixpath.basename(path), name) for name in names)
    )
