"""What a program of Go's may need of the image that it moves to: libraries of C, and folders that a step has made."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.api import OS_MANAGERS
from rules.copying.outputs.binaries import asks_for_cgo
from rules.model.puts import within_any

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Stage

_HEADERS = re.compile(r".+-dev(?:el)?|pkg-?conf(?:ig)?|build-base")
_IMPORTS_C = re.compile(rb'^import "C"', re.MULTILINE)
_MAKES = frozenset("mkdir install useradd adduser ln cp".split())
_OF_THE_BUILD = ("/go", "/root", "/tmp", "/usr/local/go")  # noqa: S108 - folders of the image
"""Where a build puts what only the build needs."""


def may_link_with_c(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether a build may use cgo: it is told to, headers are installed for it, or a source that was read asks."""
    installed = any(item.manager in OS_MANAGERS and _HEADERS.fullmatch(item.name) for item in stage.packages.present)
    if installed or asks_for_cgo(stage):
        return True
    files = change.repository.files
    own = (path for path in files if path.endswith(".go") and "vendor/" not in path)
    return any(_IMPORTS_C.search(files[path]) for path in own)


def needs_folders(stage: Stage) -> bool:
    """Tell whether a step makes folders or files of the system for the program, or a volume is for its data."""
    if any(instruction.keyword == "VOLUME" for instruction in stage.instructions):
        return True
    return any(
        posixpath.isabs(word.value) and not within_any(word.value, (*_OF_THE_BUILD, run.workdir.value or "/go"))
        for run in stage.all_runs
        for command in run.commands
        if command.name in _MAKES
        for word in command.operands()
    )
