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
    return not run.cleans_behind(call.command.start, "apk", "cache")


def line_of_older_index(run: Run, call: PackageCall) -> int | None:
    """Return the line of an earlier RUN whose index a call reads, so that it fetches none while that one is fresh.

    apk fetches an index anew where it is older than four hours (`--cache-max-age`, `man apk`) or it is told to.

    Returns:
        `None` where the call fetches the index itself, or where a RUN that could have deleted it stands between.
    """
    if call.action != "install" or call.has(*_REFRESHES):
        return None
    earlier = [one for one in _runs_with_index(run.stage) if one.at < run.at]
    return earlier[0].instruction.line if earlier else None


@once
def _runs_with_index(stage: Stage) -> tuple[Run, ...]:
    """The RUNs of the chain that leave an index; none where one names the folder, and so may delete what is there."""
    runs = stage.all_runs
    if any(folder in run.instruction.value for run in runs for folder in CACHES):
        return ()
    return tuple(run for run in runs if any(leaves_index(run, call) for call in run.package_calls))
