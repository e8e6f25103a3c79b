"""See library_lost.md."""

from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Installed,
    Note,
    Problem,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.copying.outputs.machine_code import machine_code, may_hold_modules
from rules.packages.dotnet_cultures import missing_icu
from rules.packages.libraries.known_requirements import links_nothing
from rules.packages.libraries.linked import copied_from, copies_libraries, libraries_of
from rules.packages.libraries.loaded import names_requirements, need_of
from rules.packages.libraries.removed import Removed, removed_libraries
from rules.packages.scripts import install_of
from rules.quoting import listed


class Lost(NamedTuple):
    """A library that an image had by way of its headers.

    Attributes:
        headers: The package of headers, as it was installed.
        libraries: What is needed of it when the program runs.
        builder: The stage that is built with the headers now.
    """

    headers: Installed
    libraries: tuple[str, ...]
    builder: Stage


@rule(
    "library-lost",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    compares=True,
    keywords=("COPY", "RUN", "ENV"),
    mentions=("-dev", "globalization_invariant"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The image that ships lacks a library that it had, or that what is built for it is linked with."""
    for stage, was in change.shipped():
        facts = stage.facts
        cultures = missing_icu(stage)
        if cultures is not None and (was is None or missing_icu(was) is None):
            yield cultures
        if was is None or facts is None or facts.full or stage.runtime.distribution != was.runtime.distribution:
            continue
        if stage.files.has_unreadable_run or any("$" in item.name for item in stage.packages.present):
            continue
        if copies_libraries(stage):
            continue
        lost = [found for item in was.packages.present if (found := _lost(change, stage, item)) is not None]
        if lost:
            yield _problem(change, stage, lost)
        yield from _left_behind(change, stage)
        yield from _removals(change, stage, was)


def _lost(change: DockerfileChange, stage: Stage, item: Installed) -> Lost | None:
    """Return the library of a package of headers that the image had and a builder has now, where nothing brings it."""
    libraries = libraries_of(stage, item)
    if not libraries or stage.packages.has(item.name):
        return None
    builder = next((one for one in copied_from(stage) if one.packages.has(item.name)), None)
    if builder is None or all(links_nothing(change, builder, name) for name in libraries):
        return None
    return Lost(item, libraries, builder)


def _left_behind(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    """Tell of headers that are new in a builder, where the image takes what is compiled and not the library."""
    assert change.before is not None
    before = {item.name for old in change.before.stages for item in old.packages.installed}
    seen = set(before)
    for builder in copied_from(stage):
        copies = [copy for copy in stage.all_copies if copy.from_stage is builder]
        for item in builder.packages.present:
            libraries = libraries_of(stage, item) if item.name not in seen else ()
            seen.add(item.name)
            if not libraries or not before.isdisjoint(libraries):
                continue
            needs = ((name, need_of(change, stage, name)) for name in libraries)
            found = next(((name, need) for name, need in needs if need is not None), None)
            takes = may_hold_modules if found is not None else machine_code
            if any(takes(stage, copy) for copy in copies):
                yield _new_headers(stage, builder, item, libraries, found)


def _removals(change: DockerfileChange, stage: Stage, was: Stage) -> Iterator[Problem]:
    """Tell of libraries that a removal takes along now and did not before: one problem for each removal."""
    known = {one.headers.name for one in removed_libraries(was, lambda item: libraries_of(was, item))}
    found: dict[int, list[Removed]] = {}
    for one in removed_libraries(stage, lambda item: libraries_of(stage, item)):
        had = was.packages.has(one.headers.name, *one.libraries)
        if one.headers.name not in known and (one.product or had) and one.headers.removed_by is not None:
            found.setdefault(one.headers.removed_by.command.start, []).append(one)
    for removed in found.values():
        yield _removal(change, stage, removed)


def _problem(change: DockerfileChange, stage: Stage, lost: list[Lost]) -> Problem:
    libraries = list(dict.fromkeys(name for one in lost for name in one.libraries))
    headers = listed([quote(one.headers.name) for one in lost])
    shown = listed(map(quote, libraries))
    asked = names_requirements(change) and not any(need_of(change, stage, name) for name in libraries)
    install = quote(install_of(stage, libraries))
    what = "libraries" if len(libraries) > 1 else "library"
    return Problem(
        stage.from_.span,
        f"{stage.label} no longer has {shown}, which came with {headers} before this change. "
        f"{lost[0].builder.label} builds with the headers now, and what it builds is linked with the {what}: it stops "
        f"with “cannot open shared object file” when it is loaded. Install what is needed at run time: {install}.",
        Confidence.POSSIBLE if asked else Confidence.LIKELY,
        doubt="what is built may bring its own copy, as some wheels do",
        stage=stage.key,
        key=" ".join(libraries),
        notes=tuple(Note(one.headers.call.command.span, "installed here before", before=True) for one in lost[:1]),
    )


def _new_headers(
    stage: Stage, builder: Stage, headers: Installed, libraries: tuple[str, ...], found: tuple[str, str] | None
) -> Problem:
    """Tell of new headers; what needs the library is named where a list of the project's shows it, else it is asked."""
    shown = listed(map(quote, libraries))
    install = quote(install_of(stage, libraries))
    opening = f"{builder.label} compiles with {quote(headers.name)} from now on, and {stage.label} has no "
    if found is not None:
        message = f"{opening}{quote(found[0])}, {found[1]}. Install what is needed at run time: {install}."
    else:
        message = (
            f"{opening}{shown}. What is linked with {'them' if libraries[1:] else 'it'} stops with “cannot open shared "
            f"object file” when it is loaded. Does the image need {install}?"
        )
    return Problem(
        stage.from_.span,
        message,
        Confidence.LIKELY if found is not None else Confidence.POSSIBLE,
        doubt="what is built may bring its own copy, as some wheels do",
        stage=stage.key,
        key=" ".join(libraries),
        notes=(Note(headers.call.command.span, "installed here"),),
    )


def _removal(change: DockerfileChange, stage: Stage, removed: list[Removed]) -> Problem:
    call = removed[0].headers.removed_by
    assert call is not None
    libraries = list(dict.fromkeys(name for one in removed for name in one.libraries))
    products = list(dict.fromkeys(quote(one.product) for one in removed if one.product))
    install = quote(install_of(stage, libraries))
    what = f"{listed(products)} {'are' if products[1:] else 'is'}" if products else "What is built with them is"
    # upon glibc most of what pip installs is a wheel that brings its own
    known = products or (stage.runtime.distribution == "alpine" and not names_requirements(change))
    known = known or any(need_of(change, stage, name) for name in libraries)
    return Problem(
        call.command.span,
        f"{quote(f'{call.program} {call.verb}')} takes {listed(quote(one.headers.name) for one in removed)} away, and "
        f"with {'them' if removed[1:] else 'it'} {listed(map(quote, libraries))}, which nothing else needs. {what} "
        f"linked with {'them' if libraries[1:] else 'it'} and cannot be loaded any more: “cannot open shared object "
        f"file”. Install what is needed at run time by itself: {install}.",
        Confidence.LIKELY if known else Confidence.POSSIBLE,
        doubt="another package may depend on the library, or what is built bring its own copy, as wheels do",
        stage=stage.key,
        key=" ".join(libraries),
        notes=tuple(Note(one.headers.call.command.span, "installed here") for one in removed[:1]),
    )
