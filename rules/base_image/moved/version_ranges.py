"""Constraints on versions, as project files write them: `>=3.12,<4`, `^20.11`, `18.x || 20`, `~> 3.2`."""

from __future__ import annotations

import re
from typing import NamedTuple

from rules.numbers import number_of

_PART = re.compile(r"(>=|<=|==|!=|~>|~=|>|<|=|\^|~)?\s*v?(\d+(?:\.(?:\d+|[xX*]))*)(?:[-+.][0-9A-Za-z.*-]*)?")
_ENDLESS = 10**6


class Bound(NamedTuple):
    """One comparison: an operator and the numbers behind it."""

    operator: str
    version: tuple[int, ...]


def satisfies(version: tuple[int, ...], constraint: str) -> bool | None:
    """Tell whether a release line can satisfy a constraint.

    Args:
        version: What the tag names, such as `(3, 12)`; any release of that line counts.
        constraint: As the project file has it.

    Returns:
        `None` for a constraint that is not understood.
    """
    answers = []
    for alternative in constraint.split("||"):
        bounds = _bounds(alternative)
        if bounds is None:
            return None
        answers.append(all(_meets(version, bound) for bound in bounds))
    return any(answers)


def _bounds(text: str) -> list[Bound] | None:
    text = text.strip()
    if not text or " - " in text:
        return None
    found, rest = [], text
    while rest:
        match = _PART.match(rest)
        if match is None:
            return None
        numbers = [part for part in match[2].split(".") if part not in ("x", "X", "*")]
        found.append(Bound(match[1] or "=", tuple(map(number_of, numbers))))
        rest = rest[match.end() :].lstrip(", \t")
    return found


def _meets(version: tuple[int, ...], bound: Bound) -> bool:
    lowest, highest = _filled(version, 0), _filled(version, _ENDLESS)
    limit = _filled(bound.version, 0)
    match bound.operator:
        case ">=" | ">":
            met = highest >= limit
        case "<":
            met = lowest < limit
        case "<=":
            met = lowest <= _filled(bound.version, _ENDLESS)
        case "!=":
            met = True
        case "^" | "~" | "~>" | "~=":
            met = highest >= limit and _same(version, bound.version, _fixed_numbers(bound))
        case _:
            met = _same(version, bound.version, len(bound.version))
    return met


def _fixed_numbers(bound: Bound) -> int:
    """Return how many leading numbers a caret or tilde keeps as they are."""
    match bound.operator:
        case "^":
            return 1
        case "~":
            return 2
        case _:
            return max(1, len(bound.version) - 1)


def _filled(version: tuple[int, ...], number: int) -> tuple[int, ...]:
    return (*version[:3], *([number] * (3 - len(version))))


def _same(version: tuple[int, ...], other: tuple[int, ...], length: int) -> bool:
    """Tell whether two versions agree in their first numbers, as far as both name them."""
    return all(a == b for a, b in zip(version[:length], other[:length], strict=False))
