"""See compiler_missing.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Package,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    once,
    quote,
    rule,
)
from rules.base_image.choices import is_given
from rules.facts.brought_along import brings_along
from rules.packages.options import spelled
from rules.packages.pins.asked_packages import ACTIONS, MANAGERS
from rules.packages.pins.python_indexes import takes_public_index
from rules.packages.scripts import runs_script_before
from rules.packages.versions.sources_only import SOURCES_ONLY, sources_asked
from rules.packages.versions.wheels import Older, older_than_wheels

_COMPILERS = frozenset(
    "gcc g++ clang build-essential build-base alpine-sdk gcc-c++ gfortran rust cargo musl-dev libc6-dev python3-dev "
    "python-dev tcc cc".split()
)
"""Packages that are one, or cannot be without: Rust links with the system's own."""
_LISTS = re.compile(r"\.(?:txt|toml|lock|cfg|ini|json|ya?ml)\Z")
_OF_WHEELS = frozenset({"wheel", "wheels", "wheelhouse"})
"""Folders of wheels, which pip looks into where it is told to."""


@rule(
    "compiler-missing",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=tuple(MANAGERS),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A Python package has to be compiled, and the image has no compiler."""
    for stage in change.stages:
        if stage.facts is None or stage.facts.has_tool("gcc") is not False or stage.runtime.is_windows:
            continue
        if is_given(change, stage):
            continue
        for run in stage.runs:
            for call in run.package_calls:
                if call.manager in MANAGERS and call.action in ACTIONS and _compiles(change, run, call):
                    yield from _told(change, stage, run, call)


def _told(change: DockerfileChange, stage: Stage, run: Run, call: PackageCall) -> Iterator[Problem]:
    """Speak of the first package that a call cannot install: the build stops there."""
    name = next(sources_asked(change, run, call), None)
    if name is not None:
        yield _problem(stage, run, call, name)
        return
    old = next(older_than_wheels(change, run, call), None)
    if old is not None:
        yield _of_older(stage, run, call, old)


def _compiles(change: DockerfileChange, run: Run, call: PackageCall) -> bool:
    """Whether a call takes packages from the public index, and nothing before it brought a compiler or the packages."""
    if run.stage.files.has_unreadable_run or not takes_public_index(change, run, call):
        return False
    if runs_script_before(run, call.command.start):
        return False
    first = _first_bringer(run.stage)
    if first is not None and first < (*run.at, call.command.start):
        return False
    return not any(mount.type == "bind" and mount.options.get("from") for mount in run.mounts)


@once
def _first_bringer(stage: Stage) -> tuple[int, int, int] | None:
    """Return the place of the first step that brings a compiler, or files of another stage or image, into a chain."""
    named = any(package.kind == "path" for _, call in stage.packages.calls for package in call.packages)
    copies = (copy for copy in stage.all_copies if not copy.from_context)
    found = [(*copy.at, 0) for copy in copies if not _brings_none(copy, named=named)]
    for run, call in stage.packages.calls:
        if any(package.kind == "path" for package in call.packages):
            found.append((*run.at, call.command.start))  # a wheel may hold what is asked for below
        if call.manager in ("conda", "mamba") or call.verb == "build-dep" or _brings_compiler(stage, call):
            found.append((*run.at, call.command.start))
            break
    return min(found, default=None)


def _brings_none(copy: Copy, *, named: bool) -> bool:
    """Whether a COPY brings neither a compiler nor installed packages: uv alone, lists, wheels to be installed by name.

    Of wheels that no call names it is not known who takes them: settings may tell pip where they lie.
    """
    names = [posixpath.basename((source.path or "").rstrip("/")) for source in copy.sources]
    return all(
        name in ("uv", "uvx") or _LISTS.search(name) is not None or (named and name in _OF_WHEELS) for name in names
    )


def _brings_compiler(stage: Stage, call: PackageCall) -> bool:
    """Whether a call installs a compiler: by name, or as what apt's packages need or recommend."""
    release = stage.facts.release if stage.facts is not None else None
    return any(
        _is_compiler(package) or (call.manager == "apt" and brings_along(call, package.name, "gcc", release))
        for package in call.packages
    )


def _is_compiler(package: Package) -> bool:
    name = package.name
    return name in _COMPILERS or "$" in name or name.startswith(("gcc-", "clang-", "@"))


def _problem(stage: Stage, run: Run, call: PackageCall, name: str) -> Problem:
    alpine = stage.runtime.distribution == "alpine"
    headers = SOURCES_ONLY[name][alpine]
    tools = f"{'build-base' if alpine else 'build-essential'} {headers}".strip()
    binary = f", or take {quote('psycopg2-binary')}" if name == "psycopg2" else ""
    return Problem(
        call.command.span,
        f"{quote(spelled(call))} has to compile {quote(name)}, which has no wheel for Linux, and {stage.label} has no "
        f"compiler: {quote(stage.root.base_text or '')} comes without, and nothing installs one. The build stops here. "
        f"Install {quote(tools)} before, best in a stage that does not ship{binary}.",
        Confidence.LIKELY,
        doubt="the package index in use may have a wheel",
        instruction=run.instruction,
        stage=stage.key,
        key=name,
    )


def _of_older(stage: Stage, run: Run, call: PackageCall, old: Older) -> Problem:
    return Problem(
        call.command.span,
        f"{quote(spelled(call))} finds no wheel of {quote(old.asked)} for Python {old.line}: the first is that of "
        f"{old.first}, and {stage.label} has no compiler to build one from its sources. The build stops here. Ask for "
        f"{old.first} or later, or stay with a Python that the release was made for.",
        Confidence.LIKELY,
        doubt="the package index in use may have a wheel",
        instruction=run.instruction,
        stage=stage.key,
        key=old.name,
    )
