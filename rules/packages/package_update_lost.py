"""See package_update_lost.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    PackageCall,
    Problem,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.packages.lists.absent import fetches_in, without_lists
from rules.packages.lists.own import fetching_too
from rules.packages.options import fetching_first, spelled

_UPDATE = "apt-get update"


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
        moved = stage.root.base_text != was.root.base_text and not fetches_in(stage)
        lost = without_lists(stage, conditional=moved)
        if lost and (_had_lists(was) or (moved and fetches_in(was))):
            run = next(run for run in stage.runs if id(run) in lost)
            call = lost[id(run)]
            # others below that have none either take them from this step
            yield _problem(stage, call, fetching_too(run, call) if len(lost) == 1 else fetching_first(run, call))


def _had_lists(was: Stage) -> bool:
    """Whether each install found lists before the change."""
    return fetches_in(was) and not without_lists(was)


def _problem(stage: Stage, call: PackageCall, fix: Fix | None) -> Problem:
    known = stage.facts is not None and stage.facts.package_manager == call.manager
    return Problem(
        call.command.span,
        f"{stage.label} no longer runs {quote(_UPDATE)} before {quote(spelled(call))}. {_effect(stage, known=known)}",
        Confidence.CERTAIN if known else Confidence.LIKELY,
        doubt="whether the base image has package lists is not known",
        stage=stage.key,
        key=call.manager,
        severity=None if known else Severity.WARNING,
        fix=fix,
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
