"""What a command names, and the change leaves out of the image: to write the command again would not do."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.brought import last_put, place_of
from rules.copying.context.origins import holds, is_named_by_run, origin
from rules.model.steps import Copy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Put, Stage, Start


def brought_no_more(change: DockerfileChange, stage: Stage, was: Stage, start: Start) -> Copy | None:
    """Return the COPY that brought a file which a command of before names, where nothing is seen to bring it now.

    Args:
        change: The change under review.
        stage: The stage as it is.
        was: The same before the change.
        start: A command that stage had.
    """
    for path in _named(was, start):
        put = last_put(was, path)
        if put is None or not isinstance(put.step, Copy) or is_named_by_run(stage, path):
            continue
        if _is_built(change, was, path, put):
            continue
        if not _is_brought(change, stage, path, by_name=_is_by_name(put, path)):
            return put.step
    return None


def went_with_its_copy(stage: Stage, was: Stage) -> bool:
    """Tell whether the change takes out the COPY that named a start's program, though a folder may still bring one."""
    start = was.image.start_command[0].value
    name = start.program.rsplit("/", 1)[-1] if start is not None else ""
    return name in _copied_names(was) and name not in _copied_names(stage)


def _named(was: Stage, start: Start) -> Iterator[str]:
    """Yield where the program and the files lie that a command names."""
    for place, word in enumerate(start.words if start.form == "exec" else start.text.split()):
        path = place_of(was, word) if (place == 0 or "/" in word) and not word.startswith("-") else None
        if path is not None and "://" not in word:
            yield path


def _is_built(change: DockerfileChange, was: Stage, path: str, put: Put) -> bool:
    """Whether the build made the file in a folder of the project: no copy out of the context brought it."""
    had = change.repository_before.context_files(was.model.path)
    return put.kind == "context" and had is not None and not any(holds(had, one) for one in origin(was, path).paths)


def _is_by_name(put: Put, path: str) -> bool:
    """Whether a copy names the file itself, and not a folder that may hold it."""
    return posixpath.basename(put.source.rstrip("/")) == posixpath.basename(path)


def _is_brought(change: DockerfileChange, stage: Stage, path: str, *, by_name: bool) -> bool:
    """Whether something brings a path now; a file that was copied by its name is seldom in another stage's folder."""
    files, inner = change.repository.context_files(change.path), origin(stage, path).paths
    for put in stage.files.covering(path):
        if put.makes_folder:
            continue
        if put.kind == "context" and files is not None and inner:
            if any(holds(files, one) for one in inner):
                return True
        elif put.path == path or _is_by_name(put, path) or put.kind == "context" or not by_name:
            return True
    return False


def _copied_names(stage: Stage) -> set[str]:
    return {(source.path or "").rsplit("/", 1)[-1] for copy in stage.all_copies for source in copy.sources}
