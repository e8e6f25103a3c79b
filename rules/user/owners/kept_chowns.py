"""What keeps its `chown` where a COPY gives files their owner as they arrive: folders, and what no COPY brought."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.model.puts import within
from rules.quoting import first_few, listed, quote
from rules.user.layers import folders_made
from rules.user.owners.chown_as_copied import operands, recursive_changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model.files import Attributes
    from rules.model.puts import Put
    from rules.model.stage import Stage

COPIED = frozenset({"context", "stage", "image", "remote"})
"""The kinds of what a COPY or ADD brings."""
_SHOWN = 3


def kept(stage: Stage, row: Attributes) -> str:
    """Say what keeps its `chown`: folders that were there before the COPY, which leaves their owner alone.

    Of what else the command names it is not known that a COPY brought all of it: that goes on as it is.

    Args:
        stage: The stage.
        row: One path of the command.
    """
    rows = [other for other in recursive_changes(stage)[id(row.step)] if other.command is row.command]
    named = dict(zip(operands(stage)[id(row.command)], rows, strict=True))
    others = [text for text, other in named.items() if other.path != row.path and not _is_of_copies(stage, other)]
    here = (one for text, one in named.items() if text not in others and not _is_file(stage, one))
    given = list(dict.fromkeys(one.path for one in here if one.path))
    there = {put.path for put in stage.files.puts if put.step.at <= row.step.at}
    below = (folder for one in folders_made(stage) & there for folder in _with_parents(one))
    made = sorted({one for one in below if one not in given and any(within(one, path) for path in given)})
    folders = [*given, *made]
    whom = "the folder itself" if len(folders) == 1 else "the folders themselves"
    rest = f" {listed(map(quote, others), _SHOWN)} as before." if others else ""
    keeps = f" Keep the `chown` without `-R` for {whom}: {first_few(folders, _SHOWN)}"
    return f"{keeps}; with it for{rest}" if rest else f"{keeps}."


def _is_of_copies(stage: Stage, row: Attributes) -> bool:
    """Whether all that is known to be below a path came by COPY, or nothing did but an empty folder."""
    if row.path is None:
        return False
    below = stage.files.below(row.path)
    wrote = any(put.kind == "run" and not makes_folder(put) for put in below)
    return not wrote and (row.path in folders_made(stage) or any(put.kind in COPIED for put in below))


def _is_file(stage: Stage, row: Attributes) -> bool:
    """Whether a COPY brings a file there, which has its owner from that, and no folder to keep one."""
    there = stage.files.at(row.path) if row.path else ()
    return bool(there) and all(put.kind in COPIED and not put.tree for put in there)


def makes_folder(put: Put) -> bool:
    """Tell whether something is put by `mkdir`."""
    return put.command is not None and put.command.name == "mkdir"


def _with_parents(folder: str) -> Iterator[str]:
    """Yield a folder and those above it, which `mkdir -p` made if nothing else had."""
    while folder.strip("/"):
        yield folder
        folder = posixpath.dirname(folder)
