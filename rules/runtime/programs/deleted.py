"""Whether a RUN deletes the program that an image starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.copying.deletions import deletions
from rules.facts.distributions import REDHAT_FAMILY
from rules.model.puts import within

if TYPE_CHECKING:
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage

_FIRST_MERGED = {"debian": (12,), "ubuntu": (20, 4)}
"""Releases in whose images `/bin` is a link to `/usr/bin` (wiki.debian.org, UsrMerge; Ubuntu since 19.04)."""


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
