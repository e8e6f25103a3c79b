"""One comment for what one decision mends: new findings that differ in their place alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rules.problem import Note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.report import Finding

_NAMED = 4
"""Lines that are named one by one."""


def gathered(told: Iterable[tuple[str, Finding]]) -> list[Finding]:
    """Tell the new findings of a rule that one decision mends once, at the first place, with the lines of the others.

    Those with a fix stay apart, since each is committed at its own place; what follows one without a fix of its own is
    told with it.

    Args:
        told: In the order of their places, each with its `Problem.decision`, else its `Problem.shared_advice`.
    """
    groups: dict[object, list[Finding]] = {}
    leading: dict[object, int] = {}
    for place, (decision, finding) in enumerate(told):
        key: object = (finding.rule, finding.path, decision, finding.severity, finding.confidence)
        if not decision or finding.baseline != "new":
            key = place
        elif finding.offer is not None:
            leading[key] = key = place
        else:
            key = leading.get(key, key)
        groups.setdefault(key, []).append(finding)
    return [_joined(*group) for group in groups.values()]


def _joined(first: Finding, *others: Finding) -> Finding:
    lines = [str(line) for line in dict.fromkeys(other.line for other in others) if line != first.line]
    if not lines:
        return first
    notes = tuple(Note(other.span, "the same here") for other in others)
    return replace(
        first, message=f"{first.message} The same holds for {named_lines(lines)}.", notes=(*first.notes, *notes)
    )


def named_lines(lines: list[str]) -> str:
    """Join line numbers for a sentence, the first few of them: `line 4`, `lines 4, 7 and 9`."""
    if len(lines) == 1:
        return f"line {lines[0]}"
    shown, rest = lines[:_NAMED], len(lines) - _NAMED
    last = f"{rest} more" if rest > 0 else shown.pop()
    return f"lines {', '.join(shown)} and {last}"
