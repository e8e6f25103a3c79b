"""See copy_from_missing_path.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    CopySource,
    DockerfileChange,
    Fix,
    Problem,
    Run,
    Severity,
    Stage,
    once,
    quote,
    replace,
    rule,
)
from rules.copying.context.recipes import runs_recipes
from rules.copying.installs.left_members import left_member
from rules.copying.outputs.bundlers import moved_output, other_output
from rules.copying.outputs.cached import mount_around
from rules.copying.outputs.gradle import renamed_archive
from rules.copying.outputs.maven import other_archive
from rules.copying.outputs.mix import of_mix
from rules.copying.outputs.next_standalone import no_standalone
from rules.copying.python.missing_environment import other_environment
from rules.copying.python.uv_homes import unmade_home
from rules.copying.stages.disputed_places import is_disputed
from rules.copying.stages.gone_paths import Gone, gone, moved_program
from rules.copying.stages.mounts import mounted_stages
from rules.copying.stages.unmade_paths import can_have, holds_sources, is_left_out, is_open, is_unmade, made

_IN_CACHE = (
    "no layer holds what is written into a cache. The build stops here. Copy it to a folder outside the cache at the "
    "end of that `RUN`, and take it from there."
)
_IN_BIND = (
    "a bind mount is read-only, or, with `rw`, keeps nothing. The build stops there, or here. Have that `RUN` write it "
    "outside the folder, and take it from there."
)
_MOUNTS = {"cache": ("cache", _IN_CACHE), "bind": ("folder", _IN_BIND)}
"""Mounts that no layer holds (Dockerfile reference, "RUN --mount"): what a message calls them, and what follows."""


@rule(
    "copy-from-missing-path",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY", "RUN"),
    mentions=("--from", "from="),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A file is copied out of a stage that cannot have it at that path."""
    for stage in change.stages:
        for copy in stage.copies:
            builder = copy.from_stage
            if builder is None or copy.deferred or not is_known(builder) or _copies_from_below(builder):
                continue
            for source in copy.sources:
                problem = _check(change, stage, copy, builder, source)
                if problem is not None:
                    yield problem
        yield from _mounted(stage)


def _mounted(stage: Stage) -> Iterator[Problem]:
    """What RUNs mount out of other stages: the builder looks for it there as for what is copied."""
    for run, mount, builder in mounted_stages(stage):
        source = mount.options.get("source", "")
        if not source.startswith("/") or "$" in source:
            continue
        path = posixpath.normpath(source)
        if path == "/" or not is_known(builder) or _copies_from_below(builder):
            continue
        reason = gone(builder, path) or _unmade(builder, path)
        if reason is not None:
            way_out = (
                f"Mount {quote(reason.new)}." if reason.new is not None else "Mount it from where that stage has it."
            )
            yield Problem(
                mount.flag.span,
                f"{stage.label} mounts {quote(source)} out of {builder.label}. {reason.why} The build stops here. "
                f"{reason.cure or way_out}",
                Confidence.LIKELY,
                doubt="a command of that stage may make it without naming it",
                instruction=run.instruction,
                stage=stage.key,
                key=path,
            )


def is_known(builder: Stage) -> bool:
    """Whether we know what the base brings at its root: a system's folders, and no application's."""
    if builder.root.is_scratch:
        return bool(builder.done_runs or builder.all_copies)  # of an empty one, `copy-from-empty-scratch` speaks
    facts = builder.facts
    return facts is not None and facts.is_plain and not facts.windows and not facts.onbuild


@once
def _copies_from_below(builder: Stage) -> bool:
    """Whether the build stops in the stage itself, which asks for one further down: other rules speak of that."""
    below = {stage.name for stage in builder.model.stages[builder.index :]}
    return any(copy.from_stage is None and (copy.from_text or "").lower() in below for copy in builder.copies)


def _check(change: DockerfileChange, stage: Stage, copy: Copy, builder: Stage, source: CopySource) -> Problem | None:
    path = copy.source_path(source)
    if path is None or path == "/" or "$" in source.word.text:
        return None
    mount = mount_around(builder, path)
    if mount is not None:
        return _in_mount(stage, copy, builder, source, path, *mount)
    reason = (
        gone(builder, path)
        or moved_output(change, builder, path)
        or other_output(change, builder, path)
        or moved_program(change, builder, path)
        or other_archive(change, builder, path)
        or renamed_archive(change, builder, path)
        or no_standalone(change, builder, path)
        or of_mix(change, builder, path)
        or _left_out(change, builder, path)
    )
    if reason is None and source.word.text.startswith("/"):
        reason = unmade_home(change, builder, path) or _unmade(builder, path) or other_environment(builder, path)
    if reason is not None:
        return _problem(change, stage, copy, builder, source, path, reason)
    return _from_the_root(change, stage, copy, builder, source, path)


_MANIFESTS = frozenset("package.json composer.json pyproject.toml Cargo.toml go.mod pom.xml Gemfile".split())
"""Files that lie in a project and that no build of it makes."""


def _left_out(change: DockerfileChange, builder: Stage, path: str) -> Gone | None:
    """Tell of the manifest of a part of a monorepo that the builder leaves out, though it copies those beside it."""
    name = posixpath.basename(path)
    left = left_member(builder, path) if name in _MANIFESTS else None
    if left is None or posixpath.dirname(path) != left.folder:
        return None
    here = change.repository.in_context(change.path, posixpath.join(left.source, name))
    if here is None or not change.repository.exists(here):
        return None
    why = f"{builder.label} copies what lies beside {quote(left.folder)} one by one, and not that."
    return Gone(why, cure=f"Copy {quote(left.source)} there too.")


def _unmade(builder: Stage, path: str) -> Gone | None:
    """Tell why a builder does not have a path that nothing in it makes, if its lines say so."""
    if not is_unmade(builder, path) and (is_open(path) or not _is_left_bare(builder, path)):
        return None
    why, new = f"Nothing in {builder.label} puts or makes anything there.", _nearest(builder, path)
    if new is not None and is_disputed(builder, path, new):
        folder = quote(posixpath.dirname(new))
        return Gone(why, cure=f"It lands in {folder}: let both name the folder that is meant.")
    return Gone(why, new or made(builder, path))


def _is_left_bare(builder: Stage, path: str) -> bool:
    """Whether what is copied leaves a path out, or neither the base nor a recipe can have made its first folder."""
    return is_left_out(builder, path) or not (can_have(builder, path.split("/")[1]) or runs_recipes(builder))


def _from_the_root(
    change: DockerfileChange, stage: Stage, copy: Copy, builder: Stage, source: CopySource, path: str
) -> Problem | None:
    """A relative source that is meant to lie in the folder that the builder works in."""
    if source.word.text.startswith("/") or is_open(path):
        return None
    folder = builder.image.workdir.value
    known = not can_have(builder, path.split("/")[1]) or is_left_out(builder, path)
    if not known or folder is None or folder == "/":
        return None
    inside = posixpath.join(folder, path.lstrip("/"))
    why = (
        "With `--from` a source is looked for from the root, not from the `WORKDIR` of the stage: this is "
        f"{quote(path)}, which nothing there makes."
    )
    return _problem(change, stage, copy, builder, source, path, Gone(why, inside))


def _in_mount(
    stage: Stage, copy: Copy, builder: Stage, source: CopySource, path: str, run: Run, kind: str, target: str
) -> Problem:
    what, effect = _MOUNTS[kind]
    return Problem(
        source.word.span,
        f"{stage.label} copies {quote(source.word.text)} out of {builder.label}. It lies in the {what} that the `RUN` "
        f"at line {run.instruction.line} mounts at {quote(target)}, and {effect}",
        Confidence.LIKELY,
        doubt="the context or the base image may bring a file of that name",
        instruction=copy.instruction,
        stage=stage.key,
        key=path,
    )


def _problem(
    change: DockerfileChange, stage: Stage, copy: Copy, builder: Stage, source: CopySource, path: str, reason: Gone
) -> Problem:
    why, new, cure = reason
    way_out = f"Write {quote(new)}." if new is not None else cure or "Copy it from where that stage has it."
    return Problem(
        source.word.span,
        f"{stage.label} copies {quote(source.word.text)} out of {builder.label}. {why} The build stops here. {way_out}",
        Confidence.LIKELY,
        doubt="a command of that stage may make it without naming it",
        decision=f"{builder.key} {why}" if new is None and not cure else "",
        instruction=copy.instruction,
        stage=stage.key,
        key=path,
        fix=_fix(change, copy, source, new) if new is not None else None,
    )


def _fix(change: DockerfileChange, copy: Copy, source: CopySource, new: str) -> Fix | None:
    if copy.instruction.exec_form is not None or source.word.text.startswith(("'", '"')):
        return None
    text = f"{new}/" if source.word.text.endswith("/") else new
    return Fix("Copy it from where it is", (replace(change.source, source.word.span, text),))


def _nearest(builder: Stage, path: str) -> str | None:
    """Return the only path of the same name that an instruction of the builder puts."""
    name = posixpath.basename(path)
    puts = [put for put in builder.files.puts if posixpath.basename(put.path) == name and not holds_sources(put)]
    found = {put.path for put in puts if put.kind != "workdir"}
    return found.pop() if len(found) == 1 else None
