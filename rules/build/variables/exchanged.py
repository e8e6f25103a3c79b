"""The build argument that a change puts in the place of another one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.lazily import once
from rules.model.scope import names_read

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Model


@once
def exchanged(change: DockerfileChange) -> tuple[str, str] | None:
    """Return the only argument that a change takes away and the only one that it brings, where one line reads both."""
    assert change.before is not None
    then, now = _declared(change.before), _declared(change.after)
    gone, new = then - now, now - then
    if not len(gone) == len(new) == 1:
        return None
    (old,), (name,) = gone, new
    read, lines = re.compile(rf"\b{re.escape(old)}\b"), change.before.code.splitlines()
    renamed = {read.sub(name, line).strip() for line in lines if old in names_read(line)}
    return (old, name) if renamed & {line.strip() for line in change.after.code.splitlines()} else None


def _declared(model: Model) -> set[str]:
    return {name.text for one in model.dockerfile.instructions if one.keyword == "ARG" for name, _ in one.pairs}
