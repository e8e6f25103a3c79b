"""Whether the repository's own manifests demand a user that is not root."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.dockerfile.nodes import is_dockerfile
from rules.dockerfile.reference import parse_reference
from rules.facts.images import image_facts
from rules.lazily import once
from rules.model.audience import is_development_file
from rules.model.puts import within

if TYPE_CHECKING:
    from rules.change import DockerfileChange

_IMAGES = re.compile(r"^[ \t-]*image:[ \t]*[\"']?([\w./:@-]+)", re.MULTILINE)
_AS_USER = re.compile(r"^[ \t-]*runAsUser:[ \t]*[\"']?(\d+)", re.MULTILINE)


@once
def demands_non_root(change: DockerfileChange) -> str | None:
    """Return the path of a Kubernetes manifest, or a chart's values, that says `runAsNonRoot: true`; else `None`.

    Not where it gives the number as well: `runAsUser` takes the place of the image's user (Kubernetes' "Configure a
    Security Context"). Where several images are built in a repository, a manifest counts for the one that it names.
    """
    manifests = _manifests(change)
    return next((path for path, text in manifests if "runAsNonRoot: true" in text and "runAsUser:" not in text), None)


@once
def started_with_number(change: DockerfileChange) -> tuple[str, str] | None:
    """Return the path of a Kubernetes manifest, or a chart's values, and the `runAsUser` that it starts the image with.

    Not where it starts a container as root. It counts for a Dockerfile as in `demands_non_root`.
    """
    given = ((path, _AS_USER.findall(text)) for path, text in _manifests(change))
    return next(((path, numbers[0]) for path, numbers in given if numbers and "0" not in numbers), None)


@once
def _manifests(change: DockerfileChange) -> tuple[tuple[str, str], ...]:
    """Return the manifests that say as whom this Dockerfile's image runs, each with its text, in the order of paths."""
    found = (
        (path, data.decode("utf-8", "replace"))
        for path, data in sorted(change.repository.files.items())
        if path.endswith((".yaml", ".yml")) and (b"runAsNonRoot: true" in data or b"runAsUser:" in data)
    )
    return tuple((path, text) for path, text in found if _may_start(change, path, text))


def _may_start(change: DockerfileChange, manifest: str, text: str) -> bool:
    """Whether a manifest is for this Dockerfile's image: the only one, one of its folder, or one of its name."""
    if _starts_published_ones(text):
        return False
    paths = change.repository.files if change.repository.listing is None else change.repository.listing
    if all(path == change.path or is_development_file(path) for path in paths if is_dockerfile(path)):
        return True
    folder, file = posixpath.split(change.path)
    name = posixpath.basename(folder) or re.sub(r"(?i)\.?(?:docker|container)file\.?", "", file)
    if folder and within(f"/{manifest}", f"/{folder}"):
        return True
    return bool(name) and re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", f"{manifest}\n{text}") is not None


def _starts_published_ones(manifest: str) -> bool:
    """Whether all images that a manifest names are published ones, such as a database's, which no repository builds."""
    images = [parse_reference(name) for name in _IMAGES.findall(manifest)]
    return bool(images) and all(image is not None and image_facts(image) is not None for image in images)
