"""Whence else than from the working directory a start command may import a module of Python."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.facts.installers import PYTHON_MANAGERS
from rules.facts.python_names import index_name
from rules.packages.developers.parts import read_toml, table

if TYPE_CHECKING:
    from rules.api import DockerfileChange

MANIFEST = re.compile(
    r"(?:^|/)(?:requirements[^/]*\.(?:txt|in)|requirements/[^/]+|pyproject\.toml|setup\.(?:py|cfg)|Pipfile)$"
)
"""Files that may name a package which brings the module."""
_OF_FOLDER = re.compile(r"(?m)^[ \t]*(?:-e\b|--editable\b|\.{1,2}(?:/|[ \t]*$)|file:)")
_GUNICORN = re.compile(r"gunicorn[\w.-]*\.py")
_LEADS = re.compile(r"\bchdir\b|\bpythonpath\b|sys\.path")


def may_be_package(change: DockerfileChange, name: str) -> bool:
    """Tell whether a manifest that speaks of the name, or was not read, or an install may bring it as a package."""
    read, listing, wanted = change.repository.files, change.repository.listing or {}, index_name(name)
    manifests = [path for path in listing if MANIFEST.search(path)]
    if any(path not in read or wanted in index_name(_asked_for(path, change)) for path in manifests):
        return True
    return any(wanted in index_name(package) for package in installed(change))


def _asked_for(path: str, change: DockerfileChange) -> str:
    """Return what a manifest says of other packages; a project's own name, its scripts and its parts are none.

    The tables are those of PEP 621 and PEP 735, and of the references of Poetry, PDM and uv.
    """
    text = change.repository.text(path) or ""
    data = read_toml(text) if posixpath.basename(path) == "pyproject.toml" else {}
    if not data:
        return text
    project, poetry, uv = (table(data, *names) for names in (("project",), ("tool", "poetry"), ("tool", "uv")))
    groups = table(poetry, "group")
    asked: list[object] = [project.get("dependencies"), project.get("optional-dependencies"), uv]
    asked += [data.get("dependency-groups"), table(data, "tool", "pdm"), table(data, "build-system").get("requires")]
    asked += [poetry.get("dependencies"), poetry.get("dev-dependencies")]
    asked += [table(groups, name).get("dependencies") for name in groups]
    return " ".join(map(str, asked))


def brings_folder(change: DockerfileChange) -> bool:
    """Tell whether a list of requirements names a folder, such as the project's own: `-e .`."""
    texts = (change.repository.text(path) or "" for path in change.repository.listing or {} if MANIFEST.search(path))
    return any(_OF_FOLDER.search(text) for text in texts)


def installed(change: DockerfileChange) -> tuple[str, ...]:
    """Return the names of the packages of Python that the file installs."""
    calls = (call for stage in change.stages for run in stage.runs for call in run.package_calls)
    return tuple(package.name for call in calls if call.manager in PYTHON_MANAGERS for package in call.packages)


def is_led(change: DockerfileChange) -> bool:
    """Tell whether Gunicorn's settings, read unasked from `gunicorn.conf.py`, may lead it to another folder."""
    settings = [path for path in change.repository.listing or {} if _GUNICORN.fullmatch(posixpath.basename(path))]
    texts = (change.repository.text(path) for path in settings)
    led = any(text is None or _LEADS.search(text) for text in texts)
    return led or any("GUNICORN_CMD_ARGS" in stage.image.env for stage in change.stages)
