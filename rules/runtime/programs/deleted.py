"""Whether a RUN deletes the program that an image starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import Confidence, Note, Problem, quote
from rules.copying.deletions import deletions
from rules.facts.distributions import REDHAT_FAMILY
from rules.model.puts import within

if TYPE_CHECKING:
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run
    from rules.runtime.starts.instructions import Written

_FIRST_MERGED = {"debian": (12,), "ubuntu": (20, 4)}
"""Releases in whose images `/bin` is a link to `/usr/bin` (wiki.debian.org, UsrMerge; Ubuntu since 19.04)."""
_PACKAGES_OF_NODE = {"npm": "npm", "npx": "npm", "corepack": "corepack"}
"""Programs of Node.js's images that are links into `/usr/local/lib/node_modules`, with their package there."""


def deleted_program(stage: Stage, program: str) -> Command | None:
    """Return the command of a RUN that deletes a program of the base image, or the folder that it lies in."""
    folders = ("/bin", "/usr/bin") if _is_merged(stage) else ("/bin",)
    name = program.rpartition("/")[2]
    paths = [program] if "/" in program else []
    if program in ("bash", "sh", *(f"{folder}/{name}" for folder in folders)):
        paths += [f"{folder}/{name}" for folder in folders]
    found = (command for path, _, command in deletions(stage) if any(within(one, path) for one in paths))
    return next(found, None)


def _is_merged(stage: Stage) -> bool:
    distro, release = stage.runtime.distribution or "", stage.runtime.release
    if distro in REDHAT_FAMILY:
        return True
    return distro in _FIRST_MERGED and release is not None and release.numbers >= _FIRST_MERGED[distro]


def deleted_of_node(found: Written, name: str) -> Problem | None:
    """Return the problem of a start by npm, or what comes with it, that a RUN deletes out of Node.js's image."""
    stage = found.stage
    package = _PACKAGES_OF_NODE.get(name)
    if package is None or stage.facts is None or stage.facts.name != "node" or stage.runtime.is_copied(name):
        return None
    paths = (f"/usr/local/bin/{name}", f"/usr/local/lib/node_modules/{package}")
    deleting = ((run, c) for path, run, c in deletions(stage) if any(within(one, path) for one in paths))
    run, command = next(deleting, (None, None))
    if run is None or command is None or _may_be_back(stage, run, name):
        return None
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(name)}, which {run.stage.label} deletes (line {command.line}), and nothing "
        "brings it back. The container exits with “executable file not found”. Start the program itself with `node`, "
        f"or leave {quote(name)} in the image.",
        Confidence.LIKELY,
        doubt="a script or a copied folder may bring it",
        stage=stage.key,
        key=name,
        notes=(Note(command.span, "deleted here"),),
    )


def _may_be_back(stage: Stage, run: Run, name: str) -> bool:
    """Whether a later RUN names the program, or npm or Corepack, which would bring it."""
    later = (command for other in stage.done_runs if other.at > run.at for command in other.commands)
    words = {word for command in later for word in (command.name, *(each.value for each in command.args))}
    return not words.isdisjoint({name, "npm", "corepack"}) or stage.files.has_unreadable_run
