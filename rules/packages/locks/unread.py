"""Lock files that an install does not read: pip, and uv in its place, go by what the project's manifest allows.

uv's documentation ("Locking and syncing": `uv pip` does not use the lock file), pip's (which knows no such files).
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Confidence, Copy, Note, Problem, quote
from rules.model.work_folders import folder_of
from rules.packages.options import spelled
from rules.packages.projects.files import LOCKS
from rules.purpose import is_for_development

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, PackageCall, Run

_LOCKS = {LOCKS[manager][0]: manager for manager in ("uv", "poetry", "pdm")}
_INSTEAD = {
    "uv": "`uv sync --frozen --no-dev`, or hand it what `uv export --frozen --no-dev` writes",
    "poetry": "`poetry install --only main`, or hand it what `poetry export` writes",
    "pdm": "`pdm sync --prod`, or hand it what `pdm export --prod` writes",
}
_READS = re.compile(
    r"(?<![\w.-])(?:uv\s(?:[^&;|\n]*\s)?(?:sync|export|run|lock)|poetry\s|pdm\s|[\w./]*\.lock)(?![\w-])|requirements"
)
"""What of a file's commands may read a lock file after all, or the list that was made of it."""
_OTHERWISE = ("--no-deps", "-c", "--constraint", "--constraints", "-r", "--requirement", "--requirements", "--no-index")


class _Unread(NamedTuple):
    """A lock file that is copied by its name: its name, and the COPY."""

    name: str
    copy: Copy


def locks_unread(change: DockerfileChange) -> Iterator[Problem]:
    """Yield the installs of a project that leave the lock file beside it unread, where nothing else reads it."""
    if any(map(_READS.search, _commands(change))):
        return
    told: set[str] = set()
    for stage, run, call in change.after.layers.needed_calls:
        lock = _lock(run, call) if stage.key not in told and not is_for_development(change, stage) else None
        if lock is not None:
            told.add(stage.key)
            yield Problem(
                call.command.span,
                f"{stage.label} installs the project without its lock file: {quote(spelled(call))} does not read "
                f"{quote(lock.name)}, which line {lock.copy.instruction.line} copies, and takes the newest versions "
                "that `pyproject.toml` allows. What ships is then not what was tested, and a new major version of a "
                f"dependency goes straight in. Install with {_INSTEAD[_LOCKS[lock.name]]}.",
                Confidence.CERTAIN,
                stage=stage.key,
                key=f"{call.manager} {lock.name}",
                notes=(Note(lock.copy.instruction.span, "copied here"),),
            )


def _commands(change: DockerfileChange) -> Iterator[str]:
    """Yield what the file runs, when it is built and when it is started."""
    for stage in change.stages:
        yield from (run.instruction.whole_value for run in stage.runs)
        yield from (setting.value.text for setting in stage.image.start_command if setting.value is not None)


def _lock(run: Run, call: PackageCall) -> _Unread | None:
    """Return the lock file in the folder of the project that a call installs."""
    if call.manager not in ("pip", "uv") or call.action != "install" or call.has(*_OTHERWISE):
        return None
    at = folder_of(run, call.command)
    folders = [package.name.split("[")[0] for package in call.packages if package.kind == "path"]
    if at is None or len(folders) != 1 or folders[0].endswith((".whl", ".gz", ".zip")) or "*" in folders[0]:
        return None
    folder = posixpath.normpath(posixpath.join(at, folders[0]))
    for name in _LOCKS:
        for put in run.stage.files.at(posixpath.join(folder, name)):
            copy = put.step
            if isinstance(copy, Copy) and posixpath.basename(put.source) == name and copy.at < run.at:
                return _Unread(name, copy)
    return None
