"""Programs that are copied out of an image, and that a later step of the stage that takes them replaces by another."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.api import Copy, Run, once
from rules.model.run_writes import CARRIERS
from rules.secrets.downloads.fetched import FETCHERS

if TYPE_CHECKING:
    from rules.api import Command, CopySource, Model, Put, Stage

_RENEWS = {
    "composer": frozenset({"self-update", "selfupdate"}),
    **dict.fromkeys(("bun", "deno"), frozenset({"upgrade"})),
}
"""Programs that put another release in the place of their own file, by the word that asks for it (their manuals)."""
_BACK = ("--rollback", "-r", "--dry-run", "--update-keys", "--set-channel-only")
"""Options with which none comes."""


def is_replaced_where_taken(stage: Stage) -> bool:
    """Tell whether nothing of a stage's image ships: it does nothing, and each program copied out of it is replaced."""
    copies = _taken(stage.model).get(stage.index, [])
    if not copies or stage.is_last or stage.index in _built_upon(stage.model):
        return False
    idle = not any(isinstance(step, Run | Copy) for step in stage.all_steps)
    return idle and all(is_replaced(copy, source) for copy in copies for source in copy.sources)


@once
def _taken(model: Model) -> dict[int, list[Copy]]:
    """Return what is copied out of each stage, by its index."""
    found: dict[int, list[Copy]] = {}
    for copy in (copy for stage in model.stages for copy in stage.copies):
        if copy.from_stage is not None:
            found.setdefault(copy.from_stage.index, []).append(copy)
    return found


@once
def _built_upon(model: Model) -> frozenset[int]:
    return frozenset(stage.parent.index for stage in model.stages if stage.parent is not None)


def is_replaced(copy: Copy, source: CopySource) -> bool:
    """Tell whether a later step of its stage surely puts another program in the place of what a COPY takes."""
    target = copy.target_of(source)
    if target is None or source.path is None:
        return False
    paths = (target, posixpath.join(target, posixpath.basename(source.path)))  # without an ending it may be a folder
    later = (run for run in copy.stage.runs if run.at > copy.at)
    if any(_renews(command) for run in later for command in run.calls(*map(posixpath.basename, paths))):
        return True
    return any(put.step.at > copy.at and _brings(put) for path in paths for put in copy.stage.files.at(path))


def _renews(command: Command) -> bool:
    return _is_sure(command) and command.subcommand in _RENEWS.get(command.name, ()) and not command.has(*_BACK)


def _brings(put: Put) -> bool:
    """Whether a file is put there whole, and for certain."""
    if put.tree or put.makes_folder:
        return False
    command = put.command
    return command is None or (command.name in CARRIERS | FETCHERS and _is_sure(command))


def _is_sure(command: Command) -> bool:
    return not command.conditional and command.after != "||"
