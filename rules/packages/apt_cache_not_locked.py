"""See apt_cache_not_locked.md."""

import posixpath
from collections.abc import Iterator
from itertools import combinations

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Mount,
    Note,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert,
    once,
    quote,
    rule,
)

_OF_APT = frozenset({"/var/cache/apt", "/var/cache/apt/archives", "/var/lib/apt", "/var/lib/apt/lists"})
"""Folders in which apt takes a lock (apt.conf(5), `Dir::Cache` and `Dir::State`)."""

_MOST = 40
"""Steps that are compared with one another, more than any file has."""


@rule(
    "apt-cache-not-locked",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="info",
    keywords=("RUN",),
    mentions=("/var/cache/apt", "/var/lib/apt"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Stages that are built side by side share a cache of apt's without waiting for one another."""
    sharing = {id(run) for stage in change.stages for run in stage.runs if run.instruction.flags and _shared(run)}
    if len(sharing) <= 1:
        return
    needed = change.after.layers.needed_runs
    runs = [(stage, run) for stage, run in needed if id(run) in sharing and _calls_apt(run)]
    for (stage, run), (other_stage, other) in combinations(runs[:_MOST], 2):
        same = sorted(_shared(run).keys() & _shared(other).keys())
        if same and not (_waits(other, stage) or _waits(run, other_stage)):
            yield _problem(other_stage, other, run, same[0])
            return


def _calls_apt(run: Run) -> bool:
    return any(call.manager == "apt" for call in run.package_calls)


@once
def _shared(run: Run) -> dict[str, Mount]:
    """The caches of apt's that any number of steps may use at once, which is what BuildKit does unless it is told."""
    mounts = [mount for mount in run.mounts if mount.type == "cache" and "$" not in (mount.flag.value or "")]
    return {
        mount.options.get("id") or posixpath.normpath(mount.target): mount
        for mount in mounts
        if posixpath.normpath(mount.target) in _OF_APT and mount.options.get("sharing", "shared").lower() == "shared"
    }


def _waits(run: Run, stage: Stage) -> bool:
    """Whether a RUN is run only after a stage is done, or stands in the same chain."""
    return any(one is stage for one in _needed(run)) or any(one is run.stage for one in stage.chain)


@once
def _needed(run: Run) -> tuple[Stage, ...]:
    """The stages that have to be there before a RUN: those it is built upon, and those copied or mounted from above."""
    found: list[Stage] = []
    waiting = [(run.stage, run.at)]
    while waiting:
        stage, at = waiting.pop()
        if any(one is stage for one in found):
            continue
        found += stage.chain
        for link in stage.chain:
            sources = [copy.from_stage for copy in link.all_copies if copy.at < at]
            sources += [one for other in link.all_runs if other.at <= at for one in _mounted(other)]
            waiting += [(one, (len(run.stage.model.stages), 0)) for one in sources if one is not None]
    return tuple(found)


def _mounted(run: Run) -> list[Stage | None]:
    """The stages whose files are mounted into a RUN."""
    names = (mount.options.get("from") for mount in run.mounts)
    return [run.stage.model.copied_stage(name, run.stage.index) for name in names if name]


def _problem(stage: Stage, run: Run, other: Run, cache: str) -> Problem:
    mount, line = _shared(run)[cache], other.instruction.line
    mounts = [found for one in (other, run) for found in _shared(one).values()]
    plain = all("sharing" not in found.options for found in mounts)
    edits = [insert(run.instruction.source, found.flag.span.end, ",sharing=locked") for found in mounts]
    return Problem(
        run.instruction.span,
        f"{stage.label} shares the cache {quote(mount.target)} with the `RUN` of line {line}, and BuildKit may run both"
        " at once. apt locks that folder and does not wait: the build then ends with “Could not get lock”. With "
        "`sharing=locked` the second waits for the first.",
        Confidence.POSSIBLE,
        doubt="whether the two meet is a matter of time",
        stage=stage.key,
        key=cache,
        instruction=run.instruction,
        notes=(Note(other.instruction.span, "the same cache"),),
        fix=fix("Let one wait for the other", *edits) if plain else None,
    )
