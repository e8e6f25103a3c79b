"""Manifests that a tool looks for in the folder where it runs, and in those above."""

from __future__ import annotations

import posixpath
from types import MappingProxyType
from typing import TYPE_CHECKING

from rules.model.puts import folders_of
from rules.model.steps import Copy
from rules.packages.versions.tools import reads_no_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.api import Command, Run

LOOKED_UP: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("bundle", "bundler"), "Gemfile"),
        **dict.fromkeys(("npm", "yarn"), "package.json"),
        "cargo": "Cargo.toml",
        "go": "go.mod",
        **dict.fromkeys(("poetry", "uv", "pdm"), "pyproject.toml"),
        "pipenv": "Pipfile",
    }
)
"""Programs that look for their manifest in the folders above, too (`bundle help config`; npm, "folders", "More
Information"; yarnpkg/yarn, src/cli/index.js, `findProjectRoot`; the manuals of the others). pnpm, Composer, Maven and
Mix do not."""


def above(path: str) -> Iterator[str]:
    """Yield the paths of the same file in the folders above, nearest first; of a relative path down to its first."""
    folder, name = posixpath.split(path)
    while folder.strip("/"):
        folder = posixpath.dirname(folder)
        yield posixpath.join(folder, name)


def stands_above(run: Run, path: str) -> bool:
    """Tell whether a file is put by its name into a folder above, where some tools look for it as well."""
    return any(run.stage.files.at(one) for one in above(path))


def is_put_above(run: Run, command: Command, path: str) -> bool:
    """Tell whether a program finds its manifest in a folder above, where a COPY put it, or may have put it.

    Args:
        run: The RUN.
        command: Its command.
        path: Where the manifest would lie, absolute.
    """
    folder, name = posixpath.split(path)
    files = run.stage.files
    if LOOKED_UP.get(command.name) != name or not files.below(folder):  # in a folder that is there
        return False
    rootless = command.name == "npm" and reads_no_root(run.stage)
    puts = (
        put
        for one in folders_of(folder)
        if one or not rootless
        for put in (*files.at(posixpath.join(one or "/", name)), *files.at(one or "/"))
    )
    return any(
        put.step.at < run.at and isinstance(put.step, Copy) and (put.tree or put.path.endswith(name)) for put in puts
    )
