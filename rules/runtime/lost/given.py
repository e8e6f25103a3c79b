"""Variables that a file of the repository gives a container when it starts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.change import DockerfileChange

_GIVEN = r"(?:(?:-e|--env)[ =]|name:[ \t]*)[\"']?{}\b"
"""What gives a container a variable: `docker run -e`, and `env` of Kubernetes."""


def is_given_by_another(change: DockerfileChange, name: str) -> bool:
    """Tell whether a script or a manifest that was read gives a container a variable."""
    given = re.compile(_GIVEN.format(re.escape(name)).encode())
    return any(map(given.search, change.repository.files.values()))
