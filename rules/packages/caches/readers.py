"""Steps that count on what a package manager leaves behind, and stop where it no longer does."""

from __future__ import annotations

from bisect import bisect_left
from operator import itemgetter
from typing import TYPE_CHECKING

from rules.lazily import once, once_for_each
from rules.model.lineage import built_upon

if TYPE_CHECKING:
    from rules.api import Command, Run, Stage

_READS = frozenset("cat chmod chown cp du find ls mv rsync tar".split())
"""Commands that fail where a file or folder that they name is not there."""


def stopped_by_lack(run: Run, folder: str) -> Command | None:
    """Return the first command that fails where a folder is not there, or empty: `rm` without `-f`, `du`, `find`.

    Args:
        run: The RUN that fills the folder; what comes behind is looked at, in the stages built upon its own too.
        folder: The folder, or the end of its path: `/var/cache/apk`, `.cache`.
    """
    stopped = _stopped(run.stage, folder)
    behind = bisect_left(stopped, run.at, key=itemgetter(0))
    return stopped[behind][1] if behind < len(stopped) else None


@once_for_each
def _stopped(stage: Stage, folder: str) -> list[tuple[tuple[int, int], Command]]:
    """The commands of `_readers` that name a folder."""
    return [(at, command) for at, command in _readers(stage) if _names(command, folder)]


@once
def _readers(stage: Stage) -> list[tuple[tuple[int, int], Command]]:
    """The commands that fail without what they name, with their RUN's place, in a stage and those built upon it."""
    runs = {run.at: run for one in built_upon(stage) for run in one.all_runs}
    return [(at, command) for at in sorted(runs) for command in runs[at].commands if _fails_without(command)]


def _names(command: Command, folder: str) -> bool:
    return any(folder in word.value for word in command.operands())


def _fails_without(command: Command) -> bool:
    return command.name in _READS or (command.name == "rm" and not command.has("-f", "--force"))


def is_copied(stage: Stage, folder: str) -> bool:
    """Tell whether a COPY takes a folder out of a stage, or something in it, so that it is no waste there."""
    copies = (copy for one in stage.model.stages for copy in one.copies if copy.from_stage is not None)
    return any(
        folder in (copy.source_path(source) or "")
        for copy in copies
        if copy.from_stage is not None and stage in copy.from_stage.chain
        for source in copy.sources
    )
