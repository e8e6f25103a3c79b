"""See libc_mismatch.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Problem,
    Severity,
    Stage,
    Step,
    folders_of,
    once,
    quote,
    rule,
    within,
)
from rules.copying.outputs.binaries import brings_libraries, is_empty_base, is_static, program_of
from rules.copying.outputs.c_prefixes import installed_prefix
from rules.copying.outputs.carried_runtimes import runtimes_taken
from rules.copying.python.environments import environments
from rules.copying.python.installs import placed_installs
from rules.copying.python.packages import PACKAGES_FOLDER
from rules.copying.python.wheels import Wheels, wheels_taken
from rules.copying.stages.handing_on import arrivals
from rules.facts.installers import NODE_MANAGERS

_COMPATIBLE = ("gcompat", "libc6-compat", "musl")
_PROGRAM_FOLDERS = ("/usr/bin", "/bin", "/usr/sbin", "/sbin")
_STATIC_PACKAGES = frozenset({"busybox-static", "tini-static", "dumb-init", "su-exec", "gosu"})
_SYSTEM_MANAGERS = frozenset({"apk", "apt", "dnf", "yum", "microdnf"})
_INTERPRETERS = {
    "node": ("/usr/local/bin/node",),
    "python": ("/usr/local/bin/python", "/usr/local/bin/python3"),
    "ruby": ("/usr/local/bin/ruby",),
    "php": ("/usr/local/bin/php",),
}
"""Where the official images have their interpreter, which is linked with the C library of their system."""
_LOADER = re.compile(r"ld-musl|ld-linux|patchelf|musl|gcompat|libc6-compat")

_SAME = "Build and run on the same system"


class _Cargo(NamedTuple):
    """What a COPY brings that is compiled.

    Attributes:
        what: How a message calls it.
        confidence: How sure it is that it is linked with the C library.
        failure: What happens.
        doubt: What is not known, where it is only likely.
        cure: What to do.
    """

    what: str
    confidence: Confidence
    failure: str
    doubt: str = ""
    cure: str = f"{_SAME}, or link statically"


@rule(
    "libc-mismatch",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY", "RUN"),
    mentions=("from=",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Something compiled for one C library is copied into an image with another."""
    for stage in change.stages:
        for copy in stage.copies:
            if copy.from_stage is not None and not copy.deferred:
                yield from _judge(copy, copy.from_stage)
        here = _library(stage)
        for wheels in wheels_taken(stage) if here and not is_empty_base(stage) else ():
            if wheels.builder.runtime.libc not in (None, "", here):
                yield _problem(stage, wheels.step, wheels.builder, _of_wheels(wheels), wheels.verb)


def _library(stage: Stage) -> str | None:
    """Return the C library that a stage has; `None` where that is unknown, or where programs of both run."""
    if stage.packages.has(*_COMPATIBLE):
        return None
    return "no C library" if is_empty_base(stage) else stage.runtime.libc


def _judge(copy: Copy, builder: Stage) -> Iterator[Problem]:
    """Yield what a COPY takes to where it cannot run, be it by way of a stage that only hands it on."""
    there = builder.runtime.libc
    for stage in arrivals(copy) if there else ():
        here = _library(stage)
        cargo = _cargo(stage, copy, builder) if here and here != there else None
        if cargo is not None:
            yield _problem(stage, copy, builder, cargo)
            return


def _cargo(stage: Stage, copy: Copy, builder: Stage) -> _Cargo | None:
    """Return what of a COPY does not work under another C library."""
    if is_empty_base(stage):
        return _program_of_package(stage, copy, builder)
    return (
        _python(copy, builder)
        or _modules(stage, copy, builder)
        or _compiled(copy, builder)
        or _installed(copy, builder)
        or _runtime(copy, stage.runtime.libc or "")
        or _program_of_package(stage, copy, builder)
        or _program_of_image(stage, copy, builder)
    )


def _program_of_image(stage: Stage, copy: Copy, builder: Stage) -> _Cargo | None:
    """The interpreter that the builder's official image is there for."""
    name = builder.facts.name if builder.facts is not None else ""
    if name not in _INTERPRETERS or any(_LOADER.search(step.instruction.text) for step in stage.all_steps):
        return None
    paths = [copy.source_path(source) for source in copy.sources]
    path = next((path for path in paths if path in _INTERPRETERS[name]), None)
    if path is None or not _written(builder).isdisjoint(folders_of(path)):
        return None
    cure = "Take it out of an image of the same system"
    return _Cargo(f"the program {quote(path)}", Confidence.CERTAIN, 'It stops at the start with "not found"', cure=cure)


def _python(copy: Copy, builder: Stage) -> _Cargo | None:
    for source in copy.sources:
        path = copy.source_path(source)
        if path is None or path == "/":
            continue
        made = [e.path for e in environments(builder) if within(e.path, path)]
        placed = [i.path for i in placed_installs(builder) if within(i.path, path)]
        if made or placed or (PACKAGES_FOLDER.match(path) and path.endswith("-packages")):
            what = "the virtual environment" if made else "the packages"
            failure = "Packages with compiled parts fail at their import"
            return _Cargo(
                f"{what} {quote([*made, *placed, path][0])}",
                Confidence.LIKELY,
                failure,
                "whether the packages have compiled parts is not known",
                _SAME,
            )
    return None


def _of_wheels(wheels: Wheels) -> _Cargo:
    """Wheels that pip made: their names carry the C library, and pip takes none of another."""
    return _Cargo(
        f"the wheels {quote(wheels.path)}",
        Confidence.LIKELY,
        "pip refuses the compiled ones that it fetched, and those that were compiled there fail at their import",
        "whether the packages have compiled parts is not known",
        _SAME,
    )


def _modules(stage: Stage, copy: Copy, builder: Stage) -> _Cargo | None:
    """`node_modules`: only add-ons that are compiled break, and many projects have none."""
    for source in copy.sources:
        path = copy.source_path(source)
        if path is None or posixpath.basename(path) != "node_modules" or "node" not in stage.runtime.languages:
            continue
        if _installs_modules(builder) and not _rebuilds_modules(stage):
            failure = "Modules with compiled parts (`sharp`, `bcrypt`, Prisma's engine) fail when they are loaded"
            return _Cargo(f"{quote(path)}", Confidence.POSSIBLE, failure, cure=_SAME)
    return None


@once
def _rebuilds_modules(stage: Stage) -> bool:
    return any(c.name == "npm" and c.subcommand == "rebuild" for run in stage.runs for c in run.commands)


@once
def _installs_modules(stage: Stage) -> bool:
    managers = {call.manager for run in stage.all_runs for call in run.package_calls}
    return not managers.isdisjoint(NODE_MANAGERS)


def _compiled(copy: Copy, builder: Stage) -> _Cargo | None:
    found = program_of(copy)
    if found is None or is_static(builder, *found):
        return None
    doubt, failure = "how the program is linked is not known", 'It stops at the start with "not found"'
    cure = _SAME if found[1].language in ("bun", "deno") else f"{_SAME}, or link statically"
    return _Cargo(f"the program {quote(found[0])}", Confidence.LIKELY, failure, doubt, cure)


def _installed(copy: Copy, builder: Stage) -> _Cargo | None:
    """What CMake, Meson or a `configure` was told to install into a folder of its own."""
    prefix = installed_prefix(copy, builder)
    if prefix is None:
        return None
    doubt, failure = "how it is linked is not known", 'A program of it stops at the start with "not found"'
    return _Cargo(f"what the build installs into {quote(prefix)}", Confidence.LIKELY, failure, doubt)


def _runtime(copy: Copy, here: str) -> _Cargo | None:
    """What carries the runtime of the image that it was made in."""
    for path, one in runtimes_taken(copy):
        if one.libc not in (None, "", here):
            failure = f'{one.runtime} stops at the start with "not found"'
            return _Cargo(f"{one.what} {quote(path)}", Confidence.LIKELY, failure, one.doubt, _SAME)
    return None


def _program_of_package(stage: Stage, copy: Copy, builder: Stage) -> _Cargo | None:
    """A program that a package of the system installed: it needs the package's libraries."""
    if brings_libraries(stage):
        return None
    for source in copy.sources:
        path = copy.source_path(source)
        if path is None or posixpath.dirname(path) not in _PROGRAM_FOLDERS:
            continue
        name = posixpath.basename(path)
        if name not in _system_packages(builder) or name in _STATIC_PACKAGES:
            continue
        if _written(builder).isdisjoint(folders_of(path)):
            return _Cargo(f"the program {quote(path)}", Confidence.CERTAIN, 'It stops at the start with "not found"')
    return None


@once
def _system_packages(stage: Stage) -> frozenset[str]:
    return frozenset(item.name for item in stage.packages.present if item.manager in _SYSTEM_MANAGERS)


@once
def _written(stage: Stage) -> frozenset[str]:
    return frozenset(put.path.rstrip("/") for put in stage.files.puts if put.kind != "workdir")


def _problem(stage: Stage, step: Step, builder: Stage, cargo: _Cargo, verb: str = "copies") -> Problem:
    has = "has none" if is_empty_base(stage) else f"has {stage.runtime.libc}"
    where = "this image" if stage is step.stage else f"{stage.label}, which takes it from there,"
    return Problem(
        step.instruction.span,
        f"{step.stage.label} {verb} {cargo.what} out of {builder.label}, which has {builder.runtime.libc} as its C "
        f"library; {where} {has}. {cargo.failure}. {cargo.cure}.",
        cargo.confidence,
        doubt=cargo.doubt,
        instruction=step.instruction,
        stage=step.stage.key,
    )
