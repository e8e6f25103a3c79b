"""Paths that a lost variable named, and of which nothing else tells the program."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import Copy, quote
from rules.copying.context.origins import inner
from rules.runtime.starts.instructions import shipped
from rules.runtime.starts.scripts import start_script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Stage

_DEEP = 2
"""Slashes of a path that is no folder at the root: those may be anything's."""
_OF_BUNDLER = frozenset({"BUNDLE_PATH", "BUNDLE_GEMFILE"})
"""What Bundler reads each time that it starts a program (bundle-config(1)), and whose path is in no doubt."""


def left_for_program(change: DockerfileChange, stage: Stage, was: Stage, name: str) -> str | None:
    """Say that only the program can have read a variable: it names a path that the image has, and no line reads it."""
    path = was.image.env[name].value or ""
    read = re.compile(rf"\$\{{?{re.escape(name)}\b")
    if not path.startswith("/") or any(read.search(text) for text in _texts(was)):
        return None
    if path.count("/") < _DEEP and name not in _OF_BUNDLER:
        return None
    if not _is_brought(stage, path) or any(path in text for text in _told(change, stage)):
        return None
    return f"the image still has {quote(path)}, of which no other line tells the program"


def _is_brought(stage: Stage, path: str) -> bool:
    """Whether a step puts something at a path, or copies it with a folder of a stage that has a step which does."""
    if any(put.kind != "workdir" for put in stage.files.at(path)):
        return True
    copied = ((put, put.step.from_stage) for put in stage.files.covering(path) if isinstance(put.step, Copy))
    return any(
        origin is not None
        and any(one.kind != "workdir" for place in inner(put, path) for one in origin.files.at(place))
        for put, origin in copied
    )


def _texts(stage: Stage) -> Iterator[str]:
    return (step.instruction.whole_value for step in stage.all_steps)


def _told(change: DockerfileChange, stage: Stage) -> Iterator[str]:
    """Yield all that a program is told: how it starts, in which folder, with which variables, and by its script."""
    image = stage.image
    starts = (one.instruction for one in (*image.start_command, image.healthcheck))
    variables = (one.instruction for one in image.env.values())
    yield from (one.value for one in (*starts, *variables) if one is not None)
    yield image.workdir.value or ""
    yield from (str(call) for run in stage.done_runs for call in run.calls("bundle") if call.subcommand == "config")
    for found in shipped(change, "ENTRYPOINT", "CMD"):
        script = start_script(change, found) if found.stage is stage else None
        if script is not None:
            yield script.text
