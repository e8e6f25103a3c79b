"""Steps that count on what a package manager leaves behind, and stop where it no longer does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Run, Stage

_READS = frozenset("cat chmod chown cp du find ls mv rsync tar".split())
"""Commands that fail where a file or folder that they name is not there."""


def stopped_by_lack(run: Run, folder: str) -> Command | None:
    """Return the first command that fails where a folder is not there, or empty: `rm` without `-f`, `du`, `find`.

    Args:
        run: The RUN that fills the folder; what comes behind is looked at, in the stages built upon its own too.
        folder: The folder, or the end of its path: `/var/cache/apk`, `.cache`.
    """
    return next((command for command in _commands(run) if _fails_without(command, folder)), None)


def _commands(run: Run) -> Iterator[Command]:
    upon = (one for one in run.stage.model.stages if run.stage in one.chain)
    runs = {other.at: other for one in upon for other in one.all_runs if other.at >= run.at}
    for at in sorted(runs):
        yield from runs[at].commands


def _fails_without(command: Command, folder: str) -> bool:
    if not any(folder in word.value for word in command.operands()):
        return False
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
