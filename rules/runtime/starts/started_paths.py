"""Where the file lies that a start command names, and whether that can be told at all."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.model.puts import within
from rules.runtime.scripts.given import script_of
from rules.runtime.starts.instructions import is_below_script
from rules.runtime.starts.scripts import script_above
from rules.runtime.starts.text import only_command

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.stage import Stage
    from rules.runtime.starts.instructions import Written

_MOVES = frozenset({"cd", "pushd", "chdir"})


def is_open(change: DockerfileChange, found: Written) -> bool:
    """Tell whether a script in front may start it in another folder, or a volume of a compose file may bring it."""
    words = words_of(found)
    operand = script_of(words) if words else None
    named = {word for word in (*words[:1], operand) if word and ("/" in word or word == operand)}
    relative = any(word[0] != "/" for word in named)
    if relative and is_below_script(found) and _moves_first(change, found):
        return True
    mounts = [mount for build in change.repository.builds_of(change.path) for mount in build.mounts]
    paths = [absolute_of(found.stage, word) for word in named] if mounts else []
    return any(path is not None and within(path, mount) for path in paths for mount in mounts)


def _moves_first(change: DockerfileChange, found: Written) -> bool:
    """Whether the script in front of a CMD goes to another folder, or may: it was not read."""
    script = script_above(change, found)
    if script is None or script.shell is None:
        return True
    return any(command.name in _MOVES | {".", "source", "eval"} for command in script.parsed.commands)


def words_of(found: Written) -> tuple[str, ...]:
    """Return the words of the one program that is started, in either form."""
    if found.start.form == "exec":
        return found.start.words
    command = only_command(found.start)
    return command.argv if command is not None else ()


def absolute_of(stage: Stage, program: str) -> str | None:
    """Return where a start command seeks a path; `None` where it is relative and the WORKDIR is not known."""
    if program.startswith("/"):
        return posixpath.normpath("/" + program.lstrip("/"))
    folder = stage.image.workdir.value
    return posixpath.normpath(posixpath.join(folder, program)) if folder else None
