"""The texts of a project's files that an install reads, where they lie in the build context."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.copying.installs.calls import install_folder
from rules.packages.projects.files import MANIFESTS, brings_folder, context_folder, copied, in_repository

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.steps import Run


def manifest_text(change: DockerfileChange, run: Run, call: PackageCall) -> str | None:
    """Return the text of the manifest that an install reads, where it was read; not where the RUN goes elsewhere."""
    name, folder = MANIFESTS.get(call.manager), install_folder(run, call)
    if name is None or (folder is None and run.workdir.value is not None):
        return None
    return text_read(change, run, posixpath.join(folder or "", name))


def has_no_manifest(change: DockerfileChange, run: Run, call: PackageCall) -> bool:
    """Tell whether an install finds no manifest: it was copied elsewhere, or is known not to be in the repository."""
    name, folder = MANIFESTS.get(call.manager), install_folder(run, call)
    if name is None or folder is None:
        return False
    found = _in_context(run, folder, name)
    if found is None:
        return copied(run, name) is not None and not brings_folder(run, folder)
    places = change.repository.places_of(change.path, posixpath.normpath(found))
    return bool(places) and all(change.repository.exists(place) is False for place in places)


def text_read(change: DockerfileChange, run: Run, path: str) -> str | None:
    """Return the text of a file of the project that a RUN reads, where it was read.

    It lies where a COPY or a mount took it from; where none shows that, it is looked for in the context's root, unless
    a RUN has cloned the folder from elsewhere.

    Args:
        change: The change.
        run: The RUN.
        path: In the image, or by name alone where the folder is not known.
    """
    folder, name = posixpath.split(path)
    if folder.startswith("/") and _is_cloned(run, path):
        return None
    place = in_repository(change, _in_context(run, folder or None, name) or name)
    return change.repository.text(place) if place is not None else None


def _is_cloned(run: Run, path: str) -> bool:
    """Whether what brought a path last before a RUN, or in it, is a command that fetches a whole source tree."""
    puts = (put for put in reversed(run.stage.files.covering(path)) if put.step.at <= run.at and not put.makes_folder)
    last = next(puts, None)
    return last is not None and last.kind == "run" and last.whole


def text_in_image(change: DockerfileChange, run: Run, path: str) -> str | None:
    """Return the text of a file that a COPY or a mount is seen to bring for a RUN, where it was read."""
    found = _in_context(run, *posixpath.split(path))
    place = in_repository(change, found) if found is not None else None
    return change.repository.text(place) if place is not None else None


def _in_context(run: Run, folder: str | None, name: str) -> str | None:
    """Return the context path of a file in a folder of the image, as the COPYs and mounts of a RUN show it."""
    named = copied(run, name, folder)
    beside = context_folder(run, folder) if named is None else None
    return named or (posixpath.join(beside, name) if beside is not None else None)


def requirements_text(change: DockerfileChange, run: Run, folder: str | None, name: str) -> str | None:
    """Return the text of a list of requirements that pip reads in a folder, where it was read."""
    base = posixpath.basename(name)
    if not base.endswith(".txt"):
        return None
    absolute = posixpath.normpath(posixpath.join(folder or "", name))
    beside = context_folder(run, posixpath.dirname(absolute)) if absolute.startswith("/") else None
    place = copied(run, base) or (posixpath.join(beside, base) if beside is not None else None)
    path = in_repository(change, place) if place is not None else None
    return change.repository.text(path) if path is not None else None
