"""A start command that is lost, written again: where what it starts is in the new image, too."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.api import Fix, append_to_stage, fix
from rules.model.puts import may_bring, within_any

if TYPE_CHECKING:
    from rules.api import Setting, Stage, Start

_PATH = re.compile(r"(?<![\w.$}/-])/[\w./-]+")
_MADE_LATER = tuple("/dev /proc /run /sys /tmp /var".split())
"""Folders in which a path may be one that the program makes itself."""


def restated(stage: Stage, was: Stage, lost: tuple[Setting[Start], ...]) -> Fix | None:
    """Write it again, unless a RUN moves or deletes the program that it names, or something that it starts went too."""
    starts = [setting.value for setting in lost if setting.value is not None]
    programs = {start.words[0] for start in starts if start.form == "exec"}
    gone = {word.value for run in stage.all_runs for c in run.calls("mv", "rm") for word in c.operands()}
    paths = {path for start in starts for path in _PATH.findall(start.text)}
    if programs & gone or _is_emptied(stage, was) or not all(_stays(stage, was, path) for path in paths):
        return None
    instructions = (s.instruction for s in lost if s.instruction is not None)
    return fix("Restate the start command", append_to_stage(stage, *(i.text for i in instructions)))


def _stays(stage: Stage, was: Stage, path: str) -> bool:
    """Whether a path is in the new image if it was in the old one.

    What no instruction of the file made there came with the base, with a package, or comes with a mount.
    """
    if _holds(stage, path):
        return True
    if _holds(was, path):
        return False
    kept = _name(stage) == _name(was) and _packages(was) <= _packages(stage)
    return kept or within_any(path, _MADE_LATER) or stage.runtime.has_tool(posixpath.basename(path)) is True


def _name(stage: Stage) -> str | None:
    """Return the name of the base image, whatever its tag: the next release has its programs in the same places."""
    return stage.root.reference.path if stage.root.reference is not None else stage.root.base_text


def _packages(stage: Stage) -> frozenset[str]:
    return frozenset(item.name for item in stage.packages.present)


def _holds(stage: Stage, path: str) -> bool:
    """Whether an instruction of the file makes a path, or something in it, or may."""
    if any(volume.value == path for volume in stage.image.volumes):
        return True
    return bool(stage.files.below(path)) or any(may_bring(put, path) for put in stage.files.covering(path))


def _is_emptied(stage: Stage, was: Stage) -> bool:
    """Whether the folder that it starts in is another one, in which nothing lies: `./run` is not there."""
    folder, other = stage.image.workdir.value, was.image.workdir.value
    if folder == other or folder is None or other is None:
        return False
    return _is_filled(was, other) and not _is_filled(stage, folder)


def _is_filled(stage: Stage, folder: str) -> bool:
    puts = (*stage.files.below(folder), *stage.files.covering(folder))
    return any(not put.makes_folder for put in puts)
