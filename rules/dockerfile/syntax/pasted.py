"""Patches and mails that were pasted into a file with the signs that their lines begin with (diff(1), RFC 3676)."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.syntax.grammar import INSTRUCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rules.dockerfile.nodes import Instruction
    from rules.dockerfile.source import Span

SIGNS = {"+": "a patch", "-": "a patch", ">": "a quoted mail", "|": "a quoted mail"}
"""The sign at a line's beginning to whose lines begin so."""

_SEVERAL = 2
"""From so many unknown instructions with the sign on, it is no slip of the finger."""


class Pasted(NamedTuple):
    """Lines that were pasted with their sign.

    Attributes:
        sign: What they begin with: `+`.
        first: The first of them that the builder takes for an instruction.
        lines: All of them, from 1, the rest of instructions and comments included.
    """

    sign: str
    first: Instruction
    lines: tuple[int, ...]


def pasted(instructions: Sequence[Instruction]) -> tuple[Pasted, ...]:
    """Return the lines that keep the sign of a patch or a mail, for each sign.

    An instruction of Docker's stands behind the sign at least once: in a RUN without its backslashes lines begin
    with `|` or `-` as well. A patch may add several lines and delete but one.
    """
    found: list[Pasted] = []
    begun = {
        sign: [one for one in instructions if one.keyword not in INSTRUCTIONS and _begins(one, sign)] for sign in SIGNS
    }
    counts = Counter(SIGNS[sign] for sign, unknown in begun.items() for _ in unknown)
    for sign, unknown in begun.items():
        if counts[SIGNS[sign]] < _SEVERAL or not any(_behind(one, sign) in INSTRUCTIONS for one in unknown):
            continue
        lines = _lines(instructions, sign, frozenset(one.line for one in unknown))
        found.append(Pasted(sign, unknown[0], lines))
    return tuple(found)


def pasted_lines(instructions: Sequence[Instruction]) -> frozenset[int]:
    """Return all lines that keep such a sign."""
    return frozenset(line for one in pasted(instructions) for line in one.lines)


def _begins(instruction: Instruction, sign: str) -> bool:
    """Whether a line begins with one sign, in its first column: `>>>>>>>` and `--` mean something else."""
    line = instruction.source.line(instruction.line)
    return line[:1] == sign != line[1:2]


def _behind(instruction: Instruction, sign: str) -> str:
    """Return the first word behind the sign."""
    return next(iter(instruction.source.line(instruction.line).removeprefix(sign).split()), "")


def _lines(instructions: Iterable[Instruction], sign: str, unknown: frozenset[int]) -> tuple[int, ...]:
    """Return the lines that begin with a sign, with those in the rest of instructions.

    Nothing of a shell's begins with `+`. With another sign lines of an instruction that the builder knows count only
    where they touch one that it does not.
    """
    rows = sorted({line for one in instructions for line in _rows(one) if one.source.line(line)[:1] == sign})
    blocks = ([line for _, line in block] for _, block in groupby(enumerate(rows), lambda at: at[1] - at[0]))
    return tuple(line for block in blocks if sign == "+" or not unknown.isdisjoint(block) for line in block)


def _rows(instruction: Instruction) -> range:
    """Return the lines of an instruction without its here-documents."""
    first = next((one.span.line for one in instruction.heredocs), instruction.end_line + 1)
    return range(instruction.line, first)


def signs_of(one: Pasted) -> tuple[Span, ...]:
    """Return where the sign stands on each line, with the blank that a mail puts behind it."""
    source = one.first.source
    blanks = 0 if SIGNS[one.sign] == "a patch" else 1
    starts = ((source.line_starts[line - 1], source.line(line)[1 : 1 + blanks]) for line in one.lines)
    return tuple(source.span(start, start + (2 if behind == " " else 1)) for start, behind in starts)
