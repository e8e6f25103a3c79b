"""Whether a project's manifest has packages that only developers need, and which a plain install brings along."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from typing import Any

from rules.facts.installers import NODE_MANAGERS
from rules.packages.projects.package_json import read_manifest

MANAGERS = NODE_MANAGERS | {"composer", "uv", "poetry", "pdm", "bundle"}
_TEXTS = {
    **dict.fromkeys(NODE_MANAGERS, re.compile(r'"devDependencies"\s*:\s*\{\s*"')),
    "composer": re.compile(r'"require-dev"\s*:\s*\{\s*"'),
    "pdm": re.compile(r"^\[tool\.pdm\.dev-dependencies|^\[dependency-groups\]", re.MULTILINE),
    "bundle": re.compile(r"group\b(?!.*\boptional: *true).*:(?:development|test)"),
}
_DEVELOPERS = re.compile(
    r"(?:^|[-_.])(?:dev|devel|development|developers?|tests?|testing|lint|linting|linters?|docs?|documentation|typing|"
    r"types?|mypy|typecheck|ci|qa|quality|format|formatting|tools?|tooling|debug|bench|benchmarks?|coverage|"
    r"pre-?commit|notebooks?|e2e|unit|integration)(?:$|[-_.])",
    re.IGNORECASE,
)
"""Groups that are called after what only developers do."""


def has_developers_part(manager: str, text: str) -> bool:
    """Tell whether the manifest has packages for developers that an install without options brings."""
    if manager == "uv":
        return _of_uv(read_toml(text))
    if manager == "poetry":
        return _of_poetry(read_toml(text))
    manifest = read_manifest(text) if manager in NODE_MANAGERS else None
    if manifest is not None and not manifest.packages("devDependencies") - manifest.packages("peerDependencies"):
        return False  # what the program needs as a peer, and nothing more
    return _TEXTS[manager].search(text) is not None


def _of_uv(data: dict[str, Any]) -> bool:
    """Whether `uv sync` brings the group `dev`: unless `default-groups` says otherwise.

    What stands in `[project.optional-dependencies]` it brings only when asked (docs.astral.sh/uv, "Managing
    dependencies").
    """
    settings = table(data, "tool", "uv")
    chosen = settings.get("default-groups", ["dev"])
    listed = bool(table(data, "dependency-groups").get("dev") or settings.get("dev-dependencies"))
    return listed and (chosen == "all" or (isinstance(chosen, list) and "dev" in chosen))


def _of_poetry(data: dict[str, Any]) -> bool:
    """Whether `poetry install` brings groups, which are all for developers: those that are not optional.

    Where one of them is the program's own, `--only main` would leave that out as well.
    """
    poetry = table(data, "tool", "poetry")
    groups = table(poetry, "group")
    names = {*table(data, "dependency-groups"), *groups}
    brought = {name for name in names if table(groups, name).get("optional") is not True}
    if table(poetry, "dev-dependencies"):
        brought.add("dev")
    return bool(brought) and all(map(_DEVELOPERS.search, brought))


@lru_cache(maxsize=32)
def read_toml(text: str) -> dict[str, Any]:
    """Return what a `pyproject.toml` says; nothing of a file that is none."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


def table(data: object, *path: str) -> dict[str, Any]:
    """Return a table below others, an empty one where there is none."""
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}
