"""A program that one command installs by its name, and that a shipped image starts without having it."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.api import Confidence, Installed, Note, Problem, Stage, path_folders, quote
from rules.model.puts import within
from rules.packages.lost.still_called import ASKS
from rules.packages.options import spelled
from rules.runtime.lost.gained_programs import may_gain
from rules.runtime.starts.instructions import is_executed
from rules.runtime.starts.scripts import script_above

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange
    from rules.runtime.starts.instructions import Written

_MANAGERS = frozenset({"cargo", "gem", "go", "npm"})
"""Managers that install programs under the names of their packages, as a rule."""
_INTERPRETERS = {"gem": "ruby", "npm": "node"}
_MAJOR = re.compile(r"/v\d+\Z")
_BRING = frozenset("npm npx yarn pnpm bun corepack go cargo gem bundle pip pip3 pipx uv python python3 make".split())
"""Commands that may put a program where `PATH` leads, without its name."""


def left_install(change: DockerfileChange, found: Written) -> Problem | None:
    """Return the problem of a start by the name of a program whose install the image does not have.

    It is in a builder that the image copies other things from, or went with the change.
    """
    stage = found.stage
    was = change.was(stage)
    builders = dict.fromkeys(copy.from_stage for copy in stage.copies if copy.from_stage is not None)
    above = script_above(change, found)
    for name in _started(found):
        if _may_have(stage, name) or (above is not None and name in above.text):  # which may be a word of its own
            continue
        plain = stage.facts is not None and stage.facts.is_plain
        left = next((item for builder in builders for item in _installs(builder, name) if plain), None)
        if left is not None:
            where = f"{left.run.stage.label} installs it ({quote(spelled(left.call))}, line {left.call.command.line})"
            return _problem(found, name, left, f"{where}, and nothing copies it from there")
        items = _installs(was, name) if was is not None else ()
        gone = next((item for item in items if plain or _cannot_run(stage, item)), None)
        if gone is not None:
            return _problem(found, name, gone, f"this change takes away {quote(str(gone.call.command), 60)}")
    return None


def _started(found: Written) -> Iterator[str]:
    """Yield the names of what surely runs: the first word, or the commands of a shell up to one on a condition."""
    for command in found.start.commands if is_executed(found) else ():
        if command.conditional or command.before == "||" or command.name in ASKS:
            return
        if command.after == "||":
            continue
        if command.program is not None and "/" not in command.program.value and "$" not in command.name:
            yield command.name


def _installs(stage: Stage, name: str) -> Iterator[Installed]:
    """Yield the installs of a stage's chain by which a program of that name comes to where `PATH` leads."""
    for item in stage.packages.installed:
        if item.manager not in _MANAGERS or item.removed_by is not None:
            continue
        if item.manager == "npm" and not item.call.global_:
            continue
        if posixpath.basename(_MAJOR.sub("", item.name)) == name:
            yield item


def _cannot_run(stage: Stage, item: Installed) -> bool:
    """Whether the image is known to lack what a program is written for."""
    return item.manager in _INTERPRETERS and stage.runtime.lacks(_INTERPRETERS[item.manager])


def _may_have(stage: Stage, name: str) -> bool:
    """Whether the image may have a program all the same: by its base, a command, or a copy to where `PATH` leads."""
    if may_gain(stage, name, _BRING):
        return True
    puts = (put for put in stage.files.puts if not put.makes_folder)
    folders = path_folders(stage) or ("/",)
    return any(put.path == folder or within(folder, put.path) for put in puts for folder in folders)


def _problem(found: Written, name: str, item: Installed, why: str) -> Problem:
    stage = found.stage
    before = item.run.stage.model is not stage.model
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(name)}, which is not in the image: {why}. The start fails with “{name}: not "
        "found”. Copy the program, or install it in this stage.",
        Confidence.LIKELY,
        doubt="a file that is copied may bring it",
        stage=stage.key,
        key=name,
        notes=(Note(item.call.command.span, f"{name} is installed here", before=before),),
    )
