"""Whether anything above a RUN brings a file of the project into its stage."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.lazily import once
from rules.model.puts import may_bring

if TYPE_CHECKING:
    from rules.api import Command, Run, Stage


def is_brought(stage: Stage, run: Run, path: str) -> bool:
    """Tell whether anything above a RUN brings a file of the project, or may."""
    above = (put for put in stage.files.covering(path) if may_bring(put, path) and put.step.at < run.at)
    return any(put.command is None or put.command.name != "mkdir" for put in above) or copies_anywhere(stage)


def holds_folders(run: Run, folder: str) -> bool:
    """Tell whether more than files lies in a folder when a RUN begins, or may."""
    files = run.stage.files
    puts = [put for put in (*files.below(folder), *files.covering(folder)) if put.step.at < run.at]
    return any(put.kind != "workdir" and (put.tree or posixpath.dirname(put.path) != folder) for put in puts)


@once
def copies_anywhere(stage: Stage) -> bool:
    """Tell whether a COPY goes to a place that is not known."""
    return any(copy.destination is None for copy in stage.all_copies)


def is_spoken_of(run: Run, before: Command, *names: str) -> bool:
    """Tell whether a command above another one has one of some names in it: it may make, or change, what has them."""
    commands = (command for one in run.stage.all_runs for command in one.commands if command.start < before.start)
    written = (command.source.cut(command.span) for command in commands)
    return any(name in text for text in written for name in names)
