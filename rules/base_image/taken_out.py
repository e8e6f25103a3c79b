"""What leaves a stage that does not ship: a program that it linked, or a part of its base image."""

from __future__ import annotations

import re

from rules.api import Copy, Run, Stage, once
from rules.base_image.moved.replaced_programs import is_replaced
from rules.base_image.purpose import compiles
from rules.model.lineage import built_upon

_TOOLCHAIN = re.compile(r"/usr/local/go|/usr/local/bin/(?:node|bun|deno|php)|/opt/java/openjdk|/usr/bin/composer")
"""Where official images keep what they are made for (their Dockerfiles)."""
OTHER_GO = re.compile(r"GOTOOLCHAIN(?![= ][\"']?local\b(?!\+))")
"""What lets Go take another toolchain than the image's: any value but `local` (go.dev/doc/toolchain)."""


@once
def links_a_program(stage: Stage) -> bool:
    """Tell whether a step of the chain, or of a stage that is built upon it, is seen to compile."""
    return any(compiles(command) for one in built_upon(stage) for run in one.all_runs for command in run.commands)


def may_fetch_go(stage: Stage) -> bool:
    """Tell whether the file lets Go fetch what go.mod asks for; the official images say `GOTOOLCHAIN=local`."""
    return any(OTHER_GO.search(step.instruction.text) for step in stage.all_steps)


@once
def taken_out(stage: Stage) -> str | None:
    """Return a path of the base image's own that an image which ships copies out of a stage.

    It is what no step of the stage wrote: anything where the stage does nothing, else what the image is made for.
    """
    idle = not any(isinstance(step, Run | Copy) for step in stage.all_steps)
    copies = (copy for other in stage.model.stages if other.files_ship for copy in other.copies)
    for copy in copies:
        if copy.from_stage is not stage:
            continue
        for source in copy.sources:
            path = copy.source_path(source)
            if path is None or is_replaced(copy, source):
                continue
            if _TOOLCHAIN.fullmatch(path.rstrip("/")) or (idle and path != "/"):
                return path
    return None
