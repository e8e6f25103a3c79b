"""See build_platform_lost.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Build,
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Model,
    Problem,
    Severity,
    Stage,
    insert,
    once,
    quote,
    rule,
)
from rules.copying.outputs.binaries import asks_for_cgo
from rules.copying.outputs.machine_code import is_data
from rules.model.lineage import built_upon

_FOR_TARGET = re.compile(r"\bTARGET(?:ARCH|PLATFORM|OS|VARIANT)\b|\bxx-")

_PAGES = frozenset("dist public static www html assets docs site".split())
"""Folders that front ends are built to."""


@rule(
    "build-platform-lost",
    severity=Severity.INFO,
    category=Category.BUILD_CACHE,
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A builder no longer runs on the platform of the machine that builds, and is emulated for all others."""
    builds = change.repository.builds_of(change.path)
    if change.before is None or (builds and all(_is_for_one(change, build) for build in builds)):
        return
    for stage, was in _images(change):
        if stage.platform is not None or not _is_builder(change.after, stage):
            continue
        if was.reference is None or "BUILDPLATFORM" not in (was.platform or "") or not _is_builder(change.before, was):
            continue
        if _compiles_c(stage) and not _compiles_c(was):
            continue  # which takes a compiler of the platform that the program is for
        if _asks_for_target(was) or _gives_data_only(stage):
            yield _problem(change, stage, was)


def _is_for_one(change: DockerfileChange, build: Build) -> bool:
    """Whether a build is for one platform: it says so, or is a workflow's that names none and takes its runner's."""
    if build.platforms or "/workflows/" not in build.path:
        return build.platforms == 1
    return "platform" not in (change.repository.text(build.path) or "platform")


def _images(change: DockerfileChange) -> Iterator[tuple[Stage, Stage]]:
    """Yield the stages that start from an image, each as it was; of a new one, what is built upon it as that was."""
    seen: set[int] = set()
    for stage in change.stages:
        base, was = stage.root, change.was(stage)
        if base is not stage and change.was(base) is not None:
            continue
        if was is not None and base.reference is not None and base.index not in seen:
            seen.add(base.index)
            yield base, was


def _is_builder(model: Model, stage: Stage) -> bool:
    """Whether a stage only builds for what ships, and runs something for that, or a stage upon it does."""
    only_builds = not stage.layers_ship and stage.index in model.needed_by_shipped
    return only_builds and any(one.runs for one in built_upon(stage))


@once
def _copies_out_of(model: Model) -> dict[int, list[tuple[Stage, Copy]]]:
    """The COPYs by the stage that they copy out of, each with the stage that it stands in."""
    found: dict[int, list[tuple[Stage, Copy]]] = {}
    for stage in model.stages:
        for copy in stage.copies:
            if copy.from_stage is not None:
                found.setdefault(copy.from_stage.index, []).append((stage, copy))
    return found


def _asks_for_target(stage: Stage) -> bool:
    """Whether something goes by the platform that the image is for, which is what the flag is for."""
    return any(_FOR_TARGET.search(step.instruction.text) for one in built_upon(stage) for step in one.steps)


def _compiles_c(stage: Stage) -> bool:
    """Whether Go is told to compile C with it, which it does not do by itself for another platform (cmd/cgo)."""
    return any(map(asks_for_cgo, built_upon(stage)))


def _gives_data_only(stage: Stage) -> bool:
    """Whether all that is copied out of it is the same for every platform: pages, archives, settings."""
    upon = [one.index for one in built_upon(stage)]
    copies = [
        copy for index in upon for taker, copy in _copies_out_of(stage.model).get(index, ()) if taker.index not in upon
    ]
    paths = [copy.source_path(source) or "" for copy in copies for source in copy.sources]
    return bool(paths) and all(is_data(path) or posixpath.basename(path.rstrip("/*.")) in _PAGES for path in paths)


def _problem(change: DockerfileChange, stage: Stage, was: Stage) -> Problem:
    word = stage.base_word
    assert word is not None, "a stage with a reference has a word for it"
    crossing = _asks_for_target(was) and not _asks_for_target(stage)
    way_out = "Keep the flag, and build for `TARGETARCH` as before." if crossing else "Keep the flag."
    again = insert(change.source, word.span.start, "--platform=$BUILDPLATFORM ")
    return Problem(
        word.span,
        f"{stage.label} loses {quote(f'--platform={was.platform}')}: in a build for several platforms it now runs once "
        f"for each, under emulation for all but one, and takes many times as long. {way_out}",
        Confidence.LIKELY,
        doubt="each platform may be built on a machine of its own",
        stage=stage.key,
        key="platform",
        fix=None if crossing else Fix("Put the flag back", (again,)),
    )
