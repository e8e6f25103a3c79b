"""What may have come into a stage with a change and cannot be seen: steps that write anywhere, packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.api import Stage


def new_packages(stage: Stage, was: Stage) -> bool:
    """Whether the system gets packages that it did not get before: they may bring the same files or accounts."""
    return bool({item.name for item in stage.packages.present} - {item.name for item in was.packages.present})


def builds_anew(stage: Stage, was: Stage) -> bool:
    """Whether RUNs that were not there before may write the same files, or make the same accounts."""
    known = {str(command) for command in was.files.opaque_commands}
    calls = {call.command.start for run in stage.done_runs for call in run.package_calls}
    return stage.files.has_unreadable_run or any(
        str(command) not in known and command.start not in calls for command in stage.files.opaque_commands
    )
