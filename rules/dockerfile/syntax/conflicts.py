"""Merge conflicts that are left in a file: the markers that git writes around the two sides (git-merge(1))."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.dockerfile.nodes import Instruction

_MARKER = re.compile(r"(?P<kind>[<=>|])(?P=kind){6}(?!(?P=kind))")


class Conflict(NamedTuple):
    """A conflict that nobody has resolved.

    Attributes:
        first: The first marker that is left of it.
        last: The last one, or the same.
    """

    first: Instruction
    last: Instruction


def disputed_lines(instructions: Iterable[Instruction]) -> frozenset[int]:
    """Return the lines of all conflicts: the markers, and both sides."""
    conflicts = open_conflicts(instructions)
    return frozenset(line for one in conflicts for line in range(one.first.line, one.last.end_line + 1))


def open_conflicts(instructions: Iterable[Instruction]) -> tuple[Conflict, ...]:
    """Return the conflicts, in order; of one that has lost markers, from the first to the last that is left."""
    found: list[Conflict] = []
    closed = True
    for instruction in instructions:
        match = _MARKER.match(instruction.source.cut(instruction.keyword_span))
        if match is None:
            continue
        if closed or match["kind"] == "<":
            found.append(Conflict(instruction, instruction))
        else:
            found[-1] = Conflict(found[-1].first, instruction)
        closed = match["kind"] == ">"
    return tuple(found)
