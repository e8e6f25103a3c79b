"""What is in the layers of the images that ship: each instruction once, however many stages inherit it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lazily import once
from rules.model.run_writes import INSTALL_VALUED, written_by
from rules.model.steps import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.dockerfile.shell.script import Command
    from rules.dockerfile.source import Span
    from rules.model.stage import Stage
    from rules.model.steps import Step


_RANGE = 10
"""Lines over which a comment can still be read together with the code it speaks of."""


def shipped_steps(change: DockerfileChange) -> Iterator[tuple[Stage, Step]]:
    """Yield the steps behind the shipped images, with the shipped stage; deferred ones (ONBUILD) included."""
    yield from change.after.layers.shipped_steps


def shipped_runs(change: DockerfileChange) -> Iterator[tuple[Stage, Run]]:
    """Yield the RUNs among them."""
    for stage, step in shipped_steps(change):
        if isinstance(step, Run):
            yield stage, step


@once
def folders_made(stage: Stage) -> frozenset[str]:
    """The folders that a stage's own instructions and those below it make: as written by the command, and absolute."""
    found = {put.path for put in stage.files.puts if put.kind == "workdir"}
    found.update(volume.value for volume in stage.image.volumes if volume.value is not None)
    for run in stage.all_runs:
        calls = run.calls("mkdir", "install")
        made = [command for command in calls if command.name == "mkdir" or command.has("-d", "--directory")]
        found.update(word.value for command in made for word in command.operands(INSTALL_VALUED))
        starts = {command.start for command in made}
        found.update(write.path for write in written_by(run) if write.command.start in starts)
    return frozenset(path.rstrip("/") for path in found)


def place(run: Run, command: Command) -> Span:
    """Return where a finding about one command of a RUN belongs: from the RUN to the command, or a far one alone."""
    source = run.instruction.source
    if command.line - run.instruction.line > _RANGE:
        return command.span
    return source.span(run.instruction.span.start, command.end)
