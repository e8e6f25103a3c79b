"""Files of the project that a start script hands to an interpreter, and that no COPY brings."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, quote, within
from rules.runtime.scripts.given import script_of
from rules.runtime.starts.paths import is_nowhere
from rules.runtime.starts.scripts import note_in, start_script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, DockerfileChange
    from rules.runtime.starts.instructions import Written
    from rules.runtime.starts.scripts import StartScript

_CODE = re.compile(r"\.(?:[cm]?js|ts|py|rb|php|pl|sh|R)\Z")
_FETCHES = re.compile(r"\b(?:curl|wget|git|tar|unzip|rsync|scp|aws|gsutil)\s")
"""What may bring files when the container starts."""


def file_of_script(change: DockerfileChange, found: Written) -> Problem | None:
    """Return the problem of a file that the repository has, that the script runs, and that is not in the image."""
    script = start_script(change, found) if change.repository.listing else None
    if script is None or _FETCHES.search(script.code):
        return None
    mounts = [mount for build in change.repository.builds_of(change.path) for mount in build.mounts]
    for command, path in _handed(script):
        own = _in_repository(change, path)
        open_end = any(within(path, mount) for mount in mounts) or not is_nowhere(found.stage, path, as_script=True)
        if own is not None and not open_end:
            return _problem(found, script, command, path, own)
    return None


def _handed(script: StartScript) -> Iterator[tuple[Command, str]]:
    """Yield the files that interpreters are given by their full path, where the script speaks of each but once."""
    for command in script.commands:
        path = script_of((command.name, *(word.value for word in command.args))) if command.name else None
        if path is None or "$" in path or not (path.startswith("/") and _CODE.search(path)):
            continue
        if script.code.count(posixpath.basename(path)) == 1:
            yield command, path


def _in_repository(change: DockerfileChange, path: str) -> str | None:
    """Return the one file of the repository that lies in a folder of the same name, and is called the same."""
    tail = "/".join(path.split("/")[-2:])
    same = [name for name in change.repository.listing or () if f"/{name}".endswith(f"/{tail}")]
    return same[0] if len(same) == 1 and path.count("/") > 1 else None


def _problem(found: Written, script: StartScript, command: Command, path: str, own: str) -> Problem:
    stage, name = found.stage, quote(script.path)
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {name}, whose line {command.span.line} runs {quote(path)}, and nothing puts that into "
        f"the image: {quote(own)} of the repository is not copied. {quote(command.name)} finds no such file. Copy it.",
        Confidence.LIKELY,
        doubt="a volume may bring it",
        stage=stage.key,
        key=f"{script.path} {path}",
        notes=note_in(script.path, command.span, "run here"),
    )
