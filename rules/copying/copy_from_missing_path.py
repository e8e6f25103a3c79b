"""See copy_from_missing_path.md."""

import posixpath
import re
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
    Step,
    once,
    quote,
    replace,
    rule,
    within,
)
from rules.copying.cached_outputs import mount_around
from rules.copying.gone_paths import Gone, gone
from rules.copying.recipes import runs_recipes

_SYSTEM = frozenset(
    "bin boot data dev etc home lib lib32 lib64 libexec media mnt nix opt proc root run sbin srv sys tmp usr "
    "var".split()
)
"""Folders at the root that a system has: what lies there an image may bring."""

_PLAIN = frozenset(
    ": [ addgroup adduser apk apt apt-get chgrp chmod chown dnf echo exit false groupadd install ln ls microdnf mkdir "
    "printf rm set test touch true useradd yum".split()
)
"""Commands that make no file or folder of the project but what they name."""

_OPEN_START = re.compile(r"(?<![^\s=:\"'])\$\{?\w+\}?/")
"""A path whose first folder is a variable's."""

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
    keywords=("COPY",),
    mentions=("--from",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A file is copied out of a stage that cannot have it at that path."""
    for stage in change.stages:
        for copy in stage.copies:
            builder = copy.from_stage
            if builder is None or copy.deferred or not _is_known(builder) or _copies_from_below(builder):
                continue
            for source in copy.sources:
                problem = _check(change, stage, copy, builder, source)
                if problem is not None:
                    yield problem


def _is_known(builder: Stage) -> bool:
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
    reason = gone(builder, path)
    if reason is not None:
        return _problem(change, stage, copy, builder, source, path, reason=reason)
    top = path.split("/")[1]
    open_name = top in _SYSTEM or any(mark in top for mark in "*?[")
    if open_name or (_can_have(builder, top) and not _is_left_out(builder, path)):
        return None
    folder = builder.image.workdir.value
    inside = posixpath.join(folder, path.lstrip("/")) if folder and folder != "/" else None
    relative = not source.word.text.startswith("/")
    if (relative and inside is None) or (not relative and runs_recipes(builder)):
        return None
    return _problem(change, stage, copy, builder, source, path, inside=inside if relative else None)


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


def _can_have(builder: Stage, top: str) -> bool:
    """Whether an instruction of the builder's chain puts something there, works there, or speaks of it."""
    known = _answers(builder)
    if top not in known:
        known[top] = _is_touched(builder, top)
    return known[top]


@once
def _answers(builder: Stage) -> dict[str, bool]:  # noqa: ARG001 - filled in folder by folder
    return {}


def _is_left_out(builder: Stage, path: str) -> bool:
    """Whether a stage that runs nothing which makes files unseen puts none at a path, above it as a tree, or below."""
    if any(mark in path for mark in "*?[") or not _runs_only_plain(builder):
        return False
    if builder.image.onbuild or _is_of_image(builder, path.split("/")[1]):
        return False
    if any(isinstance(step, Copy) and step.destination is None for step in builder.done_steps):
        return False
    if any(put.kind != "workdir" for put in builder.files.covering(path)):
        return False
    top, name = path.split("/")[1], posixpath.basename(path)
    return not any(top in str(run) and name in str(run) for run in builder.done_runs)


@once
def _runs_only_plain(builder: Stage) -> bool:
    """Whether every command of the chain writes what it names, or to the system's own folders."""
    readable = not builder.files.has_unreadable_run and not any(run.instruction.heredocs for run in builder.done_runs)
    return readable and all(
        command.name in _PLAIN and "$" not in str(command) for run in builder.done_runs for command in run.commands
    )


def _is_touched(builder: Stage, top: str) -> bool:
    root = f"/{top}"
    if any(
        within(put.path, root) or within(root, put.path)
        for put in builder.files.puts
        if put.kind != "workdir" or put.path != "/"
    ):
        return True
    if any(_works_in(step, root) for step in builder.done_steps):
        return True
    if builder.files.has_unreadable_run or builder.image.onbuild or _is_of_image(builder, top):
        return True
    if _writes_anywhere(builder):
        return True
    spoken = re.compile(rf"(?<![\w.-]){re.escape(root)}(?![\w-])")
    return any(_may_speak(step) and spoken.search(step.instruction.whole_value) for step in builder.done_steps) or any(
        root in heredoc.body for step in builder.done_steps for heredoc in step.instruction.heredocs
    )


@once
def _writes_anywhere(builder: Stage) -> bool:
    """Whether a RUN has a path whose first folder is left to the build."""
    return any(run.scope.left_to_build(text) for run in builder.done_runs for text in _OPEN_START.findall(str(run)))


def _is_of_image(builder: Stage, top: str) -> bool:
    """Whether the image has it at the root: the folder that it works in, its start script, the shell for debugging."""
    facts = builder.facts
    if facts is None:
        return False
    reference = builder.root.reference
    debug = reference is not None and "debug" in (reference.tag or "")
    return within(facts.workdir or "/", f"/{top}") or "entrypoint" in top or (debug and top == "busybox")


def _may_speak(step: Step) -> bool:
    """Whether naming a folder may make it: a COPY whose destination is known names others' folders besides."""
    return not isinstance(step, Copy) or step.destination is None


def _works_in(step: Step, root: str) -> bool:
    """Whether a step runs in a folder, or in the root, from where it may make the folder."""
    folder = step.workdir.value
    if folder is None or within(folder, root):
        return True
    return folder == "/" and step.instruction.keyword in ("RUN", "COPY", "ADD") and _may_speak(step)


def _problem(
    change: DockerfileChange,
    stage: Stage,
    copy: Copy,
    builder: Stage,
    source: CopySource,
    path: str,
    *,
    inside: str | None = None,
    reason: Gone | None = None,
) -> Problem:
    why, new = (reason.why, reason.new) if reason is not None else _why(builder, path, inside)
    cure = reason.cure if reason is not None else ""
    way_out = f"Write {quote(new)}." if new is not None else cure or "Copy it from where that stage has it."
    return Problem(
        source.word.span,
        f"{stage.label} copies {quote(source.word.text)} out of {builder.label}. {why} The build stops here. {way_out}",
        Confidence.LIKELY,
        doubt="a command of that stage may make it without naming it",
        instruction=copy.instruction,
        stage=stage.key,
        key=path,
        fix=_fix(change, copy, source, new) if new is not None else None,
    )


def _why(builder: Stage, path: str, inside: str | None) -> tuple[str, str | None]:
    """Say why the path is not there, and return what was meant, where that is known."""
    if inside is not None:
        return (
            "With `--from` a source is looked for from the root, not from the `WORKDIR` of the stage: this is "
            f"{quote(path)}, which nothing there makes."
        ), inside
    return f"Nothing in {builder.label} puts or makes anything there.", _nearest(builder, path)


def _fix(change: DockerfileChange, copy: Copy, source: CopySource, new: str) -> Fix | None:
    if copy.instruction.exec_form is not None or source.word.text.startswith(("'", '"')):
        return None
    text = f"{new}/" if source.word.text.endswith("/") else new
    return Fix("Copy it from where it is", (replace(change.source, source.word.span, text),))


def _nearest(builder: Stage, path: str) -> str | None:
    """Return the only path of the same name that an instruction of the builder puts."""
    name = posixpath.basename(path)
    found = {put.path for put in builder.files.puts if posixpath.basename(put.path) == name and put.kind != "workdir"}
    return found.pop() if len(found) == 1 else None
