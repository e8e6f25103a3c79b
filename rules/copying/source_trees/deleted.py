"""Folders of a source tree that a shipped stage copies whole and deletes in a later layer."""

from __future__ import annotations

import posixpath
from itertools import takewhile
from typing import TYPE_CHECKING

from rules.api import Confidence, Copy, Problem, once, quote, within
from rules.copying.deletions import deletions
from rules.copying.installs.mounted_instead import DELETING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, DockerfileChange, Put, Stage

HEAVY_FOLDERS = frozenset(
    "wheels wheelhouse dist packages pkgs debs rpms node_modules vendor target build artifacts downloads archives data "
    "models".split()
)
"""Folders of what a build makes or fetches."""


def deleted_of_context(change: DockerfileChange, stage: Stage, put: Put, copy: Copy) -> Iterator[Problem]:
    """Find folders of the context that are deleted before any command could have made them."""
    gone = [
        (path, command)
        for path, run, command in deletions(stage)
        if id(run) in _first_deletions(stage) and run.index > copy.index and path != put.path
        if within(path, put.path) and _takes_folders(command) and _is_source(path)
    ]
    gone = [row for row in gone if _is_in_context(change, posixpath.relpath(row[0], put.path)) is not False]
    if not gone:
        return
    path, command = gone[0]
    known = _is_in_context(change, posixpath.relpath(path, put.path))
    more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
    yield Problem(
        copy.instruction.span,
        f"{copy.stage.label} copies the whole context in, and {quote(str(command))} (line {command.line}) deletes "
        f"{quote(path)}{more} in a later layer. The image still carries those bytes: a layer cannot shrink the one "
        "below it. Leave it out of the context with `.dockerignore`.",
        Confidence.CERTAIN if known else Confidence.LIKELY,
        doubt="whether the context has it is not known",
        instruction=copy.instruction,
        stage=copy.stage.key,
        key=path,
    )


def deleted_of_builder(change: DockerfileChange, stage: Stage, put: Put, copy: Copy) -> Iterator[Problem]:
    """Find folders of the context that came with a builder's tree, and are deleted right behind the copy.

    How large they are nobody knows, so that only the summary speaks of them.
    """
    builder = copy.from_stage
    if builder is None or not any(_is_tree(one, put.source) for one in builder.files.puts):
        return
    gone: dict[str, Command] = {}
    for path, command in _right_behind(stage, put, copy):
        name = posixpath.relpath(path, put.path)
        made = posixpath.join(put.source, name)
        if not builder.files.is_deleted(made) and _is_in_context(change, name) is not False:
            gone.setdefault(path, command)
    if gone:
        path, command = next(iter(gone.items()))
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        yield Problem(
            copy.instruction.span,
            f"{copy.stage.label} copies the tree of {builder.label}, and line {command.line} deletes {quote(path)}"
            f"{more} in a later layer, where the image still carries the bytes. Delete it in {builder.label} before "
            "that, where no other stage takes it, or copy the rest by name.",
            Confidence.CERTAIN if _is_in_context(change, posixpath.relpath(path, put.path)) else Confidence.LIKELY,
            doubt="whether the context has it is not known",
            instruction=copy.instruction,
            stage=copy.stage.key,
            key=path,
            minor=True,
        )


def _is_tree(put: Put, folder: str) -> bool:
    """Whether the whole context lies in a folder."""
    return put.whole and put.kind == "context" and put.path == folder


def _right_behind(stage: Stage, put: Put, copy: Copy) -> Iterator[tuple[str, Command]]:
    """Yield the folders below a copy that the first RUN behind it deletes before it does anything else."""
    run = next((step for step in stage.runs if step.index > copy.index), None)
    if run is None or copy.stage is not stage:
        return
    first = {command.start for command in takewhile(lambda command: command.name in DELETING, run.commands)}
    for path, other, command in deletions(stage):
        early = other is run and command.start in first and _takes_folders(command)
        if early and "*" not in path and path != put.path and within(path, put.path) and _is_source(path):
            yield path, command


def _takes_folders(command: Command) -> bool:
    return command.has("-r", "-R", "-rf", "-fr", "--recursive")


def _is_in_context(change: DockerfileChange, folder: str) -> bool | None:
    """Whether the build's context has a folder; `None` when that is not known."""
    files = change.repository.context_files(change.path)
    if files is not None:
        return any(within(f"/{file}", f"/{folder}") for file in files)
    ignore = change.repository.dockerignore(change.path)
    return False if ignore is not None and ignore.excludes(folder) else None


@once
def _first_deletions(stage: Stage) -> frozenset[int]:
    """The RUNs that only delete, above every one that does anything else."""
    runs = takewhile(lambda run: run.is_read and all(c.name in DELETING for c in run.commands), stage.done_runs)
    return frozenset(map(id, runs))


def _is_source(path: str) -> bool:
    """Whether a folder has the name of one with sources, not of one that a build makes."""
    name = posixpath.basename(path)
    return name not in HEAVY_FOLDERS and not any(mark in name for mark in ".*?[")
