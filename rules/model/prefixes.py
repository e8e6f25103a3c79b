"""Names of images that begin with a variable which only the build gives a value, and are known all the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.model.scope import Scope

_OPEN = re.compile(r"\$\{(?P<name>\w+)\}(?=[a-z0-9])")
"""A variable right in front of a name, which is whole without it: what it holds ends in a slash."""
_ARCHITECTURE = re.compile(r"\$(?P<brace>\{)?(?P<name>(?:\w*_)?ARCH(?:ITECTURE)?)(?(brace)\})/(?=[a-z0-9][^/]*\Z)")
"""One that goes by the name of an architecture, as the namespace of a single name: the official image for that one,
`arm64v8/debian` (docker-library/official-images, "Architectures other than amd64?")."""
_MIRROR = re.compile(r"\$(?P<brace>\{)?(?P<name>\w+)(?(brace)\})/(?:[a-z0-9][\w.-]*/)+(?=library/[^/]+\Z)")
"""A registry, and a folder of it that passes Docker Hub through and keeps its namespace `library`. Without the folder
it may be a project of its own: Harbor's first is called so (goharbor.io, "Create Projects")."""


def behind_prefix(scope: Scope, word: str) -> str | None:
    """Return a name without the variable that it begins with; `None` where it may be another image's then.

    Args:
        scope: What is known in front of the first stage.
        word: As it stands behind FROM.
    """
    architecture = _ARCHITECTURE.match(word)
    found = architecture or _OPEN.match(word) or _MIRROR.match(word)
    if found is None or scope.left_to_build(f"${{{found['name']}}}") != found["name"]:
        return None
    rest = word[found.end() :]
    return f"library/{rest}" if architecture is not None else rest  # no stage of the file is called so
