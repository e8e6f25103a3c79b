"""The parts of a monorepo that a builder copies one by one, and those beside them that it leaves out."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.puts import folders_of, may_bring
from rules.model.steps import Copy

if TYPE_CHECKING:
    from rules.api import Stage

_SEVERAL = 2
"""From so many parts on that are copied one by one, the others beside them are left out."""
_MOVERS = frozenset("cp mv ln rsync tar unzip git svn curl wget".split())
"""What brings folders that no COPY names."""


class LeftMember(NamedTuple):
    """A part of a monorepo that a builder leaves out.

    Attributes:
        folder: Where it would lie, absolute.
        source: Where it lies in the context, by what the others are copied from.
    """

    folder: str
    source: str


def left_member(builder: Stage, path: str) -> LeftMember | None:
    """Return the part that a path lies in, where the builder copies several beside it and nothing brings this one.

    Args:
        builder: The stage.
        path: Absolute.
    """
    known = _members(builder)
    folder = next((one for one in folders_of(path) if posixpath.dirname(one) in known), None) if known else None
    if folder is None or any(mark in path for mark in "*?[$") or builder.image.onbuild:
        return None
    siblings, name = known[posixpath.dirname(folder)], posixpath.basename(folder)
    roots = {posixpath.dirname(source) for source in siblings.values()}
    if len(siblings) < _SEVERAL or len(roots) > 1 or name in siblings:
        return None
    there = (put for put in builder.files.covering(folder) if not put.makes_folder)
    if any(may_bring(put, f"{folder}/.") for put in there) or _may_be_brought(builder, name):
        return None
    return LeftMember(folder, posixpath.join(roots.pop(), name))


@once
def _members(builder: Stage) -> dict[str, dict[str, str]]:
    """Return the folders into which whole folders of the context are copied by their names, each with its source."""
    found: dict[str, dict[str, str]] = {}
    for put in builder.files.puts:
        folder, name = posixpath.split(put.path)
        if put.kind == "context" and put.tree and folder != "/" and posixpath.basename(put.source) == name:
            found.setdefault(folder, {})[name] = put.source
    return found


def _may_be_brought(builder: Stage, name: str) -> bool:
    """Whether a step may bring a folder of a name without being seen to: one that is not read, or speaks of it."""
    if builder.files.has_unreadable_run or any(
        isinstance(step, Copy) and step.destination is None for step in builder.done_steps
    ):
        return True
    texts = (
        text
        for run in builder.done_runs
        for text in (run.instruction.whole_value, *(heredoc.body for heredoc in run.instruction.heredocs))
    )
    return _moves(builder) or any(name in text for text in texts)


@once
def _moves(builder: Stage) -> bool:
    return any(run.calls(*_MOVERS) for run in builder.done_runs)
