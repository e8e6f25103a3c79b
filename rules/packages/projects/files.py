"""A project's own files behind an install: the manifest, the lock file, what a COPY brought of them."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.deletions import is_deleted
from rules.copying.installs.calls import install_folder
from rules.facts.installers import NODE_MANAGERS
from rules.globs import matches
from rules.lazily import once, once_for_each
from rules.model.puts import folders_of, within
from rules.packages.versions.tools import reads_no_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.change import DockerfileChange
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.copy_source import CopySource
    from rules.model.puts import Put
    from rules.model.stage import Stage
    from rules.model.steps import Copy, Run

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
    "mix": ("mix.lock",),
}
"""Package manager to the names of its lock file."""

MANIFESTS = {
    **dict.fromkeys(NODE_MANAGERS, "package.json"),
    **dict.fromkeys(("uv", "poetry", "pdm"), "pyproject.toml"),
    "pipenv": "Pipfile",
    "bundle": "Gemfile",
    "composer": "composer.json",
    "cargo": "Cargo.toml",
    "mix": "mix.exs",
}
"""Package manager to the file in which a project says what it needs."""

WORKSPACES = frozenset("apps libs modules packages plugins services workspaces".split())
"""Folders whose subfolders are customarily packages of one project."""

_FILES_WITHOUT_DOT = frozenset({"Gemfile", "Pipfile", "Makefile", "Rakefile", "Procfile", "Dockerfile", "LICENSE"})


_OF_FILES = re.compile(r"\*\.\w+$")
"""How a pattern ends that takes files by their ending: `*.exs`."""


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
    folders = (place for place, (_, source) in enumerate(sources) if source.is_root or _may_be_folder(source))
    return Brought(sources, named, tuple(patterns), tuple(folders))


def _may_be_folder(source: CopySource) -> bool:
    name = posixpath.basename((source.path or "").rstrip("/"))
    return "." not in name and name not in _FILES_WITHOUT_DOT


def _count_before(run: Run) -> int:
    """How many of the sources come before a RUN."""
    return bisect_left(brought(run.stage).sources, run.at, key=_at)


def _at(entry: tuple[Copy, CopySource]) -> tuple[int, int]:
    return entry[0].at


def copies_before(run: Run) -> Iterator[tuple[Copy, CopySource]]:
    """Yield the sources that the chain has copied from the build context before a RUN, the nearest last."""
    yield from brought(run.stage).sources[: _count_before(run)]


def copied(run: Run, name: str, folder: str | None = None) -> str | None:
    """Return the context path of a file that a COPY or a bind mount names for a RUN, as written or by a pattern.

    Args:
        run: The RUN.
        name: The file's name, without folder.
        folder: The folder of the container that it has to be in, or in one above, as for a workspace; absolute, `None`
            for anywhere.

    Returns:
        Such as `web/package-lock.json`; `None` where none names it, as when a whole folder is copied.
    """
    place = _last_place(run, name, folder)
    if place is not None:
        copy, source = brought(run.stage).sources[place]
        return posixpath.join(posixpath.dirname(copy.source_path(source) or ""), name)
    for mount in run.mounts:
        if mount.type == "bind" and posixpath.basename(mount.options.get("source", "")) == name:
            return mount.options["source"].removeprefix("./").lstrip("/")
    return None


def _last_place(run: Run, name: str, folder: str | None) -> int | None:
    """Return the place of the nearest source before a RUN that is a file of a name, as written or by a pattern."""
    count, landings = _count_before(run), _landings(run.stage, name)
    if folder is not None:
        for each in (folder, None, *_folders_above(run, folder, name)):
            places = landings.get(each, ())
            at = bisect_left(places, count)
            if at and (each in (folder, None) or not _is_own_project(run, folder, each or "/")):
                return places[at - 1]
        return None
    return max((places[at - 1] for places in landings.values() if (at := bisect_left(places, count))), default=None)


def _folders_above(run: Run, folder: str, name: str) -> list[str]:
    """Return where else a project's files are looked for, the nearest first: see `reads_no_root`."""
    rootless = reads_no_root(run.stage) and name in (MANIFESTS["npm"], *LOCKS["npm"])
    above = [one or "/" for one in folders_of(folder)][rootless:]
    return above[::-1]


def _is_own_project(run: Run, folder: str, above: str) -> bool:
    """Tell whether a COPY filled a folder from the build context by itself, apart from the project in one above.

    Packages of a workspace, by the custom of their folders' names, belong to the project above.
    """
    put = _filling(run, folder)
    if put is None or not within(put.path, above) or put.path.rstrip("/") == above.rstrip("/"):
        return False
    return WORKSPACES.isdisjoint(posixpath.relpath(put.path, above).split("/"))


@once_for_each
def _landings(stage: Stage, name: str) -> dict[str | None, list[int]]:
    """Return the places of the sources that are a file of a name or a pattern that takes it, by where they land.

    The folder is the container's, `None` where it is not known; the pattern `*` is left aside.
    """
    found: dict[str | None, list[int]] = {}
    sources = brought(stage).sources
    patterns = (place for place in brought(stage).patterns if _takes(_path(sources[place]), name))
    for place in sorted({*brought(stage).named.get(name, ()), *patterns}):
        found.setdefault(_landing(sources[place], name), []).append(place)
    return found


def _takes(pattern: str, name: str) -> bool:
    base = posixpath.basename(pattern)
    return base not in ("*", "*.*") and matches(name, (base,))


def _landing(entry: tuple[Copy, CopySource], name: str) -> str | None:
    """Return the container's folder that a copied file ends in, `None` where that is not known."""
    destination = entry[0].destination
    if destination is not None and posixpath.basename(destination) == name and not entry[0].into_folder:
        return posixpath.dirname(destination)
    return destination


def _path(entry: tuple[Copy, CopySource]) -> str:
    copy, source = entry
    return copy.source_path(source) or ""


def brings_folder(run: Run, into: str | None = None) -> bool:
    """Tell whether a whole folder was copied or mounted before a RUN, so that any file may have come along.

    Args:
        run: The RUN.
        into: The folder of the container that it has to fill, itself or as one below it; `None` for any.
    """
    known, count = brought(run.stage), _count_before(run)
    copies = (known.sources[place][0] for place in known.folders if place < count)
    return any(into is None or copy.destination is None or within(into, copy.destination) for copy in copies) or any(
        mount.type == "bind" and posixpath.basename(mount.options.get("source", ".")) in ("", ".")
        for mount in run.mounts
    )


def in_repository(change: DockerfileChange, path: str) -> str | None:
    """Return the repository's path of a file of the build context.

    `None` when the context is not known, and no single folder that it may be has the file.
    """
    context = change.repository.context_of(change.path)
    if context is None:
        return change.repository.in_context(change.path, posixpath.normpath(path))
    return posixpath.normpath(posixpath.join(context, path)) if context else posixpath.normpath(path)


def lock_path(change: DockerfileChange, run: Run, call: PackageCall) -> tuple[str, bool] | None:
    """Return the lock file that an install has, and whether that is certain.

    Returns:
        Its context path and whether a COPY names it or the repository is known to hold it where the install reads;
        `None` where nothing shows one, where the repository is known to hold none, `.dockerignore` keeps it out, or a
        command above has deleted it.
    """
    folder = install_folder(run, call)
    manifest = copied(run, MANIFESTS.get(call.manager, ""), folder) or ""
    for name in LOCKS.get(call.manager, ()):
        if folder is not None and is_deleted(run, call.command, posixpath.join(folder, name)):
            continue
        named = copied(run, name, folder)
        beside = context_folder(run, folder)
        path = named or posixpath.join(posixpath.dirname(manifest) if beside is None else beside, name)
        known = change.repository.holds_in_context(change.path, path)
        if known is False or is_ignored(change, path):
            continue
        if named is not None:
            return path, known is True or not _by_pattern(run, name)
        if known and brings_folder(run, folder):
            return path, True
    return None


def is_ignored(change: DockerfileChange, path: str) -> bool:
    """Tell whether `.dockerignore` is known to keep a file of the build context out."""
    ignore = change.repository.dockerignore(change.path)
    return ignore is not None and ignore.excludes(path)


def context_folder(run: Run, folder: str | None) -> str | None:
    """Return the folder of the build context whose files a COPY or a bind mount put where an install runs."""
    if folder is None:
        return None
    for mount in run.mounts:
        target = run.resolve(mount.target)
        if mount.type == "bind" and "from" not in mount.options and target is not None and within(folder, target):
            return _moved(folder, target, mount.options.get("source", "."))
    put = _filling(run, folder)
    if put is None or any(mark in put.source for mark in "*?["):
        return None
    return _moved(folder, put.path, put.source)


def _filling(run: Run, folder: str) -> Put | None:
    """Return the last tree of the build context that a COPY before a RUN put at a folder or above it."""
    for put in reversed(run.stage.files.covering(folder)):
        fills = put.path == folder or not _OF_FILES.search(put.source)  # files by their ending fill no folder below
        if fills and put.kind == "context" and put.tree and put.step.at < run.at and within(folder, put.path):
            return put
    return None


def _moved(folder: str, target: str, source: str) -> str:
    """Return where in the build context a folder lies of which an ancestor, `target`, was filled from `source`."""
    path = posixpath.normpath(posixpath.join(source.lstrip("/"), posixpath.relpath(folder, target)))
    return "" if path == "." else path


def _by_pattern(run: Run, name: str) -> bool:
    named = brought(run.stage).named.get(name, ())
    return not (named and named[0] < _count_before(run))
