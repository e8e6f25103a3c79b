"""Images that the repository builds itself, and that another of its Dockerfiles starts from."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.api import Model
from rules.dockerfile.nodes import is_dockerfile
from rules.repository.built_images import Built, built_images, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Image, ImageReference, Stage


def is_built_here(change: DockerfileChange, reference: ImageReference) -> bool:
    """Tell whether the repository builds the image from another of its Dockerfiles: what moves it is a commit here."""
    built = list(_built(change, reference))
    if not built:
        return False
    others = {*change.repository.files, *(change.repository.listing or {})} - {change.path}
    return any(one.dockerfile for one in built) or any(map(is_dockerfile, others))


def base_built_here(change: DockerfileChange, stage: Stage) -> Image | None:
    """Return the configuration of the base of a stage that another Dockerfile, which was read, makes; its last stage's.

    Which stage of it is built, and when the base was last, is not known: what it sets may be what the image finds.
    """
    reference = stage.root.reference
    built = _built(change, reference) if reference is not None and not stage.base_known else ()
    path = next((one.dockerfile for one in built if one.dockerfile in change.repository.files), None)
    stages = Model(change.repository.parsed(path)).stages if path is not None else ()
    return stages[-1].image if stages else None


def _built(change: DockerfileChange, reference: ImageReference) -> Iterator[Built]:
    """Yield the builds that give their image this name, and the Dockerfile in a folder of the image's own name.

    A name of two words at least (`gp-spark-base`) stands for the one thing; `python` and `base` are called so anywhere.
    """
    for one in built_images(change.repository):
        if one.dockerfile != change.path and names(one, reference):
            yield one
    name = posixpath.basename(reference.path)
    if "-" not in name or "/" not in reference.path:
        return
    for path in sorted({*change.repository.files, *(change.repository.listing or {})} - {change.path}):
        if posixpath.basename(posixpath.dirname(path)) == name and is_dockerfile(path):
            yield Built(path, reference.path)
