"""One comment for what one decision mends: new findings that differ in their place alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rules.mending import BY_HAND
from rules.problem import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rules.problem import Problem
    from rules.report import Finding

_NAMED = 4
"""Lines that are named one by one."""


def gathered(told: Iterable[tuple[Problem, Finding]]) -> list[Finding]:
    """Tell the new findings of a rule that one decision mends once, at the first place, with the lines of the others.

    Those with a fix stay apart, since each is committed at its own place; what follows one without a fix of its own is
    told with it. Where what no edit mends is half of the places, or more, one comment without an edit speaks of all.

    Args:
        told: In the order of their places, each with its problem.
    """
    items = list(told)
    groups: dict[object, list[int]] = {}
    leading: dict[object, int] = {}
    for place, (problem, finding) in enumerate(items):
        decision = problem.shared_advice or problem.decision
        key: object = _key(finding, decision)
        if not decision or finding.baseline != "new":
            key = place
        elif finding.offer is not None:
            leading[key] = key = place
        else:
            key = leading.get(key, key)
        groups.setdefault(key, []).append(place)
    for places in groups.values():
        _take_in(items, groups.get(_lead_of(*items[places[0]], leading), []), places)
    return [_joined([items[place] for place in places]) for places in groups.values() if places]


def _lead_of(problem: Problem, finding: Finding, leading: Mapping[object, int]) -> int | None:
    """Return the place whose edits leave a finding to be mended by hand; `None` for any other finding."""
    if finding.baseline != "new" or not problem.decision.endswith(BY_HAND):
        return None
    return leading.get(_key(finding, problem.decision.removesuffix(BY_HAND)))


def _take_in(items: list[tuple[Problem, Finding]], led: list[int], by_hand: list[int]) -> None:
    """Put what no edit mends among what is told with an edit, and drop that, where it is half of them or more."""
    if led and led is not by_hand and len(by_hand) >= len(led):
        lead = led[0]
        items[lead] = items[lead][0], replace(items[lead][1], offer=None)
        led[:] = sorted((*led, *by_hand))
        by_hand.clear()


def _key(finding: Finding, decision: str) -> tuple[object, ...]:
    """Return what findings have in common that one decision mends."""
    return finding.rule, finding.path, decision, finding.severity, finding.confidence, finding.minor


def _joined(group: list[tuple[Problem, Finding]]) -> Finding:
    """Tell the first, or what leads, with the lines of the others, and what is to be heeded at those."""
    (_, first), *others = sorted(group, key=lambda one: not one[0].leads)
    lines: dict[str, list[str]] = {}
    for problem, finding in others:
        if finding.line != first.line:
            lines.setdefault(problem.heed, []).append(str(finding.line))
    if not lines:
        return first
    plain = lines.pop("", [])
    said = [f" The same holds for {named_lines(plain)}."] if plain else []
    said += [f" The same holds for {named_lines(places)}, {heed}." for heed, places in lines.items()]
    notes = tuple(Note(finding.span, "the same here") for _, finding in others)
    return replace(first, message=f"{first.message}{''.join(said)}", notes=(*first.notes, *notes))


def named_lines(lines: list[str]) -> str:
    """Join line numbers for a sentence, the first few of them, each once; a last one alone is named, not counted.

    >>> named_lines(["4"]), named_lines(["4", "7", "9", "11", "12"])
    ('line 4', 'lines 4, 7, 9, 11 and 12')
    >>> named_lines(["4", "7", "9", "11", "12", "15"])
    'lines 4, 7, 9, 11 and 2 more'
    """
    lines = list(dict.fromkeys(lines))
    if len(lines) == 1:
        return f"line {lines[0]}"
    shown, rest = lines[:_NAMED], lines[_NAMED:]
    last = f"{len(rest)} more" if len(rest) > 1 else (rest or shown).pop()
    return f"lines {', '.join(shown)} and {last}"
