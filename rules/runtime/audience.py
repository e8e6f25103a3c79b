"""Whom a Dockerfile is for, as far as its path tells."""

import re

from rules.api import is_development_name

_TOOLS = frozenset({"tilt", "skaffold", "devspace", "e2e", "loadtest"})
"""What rebuilds and restarts on a developer's machine, or runs tests."""


def is_for_developers(path: str) -> bool:
    """Tell whether the file's own path says that it is for developers or tests."""
    parts = path.lower().replace("\\", "/").split("/")
    name = parts[-1].removesuffix(".dockerfile").removeprefix("dockerfile").strip(".-_")
    if not _TOOLS.isdisjoint(re.split(r"[^a-z0-9]+", name)):
        return True
    return any(is_development_name(part.replace(".", "-").strip("-")) for part in (*parts[:-1], name) if part)
