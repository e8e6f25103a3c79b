"""See package_not_in_release.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Package,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    delete_word,
    dropped,
    fix,
    once,
    outcome_of_failure,
    quote,
    replace,
    rule,
)
from rules.facts.distributions import release_title, title_of
from rules.facts.moving import by_now
from rules.packages.indexes.sources import has_other_sources, may_come_from_elsewhere
from rules.packages.pins.release_pins import Pins, stale_pins
from rules.packages.scripts import may_be_script
from rules.packages.versions.missing_names import Missing, is_other_library, say_why, without_repositories
from rules.quoting import listed

_WORDS_OF_APT = "“has no installation candidate” or “unable to locate package”"
_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*[a-z0-9]")

_ANOTHER_SOURCE = {
    "apt": ("-t", "--target-release", "--default-release", "--ignore-missing"),
    "apk": ("--repository", "-X"),
}
"""Options by which another release is asked, or what is missing is passed over; apk's `-t` names a group."""


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
        if call.manager not in ("apt", "apk") or call.action != "install" or facts is None or not facts.is_plain:
            continue
        if _may_fail(run, call) or may_come_from_elsewhere(stage, run, call) or _follows_a_script(stage, run, call):
            continue
        # a version may be the same in two releases: it is asked about in files alone that only have the one source
        pins = stale_pins(change, stage, call) if not has_other_sources(stage) else None
        if pins is not None:
            yield _of_pins(stage, run, pins)
        for missing in _missing(stage, call):
            yield _problem(change, stage, run, call, missing)


def _missing(stage: Stage, call: PackageCall) -> Iterator[list[Missing]]:
    """Yield what an install asks for in vain, together what has one way out: what has an heir, and what has none."""
    facts = stage.facts
    assert facts is not None, "the caller looked"
    found = []
    for package in call.packages:
        if package.word.value != package.name or not _PLAIN_NAME.fullmatch(package.name):
            continue  # a version, a release, a pattern
        gone = dropped(package.name, facts.distro, stage.runtime.release)
        if gone is not None and not (gone.command and _begins_a_command(call, package)):
            literal = stage.model.source.cut(package.word.span) == package.name
            found.append(Missing(package, gone, literal))
    for kind in sorted({_kind(one) for one in found}):
        yield [one for one in found if _kind(one) == kind]


def _begins_a_command(call: PackageCall, package: Package) -> bool:
    """Whether what follows a command's name is meant for it, and an operator in front was forgotten: a path, `-rf`."""
    behind = [word.value for word in call.command.args if word.start > package.word.span.start]
    return any("/" in word for word in behind) or (bool(behind) and behind[0].startswith("-"))


def _kind(one: Missing) -> tuple[bool, ...]:
    gone = one.gone
    names = gone.command, gone.there, gone.virtual, bool(gone.home), gone.instead is None, gone.beside is not None
    return *names, not one.literal


def _may_fail(run: Run, call: PackageCall) -> bool:
    """Whether the build goes on without the package, or another release is asked."""
    command = call.command
    caught = outcome_of_failure(run, command) == "caught"
    return command.conditional or caught or call.has(*_ANOTHER_SOURCE[call.manager])


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
    system, here = title_of(stage.facts.distro or ""), _system(stage)
    first, others = pins.packages[0], len(pins.packages) - 1
    named = quote(first.name + (first.version or "")) + (f" and {others} more" if others else "")
    if pins.named:
        origin = f"{'they belong' if others else 'it belongs'} to {system} {pins.release}"
    else:
        origin = f"{'they were' if others else 'it was'} taken from {system} {pins.release}, which this change leaves"
    stop = "apk says “unable to select packages”" if system == "Alpine" else "apt says “Version … was not found”"
    return Problem(
        first.word.span,
        f"{stage.label} asks for {named}, and {quote(stage.root.base_text or '')} is "
        f"{by_now(stage.facts)}{here}: {origin}. A release has one version of a package, so that {stop} and the build "
        f"stops. Name what {here} has{_loosely(system, first)}.",
        Confidence.LIKELY,
        doubt="both releases may have the very same version",
        instruction=run.instruction,
        stage=stage.key,
        key=f"pins of {pins.release}",
        severity=None if pins.named else Severity.WARNING,
    )


def _loosely(system: str, package: Package) -> str:
    """Say how a version goes on where the mirror keeps one revision: `~` takes what begins so (apk-world(5))."""
    if system != "Alpine":
        return ""
    return f", and no revision: {quote(f'{package.name}~<version>')} takes the next one too"


def _problem(change: DockerfileChange, stage: Stage, run: Run, call: PackageCall, missing: list[Missing]) -> Problem:
    facts = stage.facts
    assert facts is not None, "the caller looked"
    names = tuple(one.package.name for one in missing)
    fresh = set(change.fresh("package-not-in-release", stage, names))
    told = [one for one in missing if one.package.name in fresh]
    literal = told[0].literal
    why, way_out = say_why(told)
    way_out = without_repositories(change, told) or way_out
    return Problem(
        told[0].package.word.span,
        f"{stage.label} installs {listed([quote(one.package.name) for one in told])}, and "
        f"{quote(stage.root.base_text or '')} is {by_now(facts)}{_system(stage)}{why}. {_end(stage, run, call)} "
        f"{way_out}",
        Confidence.CERTAIN if facts.kind == "os" and literal else Confidence.LIKELY,
        doubt="the base image may bring sources of its own" if literal else "a build argument may name another package",
        instruction=run.instruction,
        stage=stage.key,
        items=names,
        fix=_fix(stage, run, call, told),
    )


def _end(stage: Stage, run: Run, call: PackageCall) -> str:
    """Say what becomes of the build."""
    assert stage.facts is not None, "the caller looked"
    words = "“no such package”" if stage.facts.distro == "alpine" else _WORDS_OF_APT
    if outcome_of_failure(run, call.command) == "stops":
        return f"The build stops with {words}."
    return f"The install stops with {words}, and the build goes on without all that it asks for."


def _system(stage: Stage) -> str:
    assert stage.facts is not None, "the caller looked"
    return release_title(stage.facts.distro or "", stage.runtime.release)


def _fix(stage: Stage, run: Run, call: PackageCall, told: list[Missing]) -> Fix | None:
    """Put each package's heir in its place, also where it is removed again: apt stops at an unknown name."""
    if not told[0].literal or told[0].gone.instead is None:
        return None
    source = run.instruction.source
    heirs = {one.package.name: one.gone.instead for one in told if one.gone.instead is not None}
    if any(is_other_library(old, new) for old, new in heirs.items()):
        return None  # the build would go through, and the program that is linked with it stop
    removals = (call for other in stage.runs for call in other.package_calls if call.action == "remove")
    gone = [package for call in removals for package in call.packages if package.name in heirs]
    if any(source.cut(package.word.span) != package.name for package in gone):
        return None
    packages = (*(one.package for one in told), *gone)
    if told[0].gone.there:
        return _left_out(run, packages)
    named, edits = {package.name for package in call.packages}, []
    for package in packages:
        heir = heirs[package.name]
        twice = package in call.packages and heir in named
        edits.append(delete_word(source, package.word.span) if twice else replace(source, package.word.span, heir))
        named.add(heir)
    return fix(f"Install {listed(list(dict.fromkeys(heirs.values())))}", *edits)


def _left_out(run: Run, packages: tuple[Package, ...]) -> Fix | None:
    """Leave names out, where a package is left in each call."""
    words = {package.word.span for package in packages}
    if any(words >= {package.word.span for package in call.packages} for call in run.package_calls if call.packages):
        return None
    edits = [delete_word(run.instruction.source, package.word.span) for package in packages]
    return fix("Leave out what the image has", *edits)
