"""Files that are a patch from their first line on, as diff(1) and git write them, where a Dockerfile should stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.syntax.fault import fault
from rules.numbers import number_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.dockerfile.nodes import Instruction, SyntaxFault
    from rules.dockerfile.source import Source

_BEGINS = re.compile(
    r"diff (?:--git |-)|--- \S|Index: \S|@@ -\d|commit [0-9a-f]{7,64}\b|From [0-9a-f]{40,64} ", re.ASCII
)
"""How the output of `git diff`, `git show`, `git format-patch`, `svn diff` and of diff(1) begins."""

_HUNK = re.compile(
    r"@@ -(?P<old_start>\d+)(?:,(?P<old>\d+))? \+(?P<new_start>\d+)(?:,(?P<new>\d+))? @@(?:\s|\Z)", re.ASCII
)
_SIGNS = frozenset({" ", "+", "-", "\\"})
_RETYPED = frozenset({"\t"})
"""What an editor makes of the blank in front of a line that stays: the file is a patch still, if no sound one."""
_CONTEXT = 3
"""Lines that stand unchanged around a change, unless the file ends before (git-diff(1), `--unified`)."""


class Line(NamedTuple):
    """A line of a patch.

    Attributes:
        number: Its line in the file, from 1.
        kept: Whether it stands in the file that the patch makes, behind its sign.
    """

    number: int
    kept: bool


def is_patch(instructions: Sequence[Instruction]) -> bool:
    """Tell whether a file is a patch and no Dockerfile: it begins like one, and has a hunk with a sign on its line."""
    if not instructions:
        return False
    source, first = instructions[0].source, instructions[0].line
    if not _BEGINS.match(source.line(first)):
        return False
    hunks = (number for number in range(first, source.line_count + 1) if _HUNK.match(source.line(number)))
    return any(source.line(number + 1)[:1] in _SIGNS | _RETYPED for number in hunks)


def patch_fault(instructions: Sequence[Instruction]) -> SyntaxFault:
    """Return the one fault of a file that is a patch."""
    message = (
        "This file is a patch, not a Dockerfile: the builder takes its lines for instructions and stops at the first. "
        "Put the file here as it is once the patch is applied."
    )
    return fault(message, instructions[0].keyword_span)


def patched(source: Source) -> tuple[Line, ...]:
    """Return the lines of a patch that shows all of the file that it makes; none where it may show but a part.

    That is one hunk from the first line on, as long as its head says, with less behind the last change than what
    stands unchanged around it where the file goes on.
    """
    heads = {number: _HUNK.match(source.line(number)) for number in range(1, source.line_count + 1)}
    hunks = [(number, head) for number, head in heads.items() if head is not None]
    if len(hunks) != 1 or number_of(hunks[0][1]["new_start"]) != 1:
        return ()
    at, head = hunks[0]
    signs = _signs_of_hunk(source, at, number_of(head["old"] or "1"), number_of(head["new"] or "1"))
    changed = [number for number, sign in signs.items() if sign in "+-"]
    if not changed or len([number for number in signs if number > changed[-1]]) >= _CONTEXT:
        return ()
    return tuple(Line(number, signs.get(number, "-") in " +") for number in heads)


def _signs_of_hunk(source: Source, at: int, old: int, new: int) -> dict[int, str]:
    """Return the sign of each line of a hunk but of the remark about its end, nothing where its head counts others."""
    signs: dict[int, str] = {}
    for number in range(at + 1, source.line_count + 1):
        sign = source.line(number)[:1] or " "  # an editor takes the blank away that stands alone on its line
        if sign == "\\":
            continue
        if old == new == 0 or sign not in _SIGNS:
            break
        signs[number] = sign
        old, new = old - (sign != "+"), new - (sign != "-")
        if min(old, new) < 0:
            return {}
    return signs if old == new == 0 else {}
