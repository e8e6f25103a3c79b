"""Harmless changes of a Dockerfile's structure: what is built and how it runs stays as it was."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

import rules
from tests.cases import TODAY
from tests.restructuring import lines, stages
from tests.restructuring.layout import NotSureError, layout_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CHANGES: Final = {**stages.CHANGES, **lines.CHANGES}

RIGHTLY: Final[Mapping[str, frozenset[str]]] = {
    "helper_added": frozenset({"stage-unreachable"}),
    "stage_by_number": frozenset({"copy-from-stage-index"}),
    "stage_by_name": frozenset({"copy-from-stage-index"}),
    "move USER": frozenset({"copy-root-owned-after-user"}),
}
"""What a change does bring or take away: a stage that nothing uses, a number for a name, a USER above a COPY."""


def restructured(text: str, change: str, seed: str) -> str | None:
    """Make a change at a place that a seed chooses; `None` where it does not apply, or might change something."""
    try:
        layout = layout_of(text)
        CHANGES[change](layout, Random(seed))
    except NotSureError:
        return None
    made = str(layout)
    return made if made != text else None


def several(text: str, seed: str, count: int) -> tuple[list[str], str]:
    """Make a few changes that a seed chooses, one upon the other; fewer where not so many apply."""
    made: list[str] = []
    for change in Random(seed).sample(sorted(CHANGES), len(CHANGES)):
        found = restructured(text, change, seed) if len(made) < count else None
        if found is not None:
            made, text = [*made, change], found
    return made, text


def told(before: Mapping[str, bytes], path: str, text: str, changes: Sequence[str]) -> list[str]:
    """Return what is said to be new or repaired in a file, besides what the changes did."""
    report = rules.review(before, {**before, path: text.encode()}, today=TODAY)
    rightly = frozenset[str]().union(*(RIGHTLY.get(change, frozenset()) for change in changes))
    assert report.crashes == ()
    return [
        f"{found.baseline} {found.rule}: {found.message}"
        for found in report.findings
        if found.baseline != "unchanged" and found.rule not in rightly
    ]
