"""A source tree on its way through the stages: what brought it, and whether a part of it is deleted again."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.api import Copy, within

if TYPE_CHECKING:
    from rules.api import Put, Stage


def filled_with_sources(builder: Stage, path: str) -> Put | None:
    """Return what brought the whole source tree to the folder itself; a tree below it is a part, not the whole."""
    return next(
        (put for put in reversed(builder.files.whole_trees) if put.path == path or within(put.path, path)), None
    )


def brought_by(builder: Stage, filled: Put) -> tuple[tuple[Stage, Put], ...]:
    """Return each stage that has held the tree, with what brought it there, from the last back to the first."""
    found = [(builder, filled)]
    while filled.kind == "stage" and isinstance(filled.step, Copy):
        source = filled.step.from_stage
        before = filled_with_sources(source, filled.source) if source is not None else None
        if source is None or before is None or source.index >= builder.index:
            break
        builder, filled = source, before
        found.append((builder, filled))
    return tuple(found)


def is_gone(way: tuple[tuple[Stage, Put], ...], name: str) -> bool:
    """Whether a builder deletes an entry of the tree again."""
    return any(stage.files.is_deleted(posixpath.join(put.path, name.rstrip("/"))) for stage, put in way)
