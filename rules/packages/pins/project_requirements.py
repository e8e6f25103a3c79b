"""What the manifest of a Python project asks for, as every install of the project brings it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from rules.copying.installs.calls import install_folder
from rules.facts.python_names import index_name, required_name
from rules.packages.developers.parts import read_toml, table
from rules.packages.projects.texts import manifest_text, text_read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, PackageCall, Run

_PARTS = (
    "--only-group", "--only-dev", "--package", "--all-packages", "--only", "--project", "--directory", "--script",
    "--no-install-package", "--no-default-groups", "--no-self", "--dev", "--without",
)  # fmt: skip
"""Options with which a manager installs less than the project, or another one (the command references of uv, Poetry
and PDM)."""
_MORE = ("--extra", "--all-extras", "--group", "--all-groups", "--only-group", "--only-dev", "--with", "--all-packages")
"""Options with which a manager installs more than a project needs by itself."""
_SETTINGS_OF_UV = (
    "index-url", "extra-index-url", "default-index", "find-links", "no-index", "override-dependencies",
    "exclude-dependencies", "workspace",
)  # fmt: skip
"""What makes uv take other packages than the project names, or from elsewhere (docs.astral.sh/uv, "Settings")."""
_ITSELF = (".", "./")


def project_requirements(change: DockerfileChange, run: Run, call: PackageCall) -> Iterator[str]:
    """Yield the requirements of a project that an install brings with it, without its groups and extras.

    Args:
        change: The change.
        run: The RUN of the install.
        call: `uv sync`, `poetry install`, `pdm sync`, `pip install .`.

    Yields:
        Each as PEP 508 writes it. Nothing where the manifest was not read, or where its settings name other indexes
        or versions for all packages.
    """
    data = read_toml(_text(change, run, call) or "")
    if not data or _is_redirected(data):
        return
    apart = {_plain(name) for name in table(data, "tool", "uv", "sources")}
    yield from (one for one in (*_of_project(data), *_of_poetry(data)) if _plain(one) not in apart)


def requirements_from_git(change: DockerfileChange, run: Run, call: PackageCall) -> Iterator[str]:
    """Yield the names of those that `uv sync` takes out of git on every system (`tool.uv.sources`)."""
    data = read_toml(_text(change, run, call) or "") if call.manager == "uv" else {}
    sources = {_plain(name): one for name, one in table(data, "tool", "uv", "sources").items()}
    for requirement in _of_project(data):
        source = sources.get(_plain(requirement))
        if ";" not in requirement and isinstance(source, dict) and "git" in source and "marker" not in source:
            yield _plain(requirement)


def asks_for_nothing(change: DockerfileChange, run: Run, call: PackageCall) -> bool:
    """Tell whether an install of a project brings no more than the project: it names no packages, nor groups of them.

    Args:
        change: The change.
        run: The RUN of the install.
        call: `uv sync`, `poetry install`.
    """
    text = manifest_text(change, run, call) if call.verb in ("sync", "install") else None
    data = read_toml(text or "")
    uv = table(data, "tool", "uv")
    asked = (*_of_project(data), *_of_poetry(data))
    dev = "dev" in table(data, "dependency-groups") and not call.has("--no-dev", "--no-default-groups")
    more = {"workspace", "dev-dependencies", "default-groups"} & uv.keys() or call.has(*_MORE)
    return "project" in data and not (asked or dev or more)


def _text(change: DockerfileChange, run: Run, call: PackageCall) -> str | None:
    """Return the text of the project's manifest, where an install brings all that it asks for."""
    if call.has(*_PARTS) and (call.option("--only") or "").split(",")[0] != "main":
        return None
    if call.manager in ("uv", "poetry", "pdm") and call.verb in ("sync", "install"):
        return manifest_text(change, run, call)
    folder = install_folder(run, call) if call.verb in ("install", "pip install") else None
    itself = any(package.name.split("[")[0] in _ITSELF for package in call.packages if package.kind == "path")
    return text_read(change, run, posixpath.join(folder, "pyproject.toml")) if itself and folder is not None else None


def _is_redirected(data: dict[str, Any]) -> bool:
    """Whether packages may come from another index than the public one, or others come than are named."""
    settings = table(data, "tool", "uv")
    if any(name in settings for name in _SETTINGS_OF_UV) or table(data, "tool", "poetry").get("source"):
        return True
    indexes = settings.get("index", [])
    explicit = isinstance(indexes, list) and all(isinstance(one, dict) and one.get("explicit") for one in indexes)
    return not explicit or bool(table(data, "tool", "pdm").get("source"))


def _of_project(data: dict[str, Any]) -> Iterator[str]:
    """Yield `[project]`'s dependencies (PEP 621)."""
    named = table(data, "project").get("dependencies")
    yield from (one for one in named if isinstance(one, str)) if isinstance(named, list) else ()


def _of_poetry(data: dict[str, Any]) -> Iterator[str]:
    """Yield Poetry's own table, without what is optional, for some systems only, or from elsewhere."""
    for name, wanted in table(data, "tool", "poetry", "dependencies").items():
        given = {"version": wanted} if isinstance(wanted, str) else wanted
        if isinstance(given, dict) and given.keys() <= {"version", "extras"}:
            extras = given.get("extras")
            yield f"{name}[{','.join(map(str, extras))}]" if isinstance(extras, list) else name


def _plain(requirement: str) -> str:
    """Return the name of a requirement as the index normalises it (PEP 503)."""
    return index_name(required_name(requirement) or "")
