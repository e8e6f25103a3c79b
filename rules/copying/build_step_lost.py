"""See build_step_lost.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    CopySource,
    DockerfileChange,
    Note,
    Problem,
    Severity,
    Stage,
    once,
    quote,
    rule,
    within,
)
from rules.base_image.purpose import compiles
from rules.copying.context.made_outside import is_made_where_images_are_built
from rules.copying.context.origins import origin
from rules.copying.context.recipes import runs_recipes
from rules.copying.installs.lifecycle import builds_by_install
from rules.copying.unseen import builds_anew

_OUTPUTS = frozenset("dist build out target .next .output _build publish release standalone".split())
"""Folders in which the tools of the languages leave what they build."""
_OF_PROGRAMS = frozenset("go make cmake cargo gcc g++".split())
"""Tools that make programs, which projects collect in `bin`."""


@rule(
    "build-step-lost",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("COPY",),
    mentions=("--from",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes away the command that built what another stage copies."""
    lost_builds = {stage.index: _lost_build(change, stage) for stage in change.stages}
    for stage in change.stages if any(lost_builds.values()) else ():
        if stage.index not in change.after.needed_by_shipped:
            continue
        for copy in stage.copies:
            builder = copy.from_stage
            lost = lost_builds[builder.index] if builder is not None and not copy.deferred else None
            if builder is None or lost is None:
                continue
            source = next((one for one in copy.sources if _is_product(change, builder, copy, one, lost)), None)
            if source is not None and _was_copied(change, builder, copy, source):
                yield _problem(stage, builder, copy, source, lost)


def _lost_build(change: DockerfileChange, builder: Stage) -> Command | None:
    """Return the last build of a stage that the change takes away, where nothing in the stage can stand in for it."""
    was = change.was(builder)
    if was is None or was.root.base_text != builder.root.base_text or builder.image.onbuild:
        return None
    if runs_recipes(builder) or builds_anew(builder, was) or any(map(compiles, _commands(builder))):
        return None
    kept = {str(command) for command in _commands(builder)}
    lost = [command for command in _commands(was) if compiles(command) and str(command) not in kept]
    if not lost or len(_copied(builder)) > len(_copied(was)) or builds_by_install(change, builder):
        return None
    return None if _is_run_outside(change, lost[-1]) else lost[-1]


def _is_run_outside(change: DockerfileChange, lost: Command) -> bool:
    """Whether what builds the image runs the command first: the context then brings what it makes."""
    folders = {"", posixpath.dirname(change.path), change.repository.context_of(change.path) or ""}
    return is_made_where_images_are_built(change, re.compile(re.escape(str(lost))), folders)


@once
def _commands(stage: Stage) -> tuple[Command, ...]:
    return tuple(command for run in stage.done_runs for command in run.commands if not command.nested)


def _copied(stage: Stage) -> list[Copy]:
    """What a stage takes from other stages and images, which may have built it."""
    return [copy for copy in stage.all_copies if not copy.from_context]


def _is_product(change: DockerfileChange, builder: Stage, copy: Copy, source: CopySource, lost: Command) -> bool:
    """Whether a source is what a build makes, and nothing in the builder brings it: it may at most lie in the context.

    `public` or `entrypoint.sh` is of the project.
    """
    path = copy.source_path(source)
    if path is None or path == "/" or "$" in source.word.text:
        return False
    named = posixpath.basename(path) in re.split(r"[\s/=\"']", str(lost))
    programs = lost.name in _OF_PROGRAMS and "bin" in path.split("/")
    if not named and not programs and _OUTPUTS.isdisjoint(path.split("/")):
        return False
    for put in builder.files.covering(path):
        is_named = put.path == path or within(put.path, path)
        if not put.makes_folder and (is_named or put.kind != "context"):
            return False
    folders = {step.workdir.value for step in builder.done_steps} - {"/", None}
    if path in folders or any(within(folder or "", path) for folder in folders):
        return False
    places = origin(builder, path).paths
    there = [place for place in places if change.repository.exists(posixpath.normpath(place)) is True]
    return not there and (named or bool(places) or any(within(path, folder or "") for folder in folders))


def _was_copied(change: DockerfileChange, builder: Stage, copy: Copy, source: CopySource) -> bool:
    """Whether the same path was taken out of the same stage before."""
    was = change.was(builder)
    return was is not None and any(
        other.from_stage is was and other.source_path(one) == copy.source_path(source)
        for stage in was.model.stages
        for other in stage.copies
        for one in other.sources
    )


def _problem(stage: Stage, builder: Stage, copy: Copy, source: CopySource, lost: Command) -> Problem:
    path = quote(copy.source_path(source) or "")
    return Problem(
        source.word.span,
        f"{stage.label} copies {path} out of {builder.label}, and this change takes away {quote(str(lost), 80)} there. "
        "No other step of that stage builds anything, so nothing makes it any more and the build stops here, or an "
        "old copy of it in the context goes into the image. Run the build again, or copy it from where it is built.",
        Confidence.LIKELY,
        doubt="the context may bring it, built outside",
        instruction=copy.instruction,
        stage=stage.key,
        key=path,
        decision=f"{builder.key} {lost}",
        notes=(Note(lost.span, "built here before", before=True),),
    )
