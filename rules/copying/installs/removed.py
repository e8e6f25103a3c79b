"""Installs whose packages the same RUN removes again: split off, they would stay in a layer of their own."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.copying.deletions import deletions
from rules.facts.installers import PROJECT_FOLDERS
from rules.lazily import once
from rules.model.puts import within

if TYPE_CHECKING:
    from rules.copying.installs.calls import Install
    from rules.model.stage import Stage


def is_removed(stage: Stage, install: Install) -> bool:
    """Tell whether the RUN that installs a project's packages surely deletes their folder, too."""
    name = PROJECT_FOLDERS.get(install.call.manager)
    if name is None or install.folder is None:
        return False
    path = posixpath.join(install.folder, name)
    given = install.call.command.start
    return any(start > given and within(path, gone) for gone, start in _deleted(stage).get(install.run.at, ()))


@once
def _deleted(stage: Stage) -> dict[tuple[int, int], list[tuple[str, int]]]:
    """Return what the RUNs of a stage delete, and where, by their places."""
    found: dict[tuple[int, int], list[tuple[str, int]]] = {}
    for path, run, command in deletions(stage):
        found.setdefault(run.at, []).append((path.rstrip("/"), command.start))
    return found
