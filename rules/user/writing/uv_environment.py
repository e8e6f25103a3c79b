"""Whether `uv run` in the start command writes to the environment that root made during the build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.model.puts import within

if TYPE_CHECKING:
    from rules.model.stage import Stage

_CHOICES = frozenset(
    "--no-dev --no-group --no-default-groups --only-group --only-dev --group --all-groups --extra --all-extras "
    "--no-install-project --no-install-workspace".split()
)
"""What makes an environment another one than `uv run` wants without options of its own."""


def syncs_at_start(stage: Stage) -> bool:
    """Tell whether the container starts with `uv run`, which has to bring the environment in line first.

    `uv run` syncs the project's environment before it runs anything, unless it is told `--no-sync` (uv, "Locking and
    syncing"). Where the build left groups or the project out by options, it installs them then.
    """
    words = [word for setting in stage.image.start_command if setting.value for word in setting.value.text.split()]
    if not words or words[0].rsplit("/", 1)[-1] != "uv" or "run" not in words or "--no-sync" in words:
        return False
    if "UV_NO_SYNC" in stage.image.env or not _CHOICES.isdisjoint(words):
        return False
    synced = [
        call for run in stage.done_runs for call in run.package_calls if call.manager == "uv" and call.verb == "sync"
    ]
    return bool(synced) and synced[-1].has(*_CHOICES)


def is_synced_whole(stage: Stage) -> bool:
    """Tell whether the last `uv sync` of a build installs the project too, below all that is copied to it.

    Else `uv run` installs it when the container starts, and `--no-sync` would start without it.
    """
    last = None
    for run in stage.done_runs:
        for call in run.package_calls:
            if call.manager == "uv" and call.verb == "sync":
                last = (run, call)
    if last is None or last[1].has("--no-install-project", "--no-install-workspace"):
        return False
    folder = last[0].workdir.value or "/"
    below = (copy for copy in stage.all_copies if copy.at > last[0].at and copy.from_context)
    return not any(within(copy.destination or "/", folder) for copy in below)
