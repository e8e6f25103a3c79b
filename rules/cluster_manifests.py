"""The manifests of Kubernetes, and values of charts, that start the image which a Dockerfile makes."""

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
_SAYS = re.compile(rb"\b(?:runAsNonRoot|runAsUser|mountPath):")
"""What is asked of a manifest; others need not be read."""
_MOUNT = re.compile(r"^[ \t-]*mountPath:[ \t]*[\"']?(/[\w./@+-]+)", re.MULTILINE)


@once
def manifests_for(change: DockerfileChange) -> tuple[tuple[str, str], ...]:
    """Return the manifests that may start a Dockerfile's image, each with its text, in the order of paths.

    Where several images are built in a repository, a manifest counts for the one that it names.
    """
    found = (
        (path, data.decode("utf-8", "replace"))
        for path, data in sorted(change.repository.files.items())
        if path.endswith((".yaml", ".yml")) and _SAYS.search(data)
    )
    return tuple((path, text) for path, text in found if may_start(change, path, text))


@once
def mounts_in_cluster(change: DockerfileChange) -> frozenset[str]:
    """Return where a cluster mounts something into the container: a ConfigMap, a Secret, a volume.

    What the image has there is not seen (Kubernetes, "Volumes"); with `subPath` that is a single file.
    """
    texts = (text for _, text in manifests_for(change))
    return frozenset(posixpath.normpath(path) for text in texts for path in _MOUNT.findall(text))


def may_start(change: DockerfileChange, manifest: str, text: str) -> bool:
    """Tell whether a manifest is for a Dockerfile's image: the only one, one of its folder, or one of its name.

    Args:
        change: The change of the Dockerfile.
        manifest: The manifest's path.
        text: What it says.
    """
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
