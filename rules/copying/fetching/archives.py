"""Archives that lie in an image as they are: which instructions speak of them."""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rules.lazily import once
from rules.runtime.starts.instructions import shipped
from rules.runtime.starts.scripts import start_script

if TYPE_CHECKING:
    from collections.abc import Collection

    from rules.api import DockerfileChange, Stage

_PATTERN = re.compile(r"(?<![^\s\"'=;|&(])[^\s\"'=;|&()*]*\*[^\s\"'=;|&()]*")
"""A word with a `*` in it."""
_USING = frozenset({"RUN", "COPY", "CMD", "ENTRYPOINT", "ENV", "HEALTHCHECK"})


@once
def uses(stage: Stage) -> tuple[tuple[int, Stage, str], ...]:
    """Return what may use a file of a stage: instructions there and in those that need it, with start and stage."""
    stages = (other for other in stage.model.stages if other is stage or other.needs(stage))
    steps = ((other, step.instruction) for other in stages for step in other.steps)
    return tuple((one.span.start, other, one.text) for other, one in steps if one.keyword in _USING)


def is_used_at_start(change: DockerfileChange, stage: Stage, names: Collection[str], folder: str | None) -> bool:
    """Tell whether the script that a container of a stage, or of one that needs it, starts with names an archive."""
    for found in shipped(change):
        if found.stage is stage or found.stage.needs(stage):
            script = start_script(change, found, through_stages=True)
            if script is not None and takes(script.text, names, folder):
                return True
    return False


def takes(text: str, names: Collection[str], folder: str | None) -> bool:
    """Tell whether a text names an archive, or has a pattern that it matches.

    Args:
        text: An instruction.
        names: What the archive is called: as it is written, and with its variables filled in.
        folder: Where it lies.
    """
    plain = without_braces(text)
    if any(without_braces(name) in plain for name in names):
        return True
    for match in _PATTERN.finditer(text):
        place, _, last = match[0].rpartition("/")
        if last == "*":
            found = folder is not None and place == folder.rstrip("/")
        else:
            found = any(fnmatchcase(name, last) for name in names)
        if found:
            return True
    return False


def names_of(path: str, written: str) -> tuple[str, ...]:
    """Return what an archive is called by those who use it: with its variables filled in, and as it is written."""
    return tuple(dict.fromkeys(posixpath.basename(text) for text in (path, written.strip("\"'"))))


def without_braces(text: str) -> str:
    """Write variables in the short way, in which two texts can be compared."""
    return re.sub(r"\$\{(\w+)\}", r"$\1", text)
