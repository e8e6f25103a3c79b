"""Programs that are copied out of an image, and that a later step of the stage that takes them replaces by another."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.api import Copy, Run, once
from rules.model.run_writes import CARRIERS
from rules.secrets.downloads import FETCHERS

if TYPE_CHECKING:
    from rules.api import Command, CopySource, Put, Stage

_RENEWS = {
    "composer": frozenset({"self-update", "selfupdate"}),
    **dict.fromkeys(("bun", "deno"), frozenset({"upgrade"})),
}
"""Programs that put another release in the place of their own file, by the word that asks for it (their manuals)."""
_BACK = ("--rollback", "-r", "--dry-run", "--update-keys", "--set-channel-only")
"""Options with which none comes."""


@once
def is_replaced_where_taken(stage: Stage) -> bool:
    """Tell whether nothing of a stage's image ships: it does nothing, and each program copied out of it is replaced."""
    copies = [copy for other in stage.model.stages for copy in other.copies if copy.from_stage is stage]
    upon = any(stage in other.chain for other in stage.model.stages if other is not stage)
    if upon or stage.is_last or any(isinstance(step, Run | Copy) for step in stage.all_steps):
        return False
    return bool(copies) and all(is_replaced(copy, source) for copy in copies for source in copy.sources)


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
