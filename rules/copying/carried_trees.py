"""A source tree on its way through the stages: what brought it, and what rides along with it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.api import Copy, quote, within
from rules.quoting import listed

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Put, Stage

ALL = "all sources"
_NAMED = 4
"""Entries that a sentence can name."""
_RIDING = {
    "tests": ("tests", "test", "spec", "__tests__"),
    "lock files": (
        "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "poetry.lock", "uv.lock", "Pipfile.lock", "composer.lock",
        "Gemfile.lock", "go.sum",
    ),
}  # fmt: skip
"""What lies in most source trees, with the names that it goes by."""


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


def riding_along(change: DockerfileChange, builder: Stage, filled: Put, kept: tuple[str, ...]) -> str:
    """Name what rides along: from the repository's listing where it is known."""
    way = brought_by(builder, filled)
    files = change.repository.context_files(change.path) if way[-1][1].kind == "context" else None
    if files is None:
        return _usually_there(change, way)
    roots = dict.fromkeys(name.split("/")[0] + ("/" if "/" in name else "") for name in files)
    kept_names = {posixpath.basename(name) for name in kept}
    extra = [name for name in roots if name.rstrip("/") not in kept_names and not _is_gone(way, name)]
    if not extra:
        return ALL
    return listed(map(quote, extra), _NAMED)


def _usually_there(change: DockerfileChange, way: tuple[tuple[Stage, Put], ...]) -> str:
    """Name what most source trees hold, as far as neither `.dockerignore` nor a builder takes it out."""
    from_context = way[-1][1].kind == "context"
    ignore = change.repository.dockerignore(change.path) if from_context else None
    there = [
        what
        for what, names in _RIDING.items()
        if not any(_is_gone(way, name) or (ignore and ignore.excludes(f"{name}/x")) for name in names)
    ]
    there.append("whatever `.dockerignore` misses" if from_context else "all else that lies there")
    return listed(there, None)


def _is_gone(way: tuple[tuple[Stage, Put], ...], name: str) -> bool:
    """Whether a builder deletes an entry of the tree again."""
    return any(stage.files.is_deleted(posixpath.join(put.path, name.rstrip("/"))) for stage, put in way)
