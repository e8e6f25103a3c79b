"""What a folder of another stage holds, where the commands that fill it name each file."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.model.filenames import names_a_file
from rules.model.steps import Copy

if TYPE_CHECKING:
    from rules.model.puts import Put

_CARRIERS = frozenset({"cp", "mv", "install"})


def carried_names(put: Put) -> frozenset[str] | None:
    """Return the names of the files that a copied folder holds; `None` where anything else may have filled it."""
    builder = put.step.from_stage if isinstance(put.step, Copy) else None
    if builder is None or not put.source:
        return None
    names: set[str] = set()
    for other in builder.files.covering(put.source):
        if other.kind == "workdir" or (other.command is not None and other.command.name == "mkdir"):
            continue
        if other.command is None or other.command.name not in _CARRIERS:
            return None
        sources = [word.value for word in other.command.operands(("-m", "-o", "-g", "-t"))[:-1]]
        if not sources or not all(names_a_file(source) and not set(source) & set("$*?[{") for source in sources):
            return None
        names |= set(map(posixpath.basename, sources))
    return frozenset(names) or None
