"""Dockerfiles that a generator copies into the projects which it makes, or fills in for them."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.dockerfile.syntax.templates import blank_of, is_filled_in
from rules.lazily import once_for_each
from rules.packages.projects.package_json import read_manifest

if TYPE_CHECKING:
    from rules.repository.tree import Repository

_FOLDER = re.compile(r"(?:[\w.-]+[-_])?(?:templates?|skeletons?|scaffold(?:s|ing)?|boilerplates?|generators?)")
"""How folders are called in which templates lie."""
_SETTINGS = ("copier.yml", "copier.yaml", "cookiecutter.json")
"""What tells Copier and Cookiecutter that a repository is a template (their documentations)."""
_OF_GENERATORS = ("{{", "{%", "<%")
"""How the blanks of Jinja, Go, Handlebars, ERB and EJS begin."""
_INITIALIZER = re.compile(r"(?:@[^/]+/)?create-[\w.-]+")
"""How the packages are called that `npm init` starts to make a project (npm-init(1))."""


@once_for_each
def is_template(repository: Repository, path: str) -> bool:
    """Tell whether a Dockerfile is there to be copied into another project, whose files lie around it then.

    Args:
        repository: The repository.
        path: The Dockerfile; one that a build of the repository names is its own.
    """
    if "{{" in path:
        return True
    folders = posixpath.dirname(path).lower().split("/")
    if folders == [""] or repository.builds_of(path):
        return False
    named = any(map(_FOLDER.fullmatch, folders)) or any(name in (repository.listing or ()) for name in _SETTINGS)
    return named or _has_blanks(repository, path) or _makes_projects(repository)


def _has_blanks(repository: Repository, path: str) -> bool:
    """Whether a generator fills in what the file says of its base, its folders or what it copies.

    What Maven and autoconf fill in (`${project.version}`, `@VERSION@`) they fill in for their own project.
    """
    filled = filter(is_filled_in, repository.parsed(path).instructions if path in repository.files else ())
    return any((blank_of(one) or "").startswith(_OF_GENERATORS) for one in filled)


def _makes_projects(repository: Repository) -> bool:
    """Whether the project is a command that makes others: `npm init shop` starts `create-shop`."""
    manifest = read_manifest(repository.text("package.json"))
    name = manifest.data.get("name") if manifest is not None and manifest.data.get("bin") else None
    return isinstance(name, str) and _INITIALIZER.fullmatch(name) is not None
