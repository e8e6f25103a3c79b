"""The build argument that a change puts in the place of another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Model


@once
def exchanged(change: DockerfileChange) -> tuple[str, str] | None:
    """Return the only argument that a change takes away, and the only one that it brings."""
    assert change.before is not None
    then, now = _declared(change.before), _declared(change.after)
    gone, new = then - now, now - then
    return (gone.pop(), new.pop()) if len(gone) == len(new) == 1 else None


def _declared(model: Model) -> set[str]:
    return {name.text for one in model.dockerfile.instructions if one.keyword == "ARG" for name, _ in one.pairs}
