"""Where a repository has a module of Python that is started by its name."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.repository.tree import Repository

_PROGRAMS = ("/__main__.py", ".py")


def module_files(repository: Repository, module: str) -> tuple[str, ...]:
    """Return the files that `python -m` may start for a module: of a package its `__main__.py`, which comes first.

    Args:
        repository: With a listing, or nothing is found.
        module: Its name, such as `shop.server`.
    """
    path = module.replace(".", "/")
    for ending in _PROGRAMS:
        named = repository.by_name.get(posixpath.basename(path + ending), ())
        if found := tuple(file for file in named if f"/{file}".endswith(f"/{path}{ending}")):
            return found
    return ()
