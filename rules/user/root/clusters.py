"""Whether the repository's own manifests demand a user that is not root."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.cluster_manifests import manifests_for
from rules.lazily import once

if TYPE_CHECKING:
    from rules.change import DockerfileChange

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
    found = manifests_for(change)
    return tuple((path, text) for path, text in found if "runAsNonRoot: true" in text or "runAsUser:" in text)
