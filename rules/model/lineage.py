"""Which stages of a file stand upon which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from rules.model.model import Model
    from rules.model.stage import Stage


def built_upon(stage: Stage) -> tuple[Stage, ...]:
    """Return a stage and those that start from it, directly or over others, in the order of the file."""
    return _built_upon(stage.model)[stage.index]


@once
def _built_upon(model: Model) -> tuple[tuple[Stage, ...], ...]:
    found: list[list[Stage]] = [[] for _ in model.stages]
    for stage in model.stages:
        for link in stage.chain:
            found[link.index].append(stage)
    return tuple(map(tuple, found))


def built_as(model: Model, target: str) -> Stage | None:
    """Return the stage that a build makes: the one of its target, by name or number; without one, the last."""
    if not target:
        return model.stages[-1] if model.stages else None
    wanted = target.lower()
    return next((stage for stage in model.stages if wanted in (stage.name, str(stage.index))), None)
