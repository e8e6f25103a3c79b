"""The virtual environments that lie in a stage: those that it makes, and those that it takes from other stages."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.api import once, within
from rules.copying.python.environments import Environment, environments

if TYPE_CHECKING:
    from rules.api import Copy, Stage


class Placed(NamedTuple):
    """A virtual environment where it lies.

    Attributes:
        path: Where, in the stage.
        environment: As it was made.
        holders: The stages that had it one after the other, the one that made it first; not the stage itself.
        copy: What brought it into the stage; `None` where it was made.
        source: Where that took it from.
    """

    path: str
    environment: Environment
    holders: tuple[Stage, ...] = ()
    copy: Copy | None = None
    source: str = ""

    @property
    def is_moved(self) -> bool:
        """Whether it lies elsewhere than its scripts say."""
        return self.path != self.environment.path


@once
def placed(stage: Stage) -> tuple[Placed, ...]:
    """Return the environments that lie in a stage and in those that it is built from."""
    made = [Placed(one.path, one) for one in environments(stage)]
    brought = (brought_by(copy) for copy in stage.all_copies)
    return (*made, *(one for one in brought if one is not None))


def brought_by(copy: Copy) -> Placed | None:
    """Return the first environment that a COPY from another stage brings along."""
    builder = copy.from_stage
    if builder is None or copy.deferred or len(copy.sources) != 1 or copy.destination is None:
        return None
    path = copy.source_path(copy.sources[0])
    if path in (None, "/") or builder.index >= copy.stage.index:
        return None
    for one in placed(builder):
        if within(one.path, path):
            there = posixpath.normpath(posixpath.join(copy.destination, posixpath.relpath(one.path, path)))
            return Placed(there, one.environment, (*one.holders, builder), copy, one.path)
    return None
