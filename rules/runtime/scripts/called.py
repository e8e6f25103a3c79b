"""The scripts of the project that a start script runs in turn."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.brought import place_of
from rules.packages.scripts_run import READERS, called_script
from rules.runtime.starts.scripts import StartScript, script_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, DockerfileChange, Stage

_BESIDE = re.compile(
    r"(?:\$\(dirname\s[^()]*\)|`dirname\s[^`]*`|\$\{0%/\*\}|\$\{?\w*(?:SCRIPT|HERE|THIS|script|here)\w*\}?)/"
)
"""How a script names the folder that it lies in itself: `$(dirname "$0")/`, `${SCRIPT_DIR}/`."""
_MOST = 10


class CalledScript(NamedTuple):
    """A script that another one runs.

    Attributes:
        script: The script.
        call: The command that runs it.
    """

    script: StartScript
    call: Command


def called_scripts(change: DockerfileChange, stage: Stage, script: StartScript) -> Iterator[CalledScript]:
    """Yield the scripts that a start script runs by their paths, as far as they can be followed and read.

    Args:
        change: The change under review.
        stage: The stage whose image is meant.
        script: The one that runs them.
    """
    moves = _changes_folder(script)
    for command in script.commands:
        word = called_script(command)
        by_path = "/" in word or command.name in READERS
        place = _place(stage, script, word, moves=moves) if by_path else None
        called = script_at(change, stage, place, direct=command.name not in READERS) if place is not None else None
        if called is not None:
            yield CalledScript(called, command)


def _changes_folder(script: StartScript) -> bool:
    """Whether a script leaves the folder that it is started in, so that its relative paths lead elsewhere."""
    return any(command.name in ("cd", "pushd") for command in script.commands)


def all_called_scripts(change: DockerfileChange, stage: Stage, script: StartScript) -> tuple[StartScript, ...]:
    """Return a start script, and behind it those that it runs, directly or through one another."""
    found = {script.path: script}
    waiting = [script]
    while waiting and len(found) <= _MOST:
        for one in called_scripts(change, stage, waiting.pop(0)):
            if one.script.path not in found:
                found[one.script.path] = one.script
                waiting.append(one.script)
    return tuple(found.values())


def _place(stage: Stage, script: StartScript, word: str, *, moves: bool) -> str | None:
    """Return where it lies; a relative path starts in the WORKDIR, so long as the script stays there."""
    if not word:
        return None
    beside = _BESIDE.match(word)
    if beside is not None:
        return posixpath.normpath(posixpath.join(posixpath.dirname(script.target), word[beside.end() :]))
    return place_of(stage, word) if word.startswith("/") or not moves else None
