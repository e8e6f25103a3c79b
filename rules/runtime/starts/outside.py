"""What files of the repository beside the Dockerfile say of the containers that its image starts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange

_GIVES = r"(?:(?:-e|--env)[ =]|name:[ \t]*)[\"']?{}\b"
"""What gives a container a variable: `docker run -e`, and `env` of Kubernetes."""
_ENV_FILE = re.compile(r"^\s*env_file:", re.MULTILINE)


def texts_of_builds(change: DockerfileChange) -> Iterator[str]:
    """Yield the texts of the files that build the image, such as compose files: one for each build."""
    return (change.repository.text(build.path) or "" for build in change.repository.builds_of(change.path))


def given_by_builds(change: DockerfileChange) -> frozenset[str]:
    """Return the variables that a file which builds the image gives to a container of it."""
    return frozenset(name for build in change.repository.builds_of(change.path) for name in build.environment)


def has_env_file(change: DockerfileChange) -> bool:
    """Tell whether a file that builds the image takes variables out of another one, which is mostly not shared."""
    return any(map(_ENV_FILE.search, texts_of_builds(change)))


def is_given_by_another(change: DockerfileChange, name: str) -> bool:
    """Tell whether a script or a manifest that was read gives a container a variable."""
    gives = re.compile(_GIVES.format(re.escape(name)).encode())
    return any(map(gives.search, change.repository.files.values()))
