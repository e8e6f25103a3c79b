"""Whom a Dockerfile is for, as far as its path tells."""

import re

from rules.api import is_development_name, is_development_path

_TOOLS = frozenset({"tilt", "skaffold", "devspace", "e2e", "loadtest"})
"""What rebuilds and restarts on a developer's machine, or runs tests."""


def is_for_developers(path: str) -> bool:
    """Tell whether the file's own path says that it is for developers or tests."""
    name = (
        path.lower()
        .replace("\\", "/")
        .split("/")[-1]
        .removesuffix(".dockerfile")
        .removeprefix("dockerfile")
        .strip(".-_")
    )
    if not _TOOLS.isdisjoint(re.split(r"[^a-z0-9]+", name)):
        return True
    return is_development_path(path) or is_development_name(name.replace(".", "-"))
