"""Who works in the container that an editor makes of a Dockerfile."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.repository import Repository

_REMOTE_USER = re.compile(r'^(?!\s*//).*"(?:remote|container)User"\s*:\s*"([^"$]+)"', re.MULTILINE)
"""The file is JSON with comments: a line of them is left out."""


def remote_user(repository: Repository, dockerfile: str) -> str | None:
    """Return the account that the `devcontainer.json` beside a Dockerfile names; `None` without one.

    By `remoteUser` or `containerUser` an editor runs its server, its terminals and all commands as that account,
    whatever the image says (containers.dev, "devcontainer.json reference").
    """
    text = repository.text(posixpath.join(posixpath.dirname(dockerfile), "devcontainer.json"))
    found = _REMOTE_USER.search(text or "")
    return found[1] if found is not None else None
