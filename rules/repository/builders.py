"""Which builder makes a repository's images: Docker's classic one refuses most of what BuildKit brought.

It takes no `--mount`, no `--chmod`, `--link` and `--checksum`, and no here-document (docs.docker.com, "BuildKit").
Docker uses it where `DOCKER_BUILDKIT=0` says so, and for what its library for Python builds (docker/docker-py 2230).
Kaniko goes over such flags without a word: it knows no `--mount`, and `--chmod` since its 1.23 alone
(GoogleContainerTools/kaniko 3119).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.nodes import is_dockerfile
from rules.lazily import once

if TYPE_CHECKING:
    from rules.dockerfile.nodes import Dockerfile
    from rules.repository.tree import Repository

_FLAGS = frozenset("mount network security chmod link checksum keep-git-dir exclude parents unpack device".split())
_SWITCHED_OFF = re.compile(rb"\bDOCKER_BUILDKIT[\"']?\s*[=:]\s*[\"']?(?:0|false)\b", re.IGNORECASE)
_LIBRARY = re.compile(rb"^[ \t]*(?:import|from)[ \t]+docker\b", re.MULTILINE)
_BUILDS = re.compile(rb"\.images\.build\(|\b(?:api|api_client|APIClient\([^()\n]*\)|client|docker_client|cli)\.build\(")
_KANIKO = re.compile(rb"/kaniko/executor\b|\bkaniko-project/executor\b")
_PROSE = (".md", ".rst", ".txt", ".adoc")


def is_built_classically(repository: Repository, dockerfile: str) -> bool:
    """Tell whether a file that was read builds with the classic builder or Kaniko, and the Dockerfile allows it.

    Which of several Dockerfiles it builds is not asked: what the classic builder takes, every builder takes.
    """
    if dockerfile not in repository.files or not _builds_classically(repository):
        return False
    return not uses_buildkit(repository.parsed(dockerfile))


@once
def _builds_classically(repository: Repository) -> bool:
    return any(_does(path, data) for path, data in repository.files.items() if not path.endswith(_PROSE))


def _does(path: str, data: bytes) -> bool:
    if path.endswith(".py"):
        return b"docker" in data and _LIBRARY.search(data) is not None and _BUILDS.search(data) is not None
    if is_dockerfile(path):
        return False
    switched_off = b"DOCKER_BUILDKIT" in data and _SWITCHED_OFF.search(data) is not None
    return switched_off or _KANIKO.search(data) is not None


def uses_buildkit(dockerfile: Dockerfile) -> bool:
    """Tell whether a Dockerfile has what only BuildKit takes: whoever builds it has BuildKit."""
    if any(directive.name == "syntax" for directive in dockerfile.directives):
        return True
    return any(
        instruction.heredocs or any(flag.name in _FLAGS for flag in instruction.flags)
        for instruction in dockerfile.instructions
    )
