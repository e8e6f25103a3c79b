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
        moved = stage.root.base_text != was.root.base_text and not _fetches(stage)
        for run in stage.runs:
            call = _without_lists(run, conditional=moved)
            if call is not None and (_had_lists(was, call) or (moved and _fetches(was))):
                yield _problem(stage, run, call)
                break


def _fetches(stage: Stage) -> bool:
    """Whether anything in the stage fetches lists."""
    calls = (call for run in stage.all_runs for call in run.package_calls)
    return any(call.manager == "apt" and (call.action == "update" or call.has("--update")) for call in calls)


def _without_lists(run: Run, *, conditional: bool = False) -> PackageCall | None:
    """Return the first install of a RUN that finds no lists: none fetched before it, or all removed again.

    Args:
        run: The RUN.
        conditional: Whether an install under a condition counts.
    """
    fetched = False
    for other in run.stage.all_runs:
        for call in other.package_calls:
            if call.manager != "apt":
                continue
            if call.action in ("update", "upgrade") or call.has("--update"):
                fetched = True
            elif other is run and _needs_lists(call) and not fetched and (conditional or not call.command.conditional):
                return None if run.is_mounted(_LISTS) or _may_fetch(run, call) else call
        if other is run:
            return None
        fetched = fetched and not any(c.manager == "apt" and c.what == "lists" for c in other.cleanings)
    return None


def _needs_lists(call: PackageCall) -> bool:
    return call.action == "install" and any(package.kind in ("name", "variable") for package in call.packages)


def _may_fetch(run: Run, call: PackageCall) -> bool:
    """Whether a script or an unknown command before the install may fetch the lists."""
    for other in run.stage.all_runs:
        if other.script.errors or not other.script.understood:
            return True
        for command in other.commands:
            if other is run and command.start >= call.command.start:
                break
            if command.name.endswith(".sh") or "$" in command.name or command.name in ("bash", "sh", "source", "."):
                return True
        if other is run:
            break
    return False


def _had_lists(was: Stage, install: PackageCall) -> bool:
    """Whether each install found lists before the change."""
    runs = [run for run in was.all_runs if any(call.manager == install.manager for call in run.package_calls)]
    return _fetches(was) and all(_without_lists(run) is None for run in runs if run.stage is was)


def _problem(stage: Stage, run: Run, call: PackageCall) -> Problem:
    known = stage.facts is not None and stage.facts.package_manager == call.manager
    return Problem(
        call.command.span,
        f"{stage.label} no longer runs {quote(_UPDATE)} before {quote(spelled(call))}. {_effect(stage, known=known)}",
        Confidence.CERTAIN if known else Confidence.LIKELY,
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
