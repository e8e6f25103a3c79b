"""The installs that live on apt's lists of an earlier step."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from rules.lazily import once
from rules.matching.gathering import named_lines
from rules.model.lineage import built_upon
from rules.packages.indexes.sources import NODESOURCE

if TYPE_CHECKING:
    from rules.model.stage import Stage
    from rules.model.steps import Run

_BROWSER_PACKAGES = "--install-deps"
"""`puppeteer browsers install chrome --install-deps` calls `apt-get satisfy` and no update (@puppeteer/browsers)."""


def in_need(run: Run) -> tuple[Run, ...]:
    """Return the later RUNs that install from the lists that this one fetched: of its stage, and of those upon it."""
    here, fetching = in_need_here(run.stage), _fetching(run.stage)
    places = [other.index for other in here]
    first, again = bisect_right(places, run.index), bisect_right(fetching, run.index)
    if again < len(fetching):  # a RUN in between fetches them anew
        return here[first : bisect_right(places, fetching[again])]
    return (*here[first:], *_in_need_above(run.stage))


def need_said(run: Run) -> str:
    """Say which later RUNs install from the lists that this one fetched, as a clause; empty where none does."""
    lines = [str(other.instruction.line) for other in in_need(run)]
    if len(lines) > 1:
        return f"{named_lines(lines)} install from them, and then need `apt-get update` themselves"
    return f"{named_lines(lines)} installs from them, and then needs `apt-get update` itself" if lines else ""


@once
def _fetching(stage: Stage) -> list[int]:
    """The places of the RUNs that fetch apt's lists."""
    return [
        run.index
        for run in stage.runs
        if any(call.manager == "apt" and call.action == "update" for call in run.package_calls)
    ]


@once
def in_need_here(stage: Stage) -> tuple[Run, ...]:
    """The RUNs that install from lists which they do not fetch, in order."""
    return tuple(run for run in stage.runs if _installs_unfetched(run))


@once
def _in_need_above(stage: Stage) -> tuple[Run, ...]:
    """The first RUN of each stage built upon this one, directly or by way of others, that installs from its lists."""
    upon = built_upon(stage)[1:]
    return tuple(found for other in upon if (found := _first_in_need(other)) is not None)


@once
def _first_in_need(stage: Stage) -> Run | None:
    """The first RUN of a stage that asks apt for anything, where it installs from lists of the stage below."""
    first = next((run for run in stage.runs if any(call.manager == "apt" for call in run.package_calls)), None)
    return first if first is not None and _installs_unfetched(first) else None


def _installs_unfetched(run: Run) -> bool:
    """Whether a RUN installs before it fetches lists; NodeSource's script fetches them anew."""
    if _BROWSER_PACKAGES in run.instruction.whole_value:
        return True
    calls = [call for call in run.package_calls if call.manager == "apt"]
    actions = ["update" if call.has("--update") else call.action for call in calls]
    unfetched = "install" in actions and "update" not in actions[: actions.index("install")]
    return unfetched and NODESOURCE not in run.instruction.whole_value
