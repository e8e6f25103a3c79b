"""What the steps of a build did, and only root may do: so it ran as root, though nothing says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.model.packages import OS_MANAGERS
from rules.model.puts import within_any
from rules.model.run_writes import written_by
from rules.user.accounts.running import changes_user

if TYPE_CHECKING:
    from rules.model.stage import Stage
    from rules.model.steps import Run

_OF_ROOT = ("/etc", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/share", "/bin", "/sbin", "/lib", "/lib64")
"""Folders of the system, in which an image gives no other account a file to write."""


def was_root(was: Stage) -> bool:
    """Tell whether an image ran as root before a change, without a `USER` that says it.

    Args:
        was: The stage before the change.
    """
    return was.image.user.instruction is None and (bool(was.users.final_is_root) or worked_as_root(was))


def worked_as_root(stage: Stage) -> bool:
    """Tell whether a RUN under the base image's own user did what only root may do."""
    return any(_needs_root(run) for run in stage.done_runs if run.user.instruction is None)


def _needs_root(run: Run) -> bool:
    done = [call.command for call in run.package_calls if call.manager in OS_MANAGERS]
    done += [write.command for write in written_by(run) if within_any(write.path, _OF_ROOT)]
    return any(command.after != "||" and not changes_user(run, command) for command in done)
