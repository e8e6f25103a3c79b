"""Files that a COPY brings only below the RUN that needs them, upon a base of which nothing is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rules.copying.context.read_besides import missing_besides

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Problem, Run, Stage


def brought_late(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    """Yield what the installs of a stage read through the project's own manifest, and what comes further down.

    A base that is not known may bring much, but hardly the very file that the stage itself takes out of the project.
    """
    if stage.facts is not None or stage.files.has_unreadable_run:
        return
    for run in stage.runs:
        if run.deferred or any(mount.type == "bind" for mount in run.mounts):
            continue
        for path, problem in missing_besides(change, stage, run):
            if _comes_below(stage, run, path):
                yield replace(problem, doubt="the base image may bring the file")


def _comes_below(stage: Stage, run: Run, path: str) -> bool:
    puts = (put for put in stage.files.covering(path) if put.kind == "context")
    return any(put.step.stage is stage and put.step.at > run.at for put in puts)
