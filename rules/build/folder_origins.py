"""What may bring a folder besides the command that made it: the base image, a tree, a script, an account."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.build.folder_needs import makes, takes_what_is_there
from rules.lazily import once
from rules.model.folders import OF_EVERY_SYSTEM
from rules.model.outcome import outcome_of_failure
from rules.model.puts import within, within_any
from rules.model.run_writes import is_opaque
from rules.model.steps import Copy, Run
from rules.model.work_folders import folder_of

if TYPE_CHECKING:
    from rules.api import Command, Put, Stage, Step

_OF_PACKAGES = "/etc /usr /var /bin /sbin /lib /lib64 /run /dev /proc /sys /boot".split()
"""Where packages and images of a language keep theirs (file-hierarchy(7))."""
_OF_SOURCES = "/usr/src/"
_MAKES_ACCOUNTS = frozenset({"useradd", "adduser"})
_MAKES_FOLDERS = frozenset({"mkdir", "install", "ln"})
_OPEN = re.compile(r"[$`{]")
"""What a loop, a substitution or a pipe fills in: `mkdir -p "$folder"`, `xargs mkdir`."""

Place = tuple[tuple[int, int], int]
"""Where something stands in a chain: its step, and the offset of its command."""


def place_of(step: Step, command: Command | None) -> Place:
    """Return where a step or one of its commands stands."""
    return step.at, command.start if command is not None else -1


def is_proved(maker: Put, folder: str) -> bool:
    """Tell whether what made a folder would have failed had it been there: a `mkdir` without `-p` (mkdir(1))."""
    command = maker.command
    if command is None or not isinstance(maker.step, Run) or takes_what_is_there(command) or maker.path != folder:
        return False
    return not command.conditional and outcome_of_failure(maker.step, command) == "stops"


def may_be_there(stage: Stage, maker: Put, folder: str, until: Place) -> bool:
    """Tell whether a folder may be there at a place of a stage although what made it before the change is gone.

    Args:
        stage: The stage as it is now.
        maker: What made it, in the stage as it was.
        folder: The folder.
        until: Where it is needed now.
    """
    proved = is_proved(maker, folder)
    above = _above(maker) if proved else frozenset()
    if not proved and _is_of_system(stage, folder):
        return True
    puts = (put for put in stage.files.covering(folder) if place_of(put.step, put.command) < until)
    if any(_text(put.step, put.command) not in above and _brings(put, folder) for put in puts):
        return True
    return any(
        place_of(step, command) < until and _text(step, command) not in above and _may_make(step, command, folder)
        for step, command in _deeds(stage)
    )


def _above(maker: Put) -> frozenset[str]:
    """What stood above the `mkdir` or WORKDIR of a folder: none of it made the folder where that had to be made."""
    return frozenset(
        _text(step, command)
        for step, command in _deeds(maker.step.stage)
        if place_of(step, command) < place_of(maker.step, maker.command)
    )


@once
def _deeds(stage: Stage) -> list[tuple[Step, Command | None]]:
    """The commands of a stage's chain, and its other steps, in order."""
    found: list[tuple[Step, Command | None]] = []
    for step in stage.done_steps:
        found += [(step, None), *((step, one) for one in step.commands)] if isinstance(step, Run) else [(step, None)]
    return found


def _text(step: Step, command: Command | None) -> str:
    return str(command) if command is not None else str(step.instruction)


def _brings(put: Put, folder: str) -> bool:
    """Whether something that is put makes a folder, or is a tree above it that may hold it."""
    return makes(put, folder) if within(put.path, folder) else True


def is_plain(stage: Stage) -> bool:
    """Tell whether a stage starts from an image of a system or a language, or from the empty one."""
    facts = stage.root.facts
    return stage.root.is_scratch or (facts is not None and facts.is_plain)


def _is_of_system(stage: Stage, folder: str) -> bool:
    """Whether the base may have the folder: all but a project's own in an image of a system or a language."""
    facts = stage.root.facts
    if not is_plain(stage) or folder in OF_EVERY_SYSTEM or posixpath.dirname(folder) == "/home":
        return True
    own = (facts.workdir if facts is not None else None) or "/"
    return (own != "/" and within(folder, own)) or _is_of_packages(folder)


def _is_of_packages(folder: str) -> bool:
    return within_any(folder, _OF_PACKAGES) and not folder.startswith(_OF_SOURCES)


def _may_make(step: Step, command: Command | None, folder: str) -> bool:
    """Whether a step or a command may make a folder although its line does not say that it writes there."""
    if not isinstance(step, Run):
        return (isinstance(step, Copy) and step.destination is None) or _is_volume(step, folder)
    if command is None:
        return any(within(step.resolve(mount.target) or "/", folder) for mount in step.mounts)
    if command.name in _MAKES_ACCOUNTS:
        return folder in str(command) or posixpath.basename(folder) in (word.value for word in command.args)
    if command.name in _MAKES_FOLDERS:
        return not command.operands() or any(_OPEN.search(word.value) for word in command.operands())
    if not is_opaque(command) or command.start in _installs(step):
        return False
    where = folder_of(step, command) or "/"
    inside = where != "/" and within(folder, where)
    return inside or folder in str(command) or _is_of_packages(folder)


def _is_volume(step: Step, folder: str) -> bool:
    """Whether a VOLUME names the folder: some builders make it then."""
    return step.instruction.keyword == "VOLUME" and folder in step.instruction.value


@once
def _installs(run: Run) -> frozenset[int]:
    return frozenset(call.command.start for call in run.package_calls)
