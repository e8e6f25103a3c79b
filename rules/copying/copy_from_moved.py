"""See copy_from_moved.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
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
from rules.copying.context.recipes import runs_recipes
from rules.copying.copy_from_missing_path import is_known
from rules.copying.outputs.binaries import outputs_of

_SYSTEM = ("/usr/", "/lib", "/etc/", "/bin/", "/sbin/", "/var/", "/root/")
"""Folders that a system fills, in which many an image has a file of the same name."""


class _Moved(NamedTuple):
    """A file that is taken from elsewhere than before, to the same place.

    Attributes:
        was: The COPY before the change.
        now: The COPY after it.
        source: What it takes now.
        old: The path it took before.
        new: The path it takes now.
    """

    was: Copy
    now: Copy
    source: CopySource
    old: str
    new: str


@rule(
    "copy-from-moved",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("COPY",),
    mentions=("--from",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes a file out of another stage, or from another path, where nothing makes it."""
    for stage, was in change.compared():
        for moved in _moves(stage, was):
            before, after = moved.was.from_stage, moved.now.from_stage
            if before is None or after is None:
                continue
            same = change.was(after) is before
            if moved.old == moved.new and not same and _is_another_stages(change, before, after, moved.new):
                sure = is_known(after) and not (_works_above(after, moved.new) and runs_recipes(after))
                yield _of_stage(stage, moved, before, after, Confidence.LIKELY if sure else Confidence.POSSIBLE)
            elif moved.old != moved.new and same and _is_unchanged(before, after) and _is_made_there(after, moved):
                yield _of_path(stage, moved, after)


def _moves(stage: Stage, was: Stage) -> Iterator[_Moved]:
    """Yield the single sources that land where another one did, by where they land."""
    then = {_key(copy): copy for copy in was.copies if copy.from_stage is not None and len(copy.sources) == 1}
    for copy in stage.copies:
        old = then.get(_key(copy)) if copy.from_stage is not None and len(copy.sources) == 1 else None
        if old is None or copy.deferred or copy.has_flag("parents"):
            continue
        source, paths = copy.sources[0], (old.source_path(old.sources[0]), copy.source_path(copy.sources[0]))
        if paths[0] and paths[1] and not any(mark in path for path in paths if path for mark in "*?[$"):
            yield _Moved(old, copy, source, paths[0], paths[1])


def _key(copy: Copy) -> tuple[str | None, str]:
    """Where a COPY lands, with the file's name where that is a folder."""
    name = posixpath.basename((copy.sources[0].path or "").rstrip("/")) if copy.sources and copy.into_folder else ""
    return copy.destination, name


def _is_another_stages(change: DockerfileChange, before: Stage, after: Stage, path: str) -> bool:
    """Whether the stage of before makes a path, and the one that is named now has nothing to do with it."""
    heir = next((stage for stage in change.stages if change.was(stage) is before), None)
    if heir is None or heir in after.chain or path == "/" or after.files.has_unreadable_run or after.image.onbuild:
        return False
    makes = _makes(before, path) or (not path.startswith(_SYSTEM) and _has_to_do(before, path))
    return (makes or _works_above(before, path)) and not _has_to_do(after, path)


def _works_above(stage: Stage, path: str) -> bool:
    """Whether a stage works in a folder that a path lies in, below the root."""
    folders = {step.workdir.value or "/" for step in stage.all_steps} - {"/"}
    return any(within(path, folder) for folder in folders)


def _has_to_do(stage: Stage, path: str) -> bool:
    """Whether a stage puts something at a path or above it, or names it."""
    if any(not put.makes_folder or put.path == path for put in stage.files.covering(path)):
        return True
    name = posixpath.basename(path)
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", _code(stage)) is not None


@once
def _code(stage: Stage) -> str:
    return "\n".join(step.instruction.whole_value for step in stage.all_steps)


def _is_unchanged(before: Stage, after: Stage) -> bool:
    texts = [[step.instruction.text for step in stage.all_steps] for stage in (before, after)]
    return texts[0] == texts[1] and before.root.base_text == after.root.base_text


def _is_made_there(builder: Stage, moved: _Moved) -> bool:
    """Whether the stage says that it makes a file at the path of before, and nothing of the one of now."""
    if posixpath.basename(moved.old) != posixpath.basename(moved.new) or within(moved.old, moved.new):
        return False
    return _makes(builder, moved.old) and not _makes(builder, moved.new) and not _is_spoken_of(builder, moved.new)


def _makes(builder: Stage, path: str) -> bool:
    """Whether a compiler, or an instruction, puts a file at a path by its full name."""
    return path in outputs_of(builder) or any(put.path == path and not put.makes_folder for put in builder.files.puts)


def _is_spoken_of(builder: Stage, path: str) -> bool:
    """Whether a step speaks of the folder that a path lies in, or copies a tree there."""
    folder = posixpath.dirname(path)
    if any(within(path, put.path) and put.kind in ("stage", "image") for put in builder.files.puts):
        return True
    return posixpath.basename(folder) in re.split(r"[\s/=\"';&|]+", _code(builder)) or runs_recipes(builder)


def _of_stage(stage: Stage, moved: _Moved, before: Stage, after: Stage, confidence: Confidence) -> Problem:
    then = f"so the build stops here. Copy it out of {before.label}."
    if confidence is Confidence.POSSIBLE:
        then = f"and {before.label} had it. Is it there?"
    return Problem(
        moved.source.word.span,
        f"{stage.label} copies {quote(moved.new)} out of {after.label} now, not out of {before.label}. Nothing in "
        f"{after.label} names it, {then}",
        confidence,
        doubt="a command of that stage may make it without naming it, or its base bring it",
        instruction=moved.now.instruction,
        stage=stage.key,
        key=moved.new,
        severity=Severity.WARNING if confidence is Confidence.POSSIBLE else None,
        notes=(Note(moved.was.instruction.span, "copied from there before", before=True),),
    )


def _of_path(stage: Stage, moved: _Moved, builder: Stage) -> Problem:
    old, folder = quote(moved.old), quote(posixpath.dirname(moved.new))
    return Problem(
        moved.source.word.span,
        f"{stage.label} copies {quote(moved.new)} out of {builder.label} now, not {old}. That stage stayed as it was: "
        f"it makes {old}, and speaks of nothing in {folder}, so the build stops here. Copy {old}.",
        Confidence.LIKELY,
        doubt="a command of that stage may make it without naming it",
        instruction=moved.now.instruction,
        stage=stage.key,
        key=moved.new,
        notes=(Note(moved.was.instruction.span, "copied from there before", before=True),),
    )
