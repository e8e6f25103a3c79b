"""Whether an image is a GitHub Action, which has to run as root.

"Docker actions must be run by the default Docker user (root)" (GitHub, "Dockerfile support for GitHub Actions").
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.repository.contexts import folders_around, joined

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.repository import Repository

_FILES = ("action.yml", "action.yaml")
_CALLED = re.compile(r"git(?:hub|ea)[_.-]?action", re.IGNORECASE)
_IN_CONTAINER = re.compile(r"(?m)^[ \t]*using:[ \t]*[\"']?docker\b")
_IMAGE = re.compile(r"(?m)^[ \t]*image:[ \t]*[\"']?([^\s\"'#]+)")


def is_action(change: DockerfileChange) -> bool:
    """Tell whether an action lies beside the Dockerfile, or one that was read names it from its own folder.

    Or the file says so by its own name: `Dockerfile.github_action`.
    """
    if _CALLED.search(posixpath.basename(change.path)):
        return True
    repository, folder = change.repository, posixpath.dirname(change.path)
    for name in _FILES:
        path = posixpath.join(folder, name)
        if repository.exists(path):
            text = repository.text(path)
            return text is None or _IN_CONTAINER.search(text) is not None
    return any(_names(repository, path, change.path) for path in _around(change.path))


def _around(dockerfile: str) -> list[str]:
    """Where an action may lie whose folder holds the Dockerfile in one of its own."""
    return [posixpath.join(folder, name) for folder in folders_around(dockerfile) for name in _FILES]


def _names(repository: Repository, action: str, dockerfile: str) -> bool:
    text = repository.text(action)
    if text is None or _IN_CONTAINER.search(text) is None:
        return False
    return any(joined(posixpath.dirname(action), image) == dockerfile for image in _IMAGE.findall(text))
