"""What bash does otherwise than dash, Debian's `sh`, with the same script: a `SHELL` line changes it for all below."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.lazily import once
from rules.model.lineage import built_upon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run

_ESCAPE = re.compile(r"\\[abcfnrtv0\\]")
"""What dash's `echo` fills in by itself, and bash's with `-e` alone: a line break in a file becomes a backslash."""
_BRACES = re.compile(r"(?<![$\\])\{[^{}\s]*(?:,|\.\.)[^{}\s]*\}")
"""What bash makes several words of: `rm -rf /var/lib/{apt,dpkg}`, which deletes nothing under dash."""
_QUOTED = re.compile(r"'[^']*+'|\"(?:[^\"\\]|\\.)*+\"", re.DOTALL)


@once
def reads_otherwise(run: Run) -> bool:
    """Tell whether a RUN in shell form says what the two shells take for something else; not one that names its own."""
    if run.script.is_array or run.script.shell is not None:
        return False
    return any(_fills_in(command) or _expands(command) for command in run.commands)


def _fills_in(command: Command) -> bool:
    plain = command.name == "echo" and not command.has("-e", "-ne", "-en")
    return plain and any(_ESCAPE.search(word.value) for word in command.args)


def _expands(command: Command) -> bool:
    return any("{" in word.text and _BRACES.search(_QUOTED.sub("", word.text)) for word in command.args)


def runs_from(stage: Stage, run: Run) -> Iterator[Run]:
    """Yield the RUNs that a `SHELL` line above one of them is for: it, those below, and those of stages upon it."""
    yield from stage.runs[stage.runs.index(run) :]
    for other in built_upon(stage)[1:]:
        yield from other.runs
