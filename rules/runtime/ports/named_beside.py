"""Which files around a Dockerfile may say on which port the program in its image listens."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.cluster_manifests import may_start
from rules.dockerfile.nodes import is_dockerfile
from rules.model.puts import within
from rules.repository.composes import IS_COMPOSE, lines_of_other_images

if TYPE_CHECKING:
    from rules.change import DockerfileChange

_OF_NO_IMAGE = re.compile(
    r"(?:^|/)\.github/|(?:^|/)\.gitlab-ci\.ya?ml$|(?:^|/)\.[\w-]*ignore$|\.(?:lock|sum|md)$|(?:-lock\.(?:json|ya?ml)|lockb)$"
)
"""Pipelines, locks, ignore files and documents: a number in them is none that a program reads."""
_YAML = (".yaml", ".yml")


def is_named_beside(change: DockerfileChange, port: int) -> bool:
    """Tell whether a file says the number that may set it: one that the build can take, or one that starts the image.

    Of a compose file the services of other images are left out, and of manifests those of other images.
    """
    number = re.compile(rf"(?<![\d.]){port}(?![\d.]|:\d)")
    return any(number.search(_read(change, path, data)) for path, data in change.repository.files.items())


def _read(change: DockerfileChange, path: str, data: bytes) -> str:
    """Return what a file says that may be about the image; nothing where none of it can be."""
    if is_dockerfile(path) or _OF_NO_IMAGE.search(path):
        return ""
    text = data.decode("utf-8", "replace")
    if IS_COMPOSE.search(path):
        others = lines_of_other_images(path, data, change.path)
        return "\n".join(line for at, line in enumerate(text.splitlines(), 1) if not any(at in one for one in others))
    context = change.repository.context_of(change.path)
    if context is None or not context or within(f"/{posixpath.dirname(path)}", f"/{context}"):
        return text
    return text if path.endswith(_YAML) and may_start(change, path, text) else ""
