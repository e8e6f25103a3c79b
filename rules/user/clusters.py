"""Whether the repository's own manifests demand a user that is not root."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.change import DockerfileChange


def demands_non_root(change: DockerfileChange) -> str | None:
    """Return the path of a Kubernetes manifest, or a chart's values, that says `runAsNonRoot: true`; else `None`."""
    for path in sorted(change.repository.files):
        if path.endswith((".yaml", ".yml")) and b"runAsNonRoot: true" in change.repository.files[path]:
            return path
    return None
