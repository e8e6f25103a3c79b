"""See package_update_lost.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.packages.options import fetching_first, spelled
from rules.packages.scripts import may_be_script

_UPDATE = "apt-get update"
_LISTS = "/var/lib/apt/lists"


@rule(
    "package-update-lost",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("RUN",),
    mentions=("apt",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes away the update that an install needs."""
    for stage in change.stages:
        was = change.was(stage)
        if was is None:
            continue
        moved = stage.root.base_text != was.root.base_text and not _fetches_in(stage)
        lost = _without_lists(stage, conditional=moved)
        if lost and (_had_lists(was) or (moved and _fetches_in(was))):
            run = next(run for run in stage.runs if id(run) in lost)
            yield _problem(stage, run, lost[id(run)])


def _fetches_in(stage: Stage) -> bool:
    """Whether anything in the stage fetches lists."""
    return any(call.manager == "apt" and _fetches(call) for run in stage.all_runs for call in run.package_calls)


def _without_lists(stage: Stage, *, conditional: bool = False) -> dict[int, PackageCall]:
    """Return, for each RUN of a stage, the first install that finds no lists: none fetched before, or removed again.

    Args:
        stage: The stage.
        conditional: Whether an install under a condition counts.
    """
    fetched = unread = False
    found: dict[int, PackageCall] = {}
    for run in stage.all_runs:
        if run.stage is stage and not fetched and not unread:
            call = _first_without(run, conditional=conditional)
            if call is not None:
                found[id(run)] = call
        calls = [call for call in run.package_calls if call.manager == "apt"]
        last = max((call.command.start for call in calls if _fetches(call)), default=-1)
        fetched = (fetched or last >= 0) and not run.cleans_behind(last, "apt", "lists")
        unread = unread or not run.is_read or any(map(may_be_script, run.commands))
    return found


def _first_without(run: Run, *, conditional: bool) -> PackageCall | None:
    """Return the first install of a RUN that nothing in the same RUN fetches lists for, when none are there before."""
    for call in run.package_calls:
        if call.manager == "apt":
            if _fetches(call):
                return None
            if _needs_lists(call) and (conditional or not call.command.conditional):
                before = (command for command in run.commands if command.start < call.command.start)
                read = run.is_read and not any(map(may_be_script, before))
                there = run.is_mounted(_LISTS) or any(put.step.at < run.at for put in run.stage.files.below(_LISTS))
                return call if read and not there else None
    return None


def _fetches(call: PackageCall) -> bool:
    return call.action == "update" or call.has("--update")


def _needs_lists(call: PackageCall) -> bool:
    return call.action == "install" and any(package.kind in ("name", "variable") for package in call.packages)


def _had_lists(was: Stage) -> bool:
    """Whether each install found lists before the change."""
    return _fetches_in(was) and not _without_lists(was)


def _problem(stage: Stage, run: Run, call: PackageCall) -> Problem:
    known = stage.facts is not None and stage.facts.package_manager == call.manager
    return Problem(
        call.command.span,
        f"{stage.label} no longer runs {quote(_UPDATE)} before {quote(spelled(call))}. {_effect(stage, known=known)}",
        Confidence.CERTAIN if known else Confidence.LIKELY,
        doubt="whether the base image has package lists is not known",
        stage=stage.key,
        key=call.manager,
        severity=None if known else Severity.WARNING,
        fix=fetching_first(run, call),
    )


def _effect(stage: Stage, *, known: bool) -> str:
    base = stage.root.base_text
    if known or base is None:
        return (
            "The base image comes without package lists, so the install finds no package of that name and the build "
            "stops."
        )
    return (
        f"Base images come without package lists as a rule; unless {quote(base)} has some, the install finds no "
        "package of that name and the build stops."
    )
