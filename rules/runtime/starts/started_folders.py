"""Start commands that name a folder: a COPY to a folder that is there already puts its file into it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.api import Confidence, Note, Problem, Put, Stage, quote
from rules.model.steps import Copy

if TYPE_CHECKING:
    from rules.runtime.starts.instructions import Written


def started_folder(found: Written, program: str, path: str) -> Problem | None:
    """Return the problem of a start that names a folder of the image; `None` where it is none, or not known."""
    stage = found.stage
    made = _made_by(stage, path)
    if made is None:
        return None
    right = _file_in(stage, path)
    way_out = f"Write {quote(right)}" if right is not None else "Name the program in it"
    how = f"{quote(f'{made.step.instruction.keyword}')} at line {made.step.instruction.line} makes it"
    what = f", and {quote(right)} is the file" if right is not None else ""
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(program)}, which is a folder: {how}{what}. The container exits with "
        f"“is a directory”. {way_out}.",
        Confidence.LIKELY,
        doubt="a command that was not understood may put a program in its place",
        stage=stage.key,
        key=program,
        notes=(Note(made.step.instruction.span, "the folder"),),
    )


def _made_by(stage: Stage, path: str) -> Put | None:
    """Return what makes a path a folder, unless a command may have put something else there."""
    files = stage.files
    if (
        path == "/"
        or files.has_unreadable_run
        or files.is_deleted(path)
        or any(p.kind == "run" for p in files.at(path))
    ):
        return None
    if any(put.tree and put.path == "/" for put in files.puts):
        return None
    return next((put for put in files.below(path) if _needs_folder(put, path)), None)


def _needs_folder(put: Put, path: str) -> bool:
    if put.kind == "workdir" or put.path.rstrip("/") != path:
        return put.kind in ("workdir", "context", "stage", "image")
    return isinstance(put.step, Copy) and put.step.into_folder and put.step.destination == path


def _file_in(stage: Stage, path: str) -> str | None:
    """Return the one file of the path's own name that a COPY puts into the folder."""
    found = {
        posixpath.join(path, posixpath.basename(put.source))
        for put in stage.files.at(path)
        if put.kind in ("context", "stage", "image") and posixpath.basename(put.source) == posixpath.basename(path)
    }
    return found.pop() if len(found) == 1 else None
