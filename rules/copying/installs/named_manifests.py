"""Where an install is sent: the options and variables that name its folder, or the manifest that it reads."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.model.shell_scope import filled

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.steps import Run

_FOLDERS = {
    "npm": ("--prefix",),
    "pnpm": ("--dir",),
    "yarn": ("--cwd",),
    "bun": ("--cwd",),
    "composer": ("--working-dir",),
    "poetry": ("--directory", "--project"),
    "uv": ("--directory", "--project"),
    "pdm": ("--project",),
    "conda": ("--cwd",),
    "go": ("-C",),
    "cargo": ("-C",),
    "swift": ("--package-path",),
}
"""Options that name the project's folder, from the managers' command references; `--prefix` of uv says where to."""

_FILES = {"bundle": ("--gemfile",), "cargo": ("--manifest-path",), "go": ("-modfile",), "mvn": ("--file",)}
"""Options that name the manifest itself: bundle-install(1), "The Cargo Book", `go help build`, `mvn --help`."""
_FOLDER_VARIABLES = {"uv": ("UV_PROJECT", "UV_WORKING_DIR", "UV_WORKING_DIRECTORY")}
_FILE_VARIABLES = {"bundle": "BUNDLE_GEMFILE", "composer": "COMPOSER", "pipenv": "PIPENV_PIPFILE"}
"""From bundle-config(1), Composer's and Pipenv's manuals; the file's place is the root of Bundler's project."""

_LOCKS = {"gems.rb": "gems.locked"}


class Sent(NamedTuple):
    """Where an install is sent.

    Attributes:
        folder: As written, expanded; `None` where nothing names one.
        file: The manifest, in or from that folder; `None` where nothing names one.
        known: Whether all of it has a value.
    """

    folder: str | None
    file: str | None
    known: bool


def elsewhere(manager: str) -> tuple[str, ...]:
    """Return the options of a manager that name another folder, or the manifest itself."""
    return (*_FOLDERS.get(manager, ()), *_FILES.get(manager, ()))


def sent(run: Run, call: PackageCall) -> Sent:
    """Return where the options of an install, or else its variables, send it."""
    folder = call.option(*_FOLDERS.get(call.manager, ()))
    file = call.option(*_FILES.get(call.manager, ()))
    if folder is None:
        folder = next((call.env[name] for name in _FOLDER_VARIABLES.get(call.manager, ()) if call.env.get(name)), None)
    if file is None:
        file = call.env.get(_FILE_VARIABLES.get(call.manager, "")) or None
    values = [filled(run, call.command, text) if text else text for text in (folder, file)]
    known = None not in [value for value, text in zip(values, (folder, file), strict=True) if text]
    return Sent(values[0], values[1], known)


def place(start: str | None, where: Sent) -> str | None:
    """Return the folder whose manifest is read, from the one that the call runs in; `None` when it is not known."""
    if not where.known:
        return None
    folder = start
    for step in (where.folder, posixpath.dirname(where.file) if where.file else None):
        if step and (step.startswith("/") or folder is not None):
            folder = posixpath.normpath(posixpath.join(folder or "/", step))
        elif step:
            return None
    return folder


def renamed(manifests: tuple[str, ...], file: str | None) -> tuple[str, ...]:
    """Return the names of a project's manifest and lock file, where the manifest has another one."""
    if not file or not manifests:
        return manifests
    name = posixpath.basename(file)
    stem, dot = posixpath.splitext(name)
    lock = _LOCKS.get(name) or (f"{stem}.lock" if dot == ".json" else f"{name}.lock")
    return (name, *[lock for _ in manifests[1:]])
