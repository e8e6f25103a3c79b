"""Which packages the layers of the images that shipped held before a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lazily import once
from rules.model.audience import is_development_name

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.model import Model
    from rules.model.stage import Stage


def held_before(change: DockerfileChange, stage: Stage) -> frozenset[str]:
    """Return the names of what an image held before.

    Of one that is new, or has another name, it is what any held that shipped, one for developers only where it is such
    a one itself. Why nothing was said of a package then does not matter else: it is no doing of the change.

    Args:
        change: The file.
        stage: The stage that ships now.
    """
    if change.before is None:
        return frozenset()
    was = change.was(stage)
    own = _in_layers(was) if was is not None and was.ships else frozenset()
    if was is not None and was.key == stage.key:
        return own
    in_any = _in_shipped(change.before) if is_development_name(stage.name) else _in_production(change.before)
    return own | in_any


@once
def _in_shipped(model: Model) -> frozenset[str]:
    return frozenset(name for stage in model.shipped for name in _in_layers(stage))


@once
def _in_production(model: Model) -> frozenset[str]:
    """What those held that are not by their names for developers."""
    shipped = (stage for stage in model.shipped if not is_development_name(stage.name))
    return frozenset(name for stage in shipped for name in _in_layers(stage))


@once
def _in_layers(stage: Stage) -> frozenset[str]:
    """What every build installs: a command behind a condition may have brought it, or not."""
    return frozenset(item.name for item in stage.packages.in_layers if not item.call.command.conditional)
