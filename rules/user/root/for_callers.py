"""Images that are a command for whoever calls them, and not a service."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.model.puts import within
from rules.model.settings import is_script
from rules.model.shell_scope import filled
from rules.user.modes.granted import read_mode

if TYPE_CHECKING:
    from rules.model.stage import Stage
    from rules.model.steps import Run

ASKING = frozenset({"--help", "-h", "help", "--version", "-v", "-V", "version"})
"""Arguments with which a command says something of itself and ends."""

_SERVING = frozenset({"EXPOSE", "HEALTHCHECK", "VOLUME"})
_SERVER = re.compile(r"(?:d|serve[rd]?|service|daemon|worker|web|api|app|fpm)$")
"""Ends of the names of what goes on running."""

FOR_CALLERS = "Start it with `--user`, so that what it writes in a mounted folder is its caller's."
"""The way out of root in such an image."""


def works_for_callers(stage: Stage) -> bool:
    """Tell whether the image is a command that works in its caller's folder: an empty one, and no CMD of its own.

    A CMD that asks for help, or that names a tool which the image brings and which is not the project's, is none. A
    volume that is the folder itself is where the caller's is mounted.
    """
    image = stage.image
    folder = image.workdir.value or "/"
    puts = (*stage.files.below(folder), *(put for put in stage.files.covering(folder) if put.path != "/"))
    empty = image.workdir.set_in_file and all(put.kind == "workdir" for put in puts)
    volumes = {volume.value for volume in image.volumes if volume.instruction is not None}
    serves = serves_openly(stage) if volumes != {folder} else _serves_besides(stage)
    return empty and image.entrypoint.set_in_file and _is_left_to_callers(stage) and not serves


def _is_left_to_callers(stage: Stage) -> bool:
    cmd, entrypoint = stage.image.cmd.value, stage.image.entrypoint.value
    if not cmd:
        return True
    if cmd.form != "exec" or len(cmd.words) != 1 or entrypoint is None:
        return False
    word = cmd.words[0]
    if word in ASKING or word == entrypoint.words[-1].rsplit("/", 1)[-1]:
        return True
    tool = "/" not in word and not _SERVER.search(word)
    return tool and any(map(is_script, entrypoint.words)) and not _holds_project(stage)


def _holds_project(stage: Stage) -> bool:
    """Whether more of the build context than start scripts is in the image, or in a stage that it copies out of."""
    stages = (stage, *(copy.from_stage for copy in stage.all_copies if copy.from_stage is not None))
    puts = (put for one in stages for put in one.files.puts if put.kind == "context")
    return any(put.tree or not is_script(put.path) for put in puts)


_AS_OWNER = re.compile(r"[ug]*[oa][ugoa]*[+=]u")
"""A mode that gives others what the owner has."""


def opens_home(stage: Stage) -> bool:
    """Tell whether a step lets every account write in the home that `HOME` names: any caller's uid may run the image.

    Root needs no such mode, and one ordinary account would be given the folder.
    """
    home = stage.image.env.get("HOME")
    return home is not None and home.value is not None and any(_opens(run, home.value) for run in stage.done_runs)


def _opens(run: Run, folder: str) -> bool:
    searched = [word.value for command in run.calls("find") for word in command.operands()]
    for command in run.calls("chmod"):
        mode, *words = [word.value for word in command.operands()] or [""]
        read = read_mode(mode)
        if _AS_OWNER.match(mode) or (read is not None and read.everyone_writes):
            named = [filled(run, command, word) for word in (searched if "{}" in words else words)]
            paths = (run.resolve(path) for path in named if path)
            if any(path is not None and path != "/" and within(folder, path) for path in paths):
                return True
    return False


def _serves_besides(stage: Stage) -> bool:
    return any(step.instruction.keyword in _SERVING - {"VOLUME"} for step in stage.done_steps)


def serves_openly(stage: Stage) -> bool:
    """Tell whether an instruction speaks of a service: a port, a health check, a volume."""
    return any(step.instruction.keyword in _SERVING for step in stage.done_steps)
