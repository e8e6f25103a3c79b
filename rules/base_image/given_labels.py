"""Labels that an image gets from what builds it, rather than from its Dockerfile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.api import DockerfileChange

_OF_METADATA_ACTION = frozenset(
    f"org.opencontainers.image.{name}"
    for name in ("created", "description", "licenses", "revision", "source", "title", "url", "version")
)
"""The labels that docker/metadata-action makes (its README, "Inputs", "labels")."""
_TAKES_METADATA = re.compile(r"\blabels:[ \t]*[\"']?\$\{\{[^}]*\.labels\b|\bbake-file(?:-labels)?\b")
"""How a build takes them from that step."""


def is_given_by_build(change: DockerfileChange, key: str) -> bool:
    """Tell whether what builds the file gives the image the label itself: by name, or from a step that makes some."""
    texts = (change.repository.text(build.path) or "" for build in change.repository.builds_of(change.path))
    usual = key in _OF_METADATA_ACTION
    return any(key in text or (usual and _TAKES_METADATA.search(text) is not None) for text in texts)
