"""Whom a Dockerfile is for, as far as its path tells."""

from rules.api import is_development_name


def is_for_developers(path: str) -> bool:
    """Tell whether the file's own path says that it is for developers or tests."""
    parts = path.lower().replace("\\", "/").split("/")
    name = parts[-1].removesuffix(".dockerfile").removeprefix("dockerfile").strip(".-_")
    return any(is_development_name(part.replace(".", "-").strip("-")) for part in (*parts[:-1], name) if part)
