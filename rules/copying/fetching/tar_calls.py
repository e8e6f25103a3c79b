"""What the `tar` of a RUN unpacks: which archive, and whether all of it and as it is in there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.model.archivers import tar_folder
from rules.model.work_folders import folder_of, path_of

if TYPE_CHECKING:
    from rules.api import Command, Run

_BEYOND_ADD = re.compile(
    r"--(?:strip|transform|xform|exclude|wildcards|to-stdout|files-from|one-top-level)|-[a-zA-Z]*[OTX]"
)
_EXTRACTS = re.compile(r"-[a-zA-Z]*x[a-zA-Z]*$|--(?:extract|get)$")
_WITH_VALUES = frozenset({"-C", "--directory", "-f", "--file"})
_READERS = frozenset({"zcat", "gunzip", "gzcat", "xzcat", "bzcat", "cat"})


def file_name(path: str) -> str:
    """Return the last part of a path, with slashes of either kind."""
    return re.split(r"[/\\]", path.strip("\"'"))[-1]


def unpacks_all(command: Command) -> bool:
    """Whether a tar unpacks, all of the archive, and as it is in there."""
    words = [word.value for word in command.args]
    bundled = bool(words) and re.fullmatch(r"[A-Za-z]+", words[0]) is not None  # `xf`, without the dash
    options = [f"-{words[0]}"] if bundled else []
    options += [word for word in words if word[:1] == "-"]
    if not any(map(_EXTRACTS.match, options)) or any(map(_BEYOND_ADD.match, options)):
        return False
    own = 1 + words[0].count("f") + words[0].count("C") if bundled else 0  # the options, and what they name
    return len(command.operands(_WITH_VALUES)) <= own


def names_read_by(run: Run, command: Command) -> set[str]:
    """The names of the files that a tar reads, by itself or from the left side of its pipe."""
    feeding = [c for c in run.pipelines[command.pipeline] if c.name in _READERS and c.start < command.start]
    words = (word.value.removeprefix("--file=") for one in (command, *feeding) for word in one.args)
    return {file_name(word) for word in words}


def unpack_folder(run: Run, command: Command) -> str | None:
    """Return where a tar unpacks to, absolute; `None` where that is not known."""
    written = tar_folder(command)
    return path_of(run, command, written) if written is not None else folder_of(run, command)
