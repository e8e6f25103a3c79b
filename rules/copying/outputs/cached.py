"""Files that were written into a mount, which no layer holds (Dockerfile reference, "RUN --mount")."""

from __future__ import annotations

import posixpath
from itertools import islice
from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, folders_of, once, quote, surely_stops, within
from rules.model.run_writes import CARRIERS, carried_by, is_opaque
from rules.model.work_folders import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Put, Run, Stage

MOUNTS = frozenset({"cache", "bind"})
"""The types whose content is in no layer."""
_TAKE_FIRST = frozenset(
    "strip ldd upx file sha256sum objcopy patchelf cat gzip chmod wasmedgec wasm-opt wasm-strip wasm-bindgen wasm2wat "
    "cosign setcap".split()
)
"""Programs whose first operand is a file that has to be there; of `chmod` and `setcap` the one behind it."""
_BEHIND_FIRST = frozenset({"chmod", "setcap", "cosign"})
_VALUED = ("-o", "--output", "--out-dir")
_MOST = 50
"""Reads of one stage that are looked at: for each one the whole stage is."""
_INSTALLED = frozenset({"node_modules", "site-packages", ".venv", "venv", "vendor"})
"""Folders of installed packages, of which `install-into-mount` speaks."""


def mount_around(stage: Stage, path: str, before: Command | None = None) -> tuple[Run, str, str] | None:
    """Return the RUN whose mount takes all that is written at a path, the mount's type, and where it is mounted.

    Args:
        stage: That should have the file.
        path: Of the file, absolute.
        before: The command by which it is to be there; `None` for the end of the stage.

    Returns:
        `None` too where an instruction may write the file into a layer.
    """
    found = None
    start = _sources_from(stage, path) if before is not None else (-1, -1)
    for run in stage.done_runs:
        if before is not None and run.instruction.span.start > before.start:
            break
        mounts = ((mount.type, run.resolve(mount.target)) for mount in run.mounts if mount.type in MOUNTS)
        around = next(((kind, at) for kind, at in mounts if at and at != path and within(path, at)), None)
        if around is not None:
            found = run, *around
        elif run.at > start and any(
            is_opaque(one) and (before is None or one.start < before.start) for one in run.commands
        ):
            return None
    if found is None or stage.files.has_unreadable_run:
        return None
    brought = [put for put in stage.files.covering(path) if put.kind != "workdir" and put.step is not found[0]]
    return found if all(put.kind == "context" and (put.whole or _is_above(put, found[2])) for put in brought) else None


def _is_above(put: Put, target: str) -> bool:
    """Whether a folder of sources is copied to a place above a mount: sources seldom hold what is built in there."""
    return put.tree and put.path != target and within(target, put.path)


def _sources_from(stage: Stage, path: str) -> tuple[int, int]:
    """Where the first COPY stands that brings something from the context to the folders around a path.

    What ran above it has not built the project.
    """
    puts = (put for put in stage.files.puts if put.kind == "context" and put.path != "/")
    around = (put for put in puts if within(path, put.path if put.tree else posixpath.dirname(put.path)))
    return min((put.step.at for put in around if put.path.count("/") > 1 or put.tree), default=(-1, -1))


def read_from_caches(stage: Stage) -> Iterator[Problem]:
    """Yield one problem for each RUN that reads what an earlier one left in its cache mount, and mounts none there."""
    said: set[int] = set()
    for run, command, path, text in islice(_reads(stage), _MOST):
        found = mount_around(stage, path, command) if id(run) not in said else None
        if found is not None and found[1] == "cache" and found[0] is not run and not _is_installed(found[2]):
            said.add(id(run))
            yield _problem(stage, run, command, text, found[0], found[2])


def _reads(stage: Stage) -> Iterator[tuple[Run, Command, str, str]]:
    """Yield what the RUNs of a stage read where an earlier one may mount a cache, and they themselves mount nothing."""
    caches = _caches(stage)
    for run in stage.runs if caches else ():
        own = [run.resolve(mount.target) for mount in run.mounts]
        for command in run.commands if not run.deferred else ():
            for path, text in _read(run, command):
                inside = not caches.isdisjoint(folders_of(path))
                if inside and not any(at is None or within(path, at) for at in own):
                    yield run, command, path, text


@once
def _caches(stage: Stage) -> frozenset[str]:
    """Where the RUNs of a chain mount caches."""
    targets = (run.resolve(mount.target) for run in stage.done_runs for mount in run.mounts if mount.type == "cache")
    return frozenset(target.rstrip("/") for target in targets if target is not None)


def _is_installed(target: str) -> bool:
    return not _INSTALLED.isdisjoint(target.split("/"))


def _read(run: Run, command: Command) -> Iterator[tuple[str, str]]:
    """Yield the files that a command cannot do without, absolute and as written."""
    folder = folder_of(run, command)
    if folder is None or not surely_stops(run, command):
        return
    for text in _inputs(command):
        if text and not text.startswith("-") and not any(mark in text for mark in "$~`"):
            yield posixpath.normpath(posixpath.join(folder, text)), text


def _inputs(command: Command) -> tuple[str, ...]:
    program = command.called
    if command.name in CARRIERS:
        return carried_by(command)
    if command.name in _TAKE_FIRST:
        words = tuple(word.value for word in command.operands(_VALUED))
        return words[1:2] if command.name in _BEHIND_FIRST else words[:1]
    return (program,) if "/" in program else ()


def _problem(stage: Stage, run: Run, command: Command, text: str, filled: Run, target: str) -> Problem:
    return Problem(
        command.span,
        f"{stage.label} reads {quote(text)} here, which lies in the cache that the `RUN` at line "
        f"{filled.instruction.line} mounts at {quote(target)}. No layer holds what is written into a cache, and this "
        "`RUN` does not mount it, so the file is not there and the build stops. Do this at the end of that `RUN`, or "
        "give this one the same `--mount`.",
        Confidence.LIKELY,
        doubt="the context or the base image may bring a file of that name",
        instruction=run.instruction,
        stage=stage.key,
        key=text,
    )
