"""What is thought to ship before a change: where nothing but a guess tells, the same as after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.matching.wording import normalised

if TYPE_CHECKING:
    from rules.model.model import Model
    from rules.model.stage import Stage


def thought_to_ship_as(new: Model, old: Model) -> Model:
    """Return a file before a change as it ships by what the file after it makes of stages that stayed as they were.

    Whether a stage in front of the last is an image of its own is read out of what else the file has, such as the name
    of the last stage. A change of that repairs nothing in the others, and makes nothing of them new.

    Args:
        new: The file after the change.
        old: The file before it.
    """
    kept = {_text(stage): stage for stage in new.stages[:-1] if stage.name is not None}
    targets = old.targets | new.targets
    guessed = (stage for stage in old.stages[:-1] if stage.name not in targets and str(stage.index) not in targets)
    doubted = {stage.index for stage in guessed if (now := kept.get(_text(stage))) and now.ships != stage.ships}
    return old.shipping({stage.index for stage in old.shipped} ^ doubted) if doubted else old


def _text(stage: Stage) -> tuple[str, ...]:
    return (normalised(stage.from_), *map(normalised, stage.instructions))
