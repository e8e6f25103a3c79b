"""A project's own files behind an install: the manifest, the lock file, what a COPY brought of them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.globs import matches
from rules.model.steps import Copy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.steps import CopySource, Run

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


def copies_before(run: Run) -> Iterator[tuple[Copy, CopySource]]:
    """Yield the sources that the chain has copied from the build context before a RUN, the nearest last."""
    for step in run.stage.all_steps:
        if step is run:
            return
        if isinstance(step, Copy) and step.from_context:
            for source in step.sources:
                if source.path is not None and not source.is_remote:
                    yield step, source


def copied(run: Run, name: str) -> str | None:
    """Return the context path of a file that a COPY or a bind mount names for a RUN, as written or by a pattern.

    Returns:
        Such as `web/package-lock.json`; `None` where none names it, as when a whole folder is copied.
    """
    for copy, source in reversed(list(copies_before(run))):
        path = copy.source_path(source) or ""
        base = posixpath.basename(path)
        if base == name or (source.has_wildcard and base not in ("*", "*.*") and matches(name, (base,))):
            return posixpath.join(posixpath.dirname(path), name)
    for mount in run.mounts:
        if mount.type == "bind" and posixpath.basename(mount.options.get("source", "")) == name:
            return mount.options["source"].lstrip("./")
    return None


def brings_folder(run: Run) -> bool:
    """Tell whether a whole folder was copied or mounted before a RUN, so that any file may have come along."""
    folders = any(
        source.is_root or "." not in posixpath.basename((source.path or "").rstrip("/"))
        for _, source in copies_before(run)
    )
    return folders or any(
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
    return not any(posixpath.basename(source.path or "") == name for _, source in copies_before(run))
