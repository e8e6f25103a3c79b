"""Whether the repository's own manifests demand a user that is not root."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.change import DockerfileChange


def demands_non_root(change: DockerfileChange) -> str | None:
    """Return the path of a Kubernetes manifest, or a chart's values, that says `runAsNonRoot: true`; else `None`.

    Not where it gives the number as well: `runAsUser` takes the place of the image's user (Kubernetes' "Configure a
    Security Context").
    """
    for path, data in sorted(change.repository.files.items()):
        if path.endswith((".yaml", ".yml")) and b"runAsNonRoot: true" in data and b"runAsUser:" not in data:
            return path
    return None
