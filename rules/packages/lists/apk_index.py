"""The package index of apk, which one layer fetches and later ones read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.stage import Stage
    from rules.model.steps import Run

CACHES = ("/var/cache/apk", "/etc/apk/cache")
"""Where apk keeps its index: the second where a file makes it (`man apk-cache`)."""
_REFRESHES = ("-U", "--update", "--update-cache", "--force-refresh")


def leaves_index(run: Run, call: PackageCall) -> bool:
    """Tell whether a call of apk leaves its index in the layer."""
    if call.manager != "apk" or call.no_cache or call.has("--no-network"):
        return False
    if call.action not in ("install", "update", "upgrade") or any(map(run.is_mounted, CACHES)):
        return False
    if call.option("--cache-dir") is not None:
        return False  # whatever becomes of that folder
    return not run.cleans_behind(call.command.start, "apk", "cache")


def line_of_older_index(run: Run, call: PackageCall) -> int | None:
    """Return the line that fetched the index which a call of a later RUN reads, and fetches none while that is fresh.

    apk fetches an index anew where it is older than four hours (`--cache-max-age`, `man apk`) or it is told to.

    Returns:
        `None` where the call fetches the index itself, or where a RUN that could have deleted it stands between.
    """
    if call.action != "install" or _refreshes(call):
        return None
    if any(
        other.manager == "apk" and _refreshes(other)
        for other in run.package_calls
        if other.command.start < call.command.start
    ):
        return None
    earlier = [line for at, line in _fetches(run.stage) if at < run.at]
    return earlier[-1] if earlier else None


def _refreshes(call: PackageCall) -> bool:
    """Whether a call asks for a new index, however fresh the one that is there."""
    return call.action == "update" or call.has(*_REFRESHES)


@once
def _fetches(stage: Stage) -> tuple[tuple[tuple[int, int], int], ...]:
    """Where RUNs of the chain fetch an index that they leave: the first that needs one, and those that ask anew.

    There are none where a RUN names the folder, and so may delete what is there.
    """
    runs = stage.all_runs
    if any(folder in run.instruction.whole_value for run in runs for folder in CACHES):
        return ()
    left = [(run, call) for run in runs for call in run.package_calls if leaves_index(run, call)]
    return tuple((run.at, call.command.line) for run, call in left if _refreshes(call) or call is left[0][1])
