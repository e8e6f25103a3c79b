"""Stages that do nothing with their files but to give them to others, and where those files end up."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.api import once, within
from rules.model.lineage import built_upon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Copy, Stage


@once
def only_hands_on(stage: Stage) -> bool:
    """Tell whether a stage does nothing with what it holds but to give it to others: no command runs in it."""
    return not (stage.layers_ship or stage.all_runs or built_upon(stage)[1:])


def arrivals(copy: Copy) -> tuple[Stage, ...]:
    """Return the stages in which what a COPY brings may run: its own, or those that take it from one that hands on."""
    if not only_hands_on(copy.stage):
        return (copy.stage,)
    waiting = [(copy.stage, copy.target_of(source) or "/") for source in copy.sources]
    found: dict[Stage, None] = {}
    seen = set(waiting)
    while waiting:
        taken = set(_taken(*waiting.pop())) - seen
        seen |= taken
        waiting += sorted((one for one in taken if only_hands_on(one[0])), key=lambda one: (one[0].index, one[1]))
        found |= dict.fromkeys(stage for stage, _ in taken if not only_hands_on(stage))
    return tuple(sorted(found, key=lambda stage: stage.index))


def _taken(holder: Stage, path: str) -> Iterator[tuple[Stage, str]]:
    """Yield the stages that copy a path out of a stage, or what holds it, or a part of it, each with where it lands."""
    for copy in _takers(holder):
        for source in copy.sources:
            there, target = copy.source_path(source), copy.target_of(source)
            if there is None or target is None:
                continue
            if within(path, there):
                yield copy.stage, posixpath.normpath(posixpath.join(target, posixpath.relpath(path, there)))
            elif within(there, path):
                yield copy.stage, target


@once
def _takers(holder: Stage) -> tuple[Copy, ...]:
    """Return the COPYs of other stages that take something out of a stage."""
    return tuple(copy for stage in holder.model.stages for copy in stage.copies if copy.from_stage is holder)
