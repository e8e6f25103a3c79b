"""What still counts on a folder whose contents a change pours out: commands, work folders, other stages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.context.project_calls import calls_project
from rules.lazily import once
from rules.model.puts import meet, within
from rules.model.run_writes import written_by
from rules.model.work_folders import folder_of, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Copy, Instruction, Run, Stage

_NEEDS_NOTHING = frozenset(
    "[ : addgroup adduser apk apt apt-get cd command echo export find groupadd id ln ls mkdir printf pwd rm rmdir set "
    "test touch true umask unset useradd usermod which".split()
)
"""Commands that do not read what they name, or that end well without it, or need nothing of where they run."""


class Need(NamedTuple):
    """What still counts on the folder.

    Attributes:
        instruction: Where.
        text: What it says.
    """

    instruction: Instruction
    text: str


def still_needed(stage: Stage, was: Stage, copy: Copy, folder: str) -> Need | None:
    """Return what reads something below a folder, just as it did before a change, behind the COPY that filled it.

    A command that names a file there, one that works there, a COPY out of the stage, or the WORKDIR in which the
    container starts. That it did so before shows that the folder was one; nothing but the COPY is taken to bring what
    lies in it.
    """
    known = _texts(was)
    return next((need for need in _needs(stage, copy, folder) if need.text in known), None)


@once
def _texts(was: Stage) -> frozenset[str]:
    commands = {str(command) for run in was.all_runs for command in run.commands}
    return frozenset(commands | {str(one) for one in was.model.dockerfile.instructions})


def _needs(stage: Stage, copy: Copy, folder: str) -> Iterator[Need]:
    for run in stage.runs:
        if run.at > copy.at and run.is_read and not run.deferred:
            yield from (Need(run.instruction, str(one)) for one in run.commands if _reads(run, one, folder))
    for other in stage.model.stages[stage.index + 1 :]:
        for taken in other.copies if other.index in stage.model.needed_by_shipped else ():
            paths = (taken.source_path(one) for one in taken.sources if taken.from_stage is stage)
            if any(path is not None and path != folder and within(path, folder) for path in paths):
                yield Need(taken.instruction, str(taken.instruction))
    start = stage.image.workdir
    if stage.ships and start.instruction is not None and start.value is not None and within(start.value, folder):
        yield Need(start.instruction, str(start.instruction))


def _reads(run: Run, command: Command, folder: str) -> bool:
    """Whether a command reads something below a folder, or is at work there."""
    if command.name in _NEEDS_NOTHING or command.nested or not command.name:
        return False
    made = {write.path for write in written_by(run) if write.command.start <= command.start}
    for word in (*((command.program,) if command.program is not None else ()), *command.args):
        text = word.value.rpartition("=")[2] if word.value.startswith("-") else word.value
        path = path_of(run, command, text) if _PATH.fullmatch(text) else None
        if path is not None and path != folder and within(path, folder):
            return not any(meet(path, one) for one in made)
    return folder_of(run, command) == folder and calls_project(command)


_PATH = re.compile(r"[\w.@+*/-]*/[\w.@+*/-]*")
