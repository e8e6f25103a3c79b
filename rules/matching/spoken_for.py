"""What is told, where a stronger finding speaks for a weaker one: `overlaps.py` says which does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.matching.overlaps import SPEAKS_FOR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.matching.fingerprint import Raised
    from rules.matching.overlaps import Scope


class Told(NamedTuple):
    """A problem that is told, and those that it speaks for.

    Attributes:
        raised: The problem.
        same: The weaker ones that state the same fact: a comment that silences one of them silences it.
    """

    raised: Raised
    same: tuple[Raised, ...] = ()


def resolved(raised: Iterable[Raised]) -> tuple[Told, ...]:
    """Drop the problems that a stronger rule speaks for."""
    items = tuple(raised)
    spoken_for: dict[int, list[Raised]] = {}
    dropped: set[int] = set()
    for item in items:
        for silence in SPEAKS_FOR.get(item.rule.id, ()):
            if silence.key not in ("", item.problem.key):
                continue
            place = _place(item, silence.scope)
            for index, other in enumerate(items):
                if other.rule.id in silence.rules and _place(other, silence.scope) == place:
                    dropped.add(index)
                    if silence.one_fact:
                        spoken_for.setdefault(id(item), []).append(other)
    return tuple(
        Told(item, tuple(spoken_for.get(id(item), ()))) for index, item in enumerate(items) if index not in dropped
    )


def _place(item: Raised, scope: Scope) -> object:
    match scope:
        case "place":
            return item.path, item.problem.span.start
        case "cause":
            return item.path, item.problem.cause or id(item)
        case "instruction":
            return item.path, id(item.instruction) if item.instruction is not None else item.problem.span.line
        case "stage":
            return item.path, item.problem.stage
        case "file":
            return item.path
