"""See package_not_in_release.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Dropped,
    Package,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    dropped,
    fix,
    once,
    quote,
    replace,
    rule,
)
from rules.packages.release_pins import Pins, stale_pins
from rules.packages.scripts import may_be_script
from rules.packages.sources import has_other_sources

_PLAIN_KINDS = frozenset({"os", "runtime", "runtime+toolchain", "sdk"})
_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*[a-z0-9]")


@rule(
    "package-not-in-release",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("apt", "apk"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A package, or the version of it, is installed that the base image's release does not have."""
    for stage, run, call in change.after.layers.all_calls:
        facts = stage.facts
        if (
            call.manager not in ("apt", "apk")
            or call.action != "install"
            or facts is None
            or facts.kind not in _PLAIN_KINDS
        ):
            continue
        if _may_fail(call) or has_other_sources(stage) or _follows_a_script(stage, run, call):
            continue
        pins = stale_pins(change, stage, call)
        if pins is not None:
            yield _of_pins(stage, run, pins)
        for package in call.packages if call.manager == "apt" else ():
            if package.word.value != package.name or not _PLAIN_NAME.fullmatch(package.name):
                continue  # a version, a release, a pattern
            gone = dropped(package.name, facts.distro, stage.runtime.release)
            if gone is not None:
                yield _problem(stage, run, package, gone)


def _may_fail(call: PackageCall) -> bool:
    """Whether the build goes on without the package, or another release is asked."""
    command = call.command
    options = ("-t", "--target-release", "--ignore-missing", "--repository", "-X")
    return command.conditional or command.after == "||" or call.has(*options)


def _follows_a_script(stage: Stage, run: Run, call: PackageCall) -> bool:
    """Whether something that is not read runs before, and may add a source."""
    first = _first_script(stage)
    if first is None or first.at > run.at:
        return False
    return first.at < run.at or any(may_be_script(c) for c in run.commands if c.start < call.command.start)


@once
def _first_script(stage: Stage) -> Run | None:
    return next((run for run in stage.done_runs if _is_opaque(run)), None)


def _is_opaque(run: Run) -> bool:
    return not run.is_read or any(map(may_be_script, run.commands))


def _of_pins(stage: Stage, run: Run, pins: Pins) -> Problem:
    """Speak of exact versions that belong to another release than the base image's."""
    assert stage.facts is not None
    assert stage.runtime.release is not None
    system = (stage.facts.distro or "").capitalize()
    here = f"{system} {stage.runtime.release.number}"
    first, others = pins.packages[0], len(pins.packages) - 1
    named = quote(first.name + (first.version or "")) + (f" and {others} more" if others else "")
    if pins.named:
        origin = f"{'they belong' if others else 'it belongs'} to {system} {pins.release}"
    else:
        origin = f"{'they were' if others else 'it was'} taken from {system} {pins.release}, which this change leaves"
    stop = "apk says “unable to select packages”" if system == "Alpine" else "apt says “Version … was not found”"
    return Problem(
        first.word.span,
        f"{stage.label} asks for {named}, and {quote(stage.root.base_text or '')} is {here}: {origin}. A release has "
        f"one version of a package, so that {stop} and the build stops. Name what {here} has.",
        Confidence.LIKELY,
        doubt="both releases may have the very same version",
        instruction=run.instruction,
        stage=stage.key,
        key=f"pins of {pins.release}",
        severity=None if pins.named else Severity.WARNING,
    )


def _problem(stage: Stage, run: Run, package: Package, gone: Dropped) -> Problem:
    facts = stage.facts
    assert facts is not None
    release = stage.runtime.release
    system = f"{facts.distro.capitalize() if facts.distro else ''} {release.number if release is not None else ''}"
    base = quote(stage.root.base_text or "")
    why = "several packages provide that name there, and apt chooses none" if gone.virtual else "which no longer has it"
    joint = ": " if gone.virtual else ", "
    way_out = f" Install {quote(gone.instead)}." if gone.instead is not None else " Another release or source has it."
    edit = replace(run.instruction.source, package.word.span, gone.instead) if gone.instead is not None else None
    literal = run.instruction.source.cut(package.word.span) == package.name
    return Problem(
        package.word.span,
        f"{stage.label} installs {quote(package.name)}, and {base} is {system}{joint}{why}. The build stops with "
        f"“has no installation candidate” or “unable to locate package”.{way_out}",
        Confidence.CERTAIN if facts.kind == "os" and literal else Confidence.LIKELY,
        doubt="the base image may bring sources of its own" if literal else "a build argument may name another package",
        instruction=run.instruction,
        stage=stage.key,
        key=package.name,
        fix=fix(f"Install {gone.instead}", edit) if edit is not None and literal else None,
    )
