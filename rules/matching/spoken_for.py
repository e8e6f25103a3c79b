"""What is told, where a stronger finding speaks for a weaker one: `overlaps.py` says which does."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from rules.matching.overlaps import SPEAKS_FOR

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
    places = _Places(items)
    for item in items:
        for silence in SPEAKS_FOR.get(item.rule.id, ()):
            if silence.key not in ("", item.problem.key):
                continue
            same = places.of(silence.rules, silence.scope, _place(item, silence.scope))
            dropped.update(same)
            if silence.one_fact and same:
                spoken_for.setdefault(id(item), []).extend(items[index] for index in same)
    return tuple(
        Told(item, tuple(spoken_for.get(id(item), ()))) for index, item in enumerate(items) if index not in dropped
    )


class _Places:
    """The problems of one file by their rules, and by the places that rules are compared at, as far as asked for."""

    def __init__(self, items: Sequence[Raised]) -> None:
        self._items = items
        self._by_rule: defaultdict[str, list[int]] = defaultdict(list)
        for index, item in enumerate(items):
            self._by_rule[item.rule.id].append(index)
        self._known: dict[tuple[str, Scope], dict[object, list[int]]] = {}

    def of(self, rules: Iterable[str], scope: Scope, place: object) -> list[int]:
        """Return the indexes of what some rules raised at a place, in order."""
        there = (self._at(rule, scope).get(place, ()) for rule in rules if rule in self._by_rule)
        return sorted(index for indexes in there for index in indexes)

    def _at(self, rule: str, scope: Scope) -> dict[object, list[int]]:
        known = self._known.get((rule, scope))
        if known is None:
            known = self._known[rule, scope] = {}
            for index in self._by_rule[rule]:
                known.setdefault(_place(self._items[index], scope), []).append(index)
        return known


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
