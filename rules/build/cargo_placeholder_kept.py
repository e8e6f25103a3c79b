"""See cargo_placeholder_kept.md.

Cargo's book ("Build Cache") and its `fingerprint` module say that a source counts as unchanged while it is no newer
than the last build of its package; BuildKit keeps the times that files have in the build context.
"""

import posixpath
import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
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
    within,
    written_by,
)
from rules.build.cargo_programs import is_shipped, names_a_library
from rules.build.placeholder_below_cache import placeholder_below_cache
from rules.model.work_folders import folder_of

_WRITES = frozenset({"echo", "printf", "cat", "tee", "touch"})
_BUILDS = frozenset({"build", "b", "install", "rustc"})
_VALUED = ("--profile", "--target", "--target-dir", "--features", "-F")
_SWITCHES = ("--release", "-r", "--all-features", "--no-default-features")
_RENEWS = ("touch", "fingerprint", "clean", "utime")
"""What the commands speak of that make Cargo look again."""
_VARIABLES = re.compile(r"RUSTFLAGS|CARGO_|RUSTC")
_MOST = 20
"""Placeholders of a stage that are looked at."""


class _Build(NamedTuple):
    """A call of Cargo that builds the project."""

    run: Run
    command: Command


@rule(
    "cargo-placeholder-kept",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("cargo",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Cargo builds an empty program first, and does not notice the real sources."""
    for stage in change.stages:
        for path, build in islice(_placeholders(stage), _MOST):
            copy = _copied_over(stage, build, path)
            below = _below_cache(change, stage, path, build, copy) if copy is not None else None
            if below is not None:
                yield below
                break
            again = _again(stage, build, copy) if copy is not None else None
            library = _has_other_library(change, stage, build, path)
            if copy is None or again is None or library or _is_renewed(stage, path, build, again):
                continue
            absent = _is_brought(change, stage, path, posixpath.basename(path)) is False
            if absent or is_shipped(change, stage, build.run, path) is False:
                continue
            yield _problem(stage, path, build, copy, again, known=library is False)
            break


def _has_other_library(change: DockerfileChange, stage: Stage, build: _Build, path: str) -> bool | None:
    """Whether the package of a placeholder has a library that was none: built anew, it renews the program too.

    Measured with cargo 1.95: with `src/lib.rs` beside it the real `main.rs` is compiled, whatever its time is. `None`
    where the repository's files are not known.
    """
    library = posixpath.join(posixpath.dirname(path), "lib.rs")
    if path == library or any(made == library for run in stage.all_runs for made, _ in _made_up(run)):
        return False
    return True if names_a_library(change, build.run, path) else _is_brought(change, stage, path, "lib.rs")


def _is_brought(change: DockerfileChange, stage: Stage, path: str, name: str) -> bool | None:
    """Whether the repository has a file of that name where the source at a path comes from; `None` where unknown."""
    put = next((one for one in reversed(stage.files.covering(path)) if one.kind == "context"), None)
    context = change.repository.context_of(change.path)
    if put is None or context is None:
        return None
    source = put.source if put.path == path else posixpath.join(put.source, posixpath.relpath(path, put.path or "/"))
    return change.repository.exists(posixpath.normpath(posixpath.join(context, posixpath.dirname(source), name)))


def _placeholders(stage: Stage) -> Iterator[tuple[str, _Build]]:
    """Yield the sources that a RUN makes up, each with the first build on it."""
    builds = _builds(stage)
    for run in stage.all_runs if builds else ():
        for path, start in _made_up(run) if not run.deferred and run.is_read else ():
            at = bisect_right(builds, (run.at, start), key=_place)
            if at < len(builds):
                yield path, builds[at]


def _place(build: _Build) -> tuple[tuple[int, int], int]:
    return build.run.at, build.command.start


def _made_up(run: Run) -> Iterator[tuple[str, int]]:
    """Yield the sources that a RUN writes by itself, with the place of the command."""
    for write in written_by(run):
        if write.path.endswith(".rs") and "/src/" in write.path and write.command.name in _WRITES:
            yield write.path, write.command.start
    for command in run.calls("cargo"):
        folder = folder_of(run, command)
        words = [word.value for word in command.operands(("--name", "--edition", "--vcs"))]
        if folder is not None and words[:1] in (["init"], ["new"]):
            source = "lib.rs" if command.has("--lib") else "main.rs"
            yield posixpath.normpath(posixpath.join(folder, *words[1:2], "src", source)), command.start


@once
def _builds(stage: Stage) -> tuple[_Build, ...]:
    return tuple(
        _Build(run, command)
        for run in stage.all_runs
        for command in (run.calls("cargo") if not run.deferred else ())
        if command.subcommand in _BUILDS and (command.subcommand != "install" or command.option("--path"))
    )


def _copied_over(stage: Stage, build: _Build, path: str) -> Copy | None:
    """Return the first COPY behind a build that brings the real source."""
    for copy in stage.all_copies:
        if copy.at > build.run.at and copy.from_context and not copy.deferred:
            puts = (put for put in stage.files.covering(path) if put.step is copy)
            if any(put.path == path or (put.tree and within(path, put.path)) for put in puts):
                return copy
    return None


def _below_cache(change: DockerfileChange, stage: Stage, path: str, build: _Build, copy: Copy) -> Problem | None:
    """Return the problem of a real build that goes into a cache, where the one on the placeholder went into a layer."""
    last = next((one for one in reversed(_builds(stage)) if one.run.at > copy.at), None)
    if last is None or last.run.stage is not stage:
        return None
    if is_shipped(change, stage, build.run, path) is False:
        return None
    return placeholder_below_cache(change, stage, path, (build.run, build.command), (last.run, last.command))


def _again(stage: Stage, build: _Build, copy: Copy) -> _Build | None:
    """Return the first build behind the COPY, if it is made like the one on the placeholder."""
    again = next((one for one in _builds(stage) if one.run.at > copy.at), None)
    if again is None or again.run.stage is not stage:
        return None  # told of the stage that it stands in
    return again if _likeness(again) == _likeness(build) else None


def _likeness(build: _Build) -> tuple[object, ...]:
    """Return what decides whether Cargo takes up a build: options, variables, where its output lies."""
    options = [build.command.option(name) for name in _VALUED]
    switches = [build.command.has(name) for name in _SWITCHES]
    folders = sorted(mount.target for mount in build.run.mounts if "target" in mount.target)
    variables = sorted((name, word.value) for name, word in build.command.assignments)
    where = folder_of(build.run, build.command)
    return (*options, *switches, *folders, *variables, where)


def _is_renewed(stage: Stage, path: str, build: _Build, again: _Build) -> bool:
    """Whether something makes Cargo build again: new times, output that is deleted, other variables."""
    for step in stage.all_steps:
        if not build.run.at <= step.at <= again.run.at:
            continue
        if not isinstance(step, Run):
            if step.instruction.keyword in ("ENV", "ARG") and _VARIABLES.search(step.instruction.value):
                return True
            continue
        if not step.is_read or any(_renews(command, path) for command in _between(step, build, again)):
            return True
    return False


def _between(run: Run, build: _Build, again: _Build) -> Iterator[Command]:
    """Yield the commands of a RUN behind the one build and in front of the other."""
    return (one for one in run.commands if build.command.start < one.start < again.command.start)


def _renews(command: Command, path: str) -> bool:
    text = str(command)
    if any(word in text for word in _RENEWS) or (command.name in ("rm", "find") and "target" in text):
        return True
    return command.name not in ("rm", "cargo") and posixpath.basename(path) in text


def _problem(stage: Stage, path: str, build: _Build, copy: Copy, again: _Build, *, known: bool) -> Problem:
    command = again.command
    then = "The build goes on with an empty library" if path.endswith("/lib.rs") else "The image ships an empty program"
    return Problem(
        command.span,
        f"{stage.label} builds a placeholder first ({quote(path)}, line {build.command.line}). The real one, which "
        f"{quote(str(copy.instruction))} brings, is older than that build, since a copy keeps the time of the file, so "
        f"Cargo takes it for unchanged and {quote(str(command))} leaves the placeholder in place. {then}. "
        f"Write {quote(f'touch {path}')} before it.",
        Confidence.LIKELY if known else Confidence.POSSIBLE,
        doubt="where the first build comes from an older cache, Cargo sees the difference"
        if known
        else "where the package has a library beside the program, Cargo builds both anew",
        instruction=again.run.instruction,
        stage=stage.key,
        key=path,
        notes=(Note(build.command.span, "the placeholder is built here"),),
        fix=_fix(again, path),
    )


def _fix(again: _Build, path: str) -> Fix | None:
    """Give the source a new time in front of the build, where that is a command of its own."""
    command = again.command
    if command.conditional or command.nested or command.wrappers or command.words[:1] != (command.program,):
        return None
    return fix("Give the source a new time", insert(command.source, command.start, f"touch {path} && "))
