"""A project's own files behind an install: the manifest, the lock file, what a COPY brought of them."""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from rules.globs import matches
from rules.lazily import once

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.change import DockerfileChange
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.stage import Stage
    from rules.model.steps import Copy, CopySource, Run

LOCKS: dict[str, tuple[str, ...]] = {
    "npm": ("package-lock.json", "npm-shrinkwrap.json"),
    "yarn": ("yarn.lock",),
    "pnpm": ("pnpm-lock.yaml",),
    "bun": ("bun.lock", "bun.lockb"),
    "uv": ("uv.lock",),
    "poetry": ("poetry.lock",),
    "pdm": ("pdm.lock",),
    "pipenv": ("Pipfile.lock",),
    "bundle": ("Gemfile.lock", "gems.locked"),
    "composer": ("composer.lock",),
    "cargo": ("Cargo.lock",),
}
"""Package manager to the names of its lock file."""

MANIFESTS = {
    **dict.fromkeys(("npm", "yarn", "pnpm", "bun"), "package.json"),
    **dict.fromkeys(("uv", "poetry", "pdm"), "pyproject.toml"),
    "pipenv": "Pipfile",
    "bundle": "Gemfile",
    "composer": "composer.json",
    "cargo": "Cargo.toml",
}
"""Package manager to the file in which a project says what it needs."""


class Brought(NamedTuple):
    """What the COPYs of a chain bring from the build context.

    Attributes:
        sources: With their COPYs, in order.
        named: Places in `sources` by the file's name.
        patterns: Places of those that are patterns.
        folders: Places of those that may be folders.
    """

    sources: tuple[tuple[Copy, CopySource], ...]
    named: Mapping[str, list[int]]
    patterns: tuple[int, ...]
    folders: tuple[int, ...]


@once
def brought(stage: Stage) -> Brought:
    """Return what the COPYs of a chain bring from the build context."""
    sources = tuple(
        (copy, source)
        for copy in stage.all_copies
        if copy.from_context
        for source in copy.sources
        if source.path is not None and not source.is_remote
    )
    named: dict[str, list[int]] = {}
    for place, (copy, source) in enumerate(sources):
        named.setdefault(posixpath.basename(copy.source_path(source) or ""), []).append(place)
    patterns = (place for place, (_, source) in enumerate(sources) if source.has_wildcard)
    folders = (
        place
        for place, (_, source) in enumerate(sources)
        if source.is_root or "." not in posixpath.basename((source.path or "").rstrip("/"))
    )
    return Brought(sources, named, tuple(patterns), tuple(folders))


def _count_before(run: Run) -> int:
    """How many of the sources come before a RUN."""
    return bisect_left(brought(run.stage).sources, run.at, key=_at)


def _at(entry: tuple[Copy, CopySource]) -> tuple[int, int]:
    return entry[0].at


def copies_before(run: Run) -> Iterator[tuple[Copy, CopySource]]:
    """Yield the sources that the chain has copied from the build context before a RUN, the nearest last."""
    yield from brought(run.stage).sources[: _count_before(run)]


def copied(run: Run, name: str) -> str | None:
    """Return the context path of a file that a COPY or a bind mount names for a RUN, as written or by a pattern.

    Returns:
        Such as `web/package-lock.json`; `None` where none names it, as when a whole folder is copied.
    """
    place = _last_place(run, name)
    if place is not None:
        copy, source = brought(run.stage).sources[place]
        return posixpath.join(posixpath.dirname(copy.source_path(source) or ""), name)
    for mount in run.mounts:
        if mount.type == "bind" and posixpath.basename(mount.options.get("source", "")) == name:
            return mount.options["source"].lstrip("./")
    return None


def _last_place(run: Run, name: str) -> int | None:
    """Return the place of the nearest source before a RUN that is a file of a name, as written or by a pattern."""
    count = _count_before(run)
    named, patterns = brought(run.stage).named.get(name, ()), _matching(run.stage, name)
    found = [places[at - 1] for places in (named, patterns) if (at := bisect_left(places, count))]
    return max(found, default=None)


def _matching(stage: Stage, name: str) -> tuple[int, ...]:
    """Return the places of the patterns that take a name, `*` aside."""
    known = _matches_of(stage)
    if name not in known:
        sources = brought(stage).sources
        bases = [(place, posixpath.basename(_path(sources[place]))) for place in brought(stage).patterns]
        known[name] = tuple(place for place, base in bases if base not in ("*", "*.*") and matches(name, (base,)))
    return known[name]


@once
def _matches_of(stage: Stage) -> dict[str, tuple[int, ...]]:  # noqa: ARG001 - the answer is filled in name by name
    return {}


def _path(entry: tuple[Copy, CopySource]) -> str:
    copy, source = entry
    return copy.source_path(source) or ""


def brings_folder(run: Run) -> bool:
    """Tell whether a whole folder was copied or mounted before a RUN, so that any file may have come along."""
    folders = brought(run.stage).folders
    return bool(folders and folders[0] < _count_before(run)) or any(
        mount.type == "bind" and posixpath.basename(mount.options.get("source", ".")) in ("", ".")
        for mount in run.mounts
    )


def in_repository(change: DockerfileChange, path: str) -> str | None:
    """Return the repository's path of a file of the build context; `None` when the context is not known."""
    context = change.repository.context_of(change.path)
    if context is None:
        return None
    return posixpath.normpath(posixpath.join(context, path)) if context else posixpath.normpath(path)


def manifest_text(change: DockerfileChange, run: Run, call: PackageCall) -> str | None:
    """Return the text of the manifest that an install reads, where it was read."""
    name = MANIFESTS.get(call.manager)
    if name is None:
        return None
    path = in_repository(change, copied(run, name) or name)
    return change.repository.text(path) if path is not None else None


def lock_path(change: DockerfileChange, run: Run, call: PackageCall) -> tuple[str, bool] | None:
    """Return the lock file that an install has, and whether that is certain.

    Returns:
        Its context path and whether a COPY names it or the repository is known to hold it beside the manifest;
        `None` where nothing shows one, or the repository is known to hold none.
    """
    manifest = copied(run, MANIFESTS.get(call.manager, "")) or ""
    for name in LOCKS.get(call.manager, ()):
        named = copied(run, name)
        path = named or posixpath.join(posixpath.dirname(manifest), name)
        there = in_repository(change, path)
        known = change.repository.exists(there) if there is not None else None
        if known is False:
            continue
        if named is not None:
            return path, known is True or not _by_pattern(run, name)
        if known and brings_folder(run):
            return path, True
    return None


def _by_pattern(run: Run, name: str) -> bool:
    named = brought(run.stage).named.get(name, ())
    return not (named and named[0] < _count_before(run))
