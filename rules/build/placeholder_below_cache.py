"""A placeholder that lies below a cache: the real program is built into a mount, which no layer holds."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.api import Confidence, Note, Problem, quote, within
from rules.model.work_folders import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Copy, DockerfileChange, Mount, Run, Stage

_CARRIERS = ("cp", "mv", "install", "rsync", "tar", "ln")


def placeholder_below_cache(
    change: DockerfileChange, stage: Stage, path: str, first: tuple[Run, Command], again: tuple[Run, Command]
) -> Problem | None:
    """Return the problem of a second build whose output no layer holds, where another stage takes the first one's.

    Args:
        change: The change under review.
        stage: The builder.
        path: The placeholder's source.
        first: The build on the placeholder, with its RUN.
        again: The build on the real sources, with its RUN.
    """
    run, command = again
    mount = _cache_of_output(run, command)
    if mount is None or run.calls(*_CARRIERS) or _cache_of_output(*first) is not None:
        return None
    folder = run.resolve(mount.target) or ""
    copy, source = next(_taken(change, stage, folder), (None, ""))
    if copy is None:
        return None
    return Problem(
        mount.flag.span,
        f"{stage.label} builds the real sources with {quote(str(command))} (line {command.line}) into the cache "
        f"mounted at {quote(folder)}, which no layer holds. What line {copy.instruction.line} copies, {quote(source)}, "
        f"is what line {first[1].line} built of the placeholder {quote(path)}: the image ships an empty program. Copy "
        "the program out of the cache at the end of that `RUN`, and take it from there.",
        Confidence.LIKELY,
        doubt="a command that was not understood may bring the program",
        instruction=run.instruction,
        stage=stage.key,
        key=path,
        notes=(Note(first[1].span, "the placeholder is built here"), Note(copy.instruction.span, "copied here")),
    )


def _cache_of_output(run: Run, command: Command) -> Mount | None:
    """Return the cache that covers what a build leaves: Cargo's `target`, where nothing names another folder."""
    folder = folder_of(run, command)
    if folder is None or command.option("--target-dir") or "CARGO_TARGET_DIR" in run.instruction.text:
        return None
    output = posixpath.join(folder, "target")
    caches = (mount for mount in run.mounts if mount.type == "cache")
    return next((one for one in caches if (at := run.resolve(one.target)) and within(output, at.rstrip("/"))), None)


def _taken(change: DockerfileChange, stage: Stage, folder: str) -> Iterator[tuple[Copy, str]]:
    """Yield the COPYs out of a stage that take something from below a folder, with its path."""
    for other in change.stages:
        for copy in other.copies:
            if copy.from_stage is stage and not copy.deferred:
                paths = (copy.source_path(source) for source in copy.sources)
                yield from ((copy, path) for path in paths if path is not None and within(path, folder.rstrip("/")))
