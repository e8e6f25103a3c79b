"""Whether all scripts that a container starts through were read, so that what none of them calls is not called."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.brought import brought, place_of
from rules.dockerfile.shell.script import parse
from rules.dockerfile.source import Source
from rules.user.root.start_scripts import scripts_in_turn, start_scripts

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.stage import Stage

_OF_SYSTEM = frozenset({"/bin", "/sbin", "/usr/bin", "/usr/sbin"})


def are_read(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether the start scripts lie where the container starts them, and run no other file that was not read."""
    direct = {script.name for script in start_scripts(change, stage)}
    scripts = scripts_in_turn(change, stage)
    words = [word.strip("\"';") for word in stage.image.start_line().split()]
    placed = {posixpath.basename(word) for word in words if _lies_there(change, stage, word)}
    if not direct or not direct <= placed or any(script.text is None for script in scripts):
        return False
    known = {script.name for script in scripts}
    programs = {program for script in scripts for program in _programs(script.text or "")}
    return all(
        posixpath.basename(program) in known or posixpath.dirname(program) in _OF_SYSTEM
        for program in programs
        if "/" in program
    )


def _lies_there(change: DockerfileChange, stage: Stage, word: str) -> bool:
    place = place_of(stage, word)
    return place is not None and brought(change, stage, place, through_stages=True) is not None


def _programs(text: str) -> set[str]:
    """Return what a script runs, as it is written."""
    commands = parse(text, Source("", text), 0, joined=False).commands
    return {command.program.value for command in commands if command.program is not None}
