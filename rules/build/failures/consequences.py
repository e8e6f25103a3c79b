"""What becomes of an image whose build went on behind a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.build.failures.ignored import all_blind, checks_a_file, takes_along
from rules.model.search_path import DEFAULT_PATH

if TYPE_CHECKING:
    from rules.dockerfile.shell.command import Command
    from rules.model.stage import Stage
    from rules.model.steps import Copy, Run

ALWAYS_THERE = frozenset({*DEFAULT_PATH, "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc", "/opt"})
"""Folders that systems with a shell have (the FHS)."""


def stood(run: Run, path: str) -> bool:
    """Tell whether something was put at a path, or around it, before a RUN."""
    return any(put.path == path and put.step.at < run.at for put in run.stage.files.covering(path))


def outcome(run: Run, command: Command) -> str:
    """Say what comes of a failure that the build passes over, as a sentence of a message.

    Args:
        run: The RUN.
        command: The command that failed.
    """
    if checks_a_file(command):
        return "Then what was not verified goes into the image."
    taken = taken_by(run)
    lost = (
        f"the `COPY` on line {taken.instruction.line} fails for want of what it brings, or takes what was there"
        if taken is not None
        else ""
    )
    if takes_along(run, command):
        return f"Then what stands behind `&&` is not run either, and {lost or 'the image ships without it'}."
    if all_blind(run, command):
        return f"Then {lost or 'the image ships without what it brings'}."
    return "What follows runs without it, and fails for another reason or not at all."


def taken_by(run: Run) -> Copy | None:
    """Return the COPY that takes what a RUN makes out of its stage, whose layers do not ship, if it may stop for it.

    The builder stops at a source that is not there (Dockerfile reference, "COPY"). A folder that was there before the
    RUN, or that every system has, is copied without what failed to come.
    """
    if run.stage.layers_ship:
        return None
    model = run.stage.model
    stages = (stage for stage in model.stages if stage.index in model.needed_by_shipped)
    copies = (copy for stage in stages for copy in stage.copies if _takes_from(copy, run.stage))
    return next((copy for copy in copies if any(_may_be_gone(run, path) for path in _paths(copy))), None)


def _takes_from(copy: Copy, stage: Stage) -> bool:
    return copy.from_stage is not None and stage in copy.from_stage.chain


def _paths(copy: Copy) -> list[str]:
    return [path for path in map(copy.source_path, copy.sources) if path is not None]


def _may_be_gone(run: Run, path: str) -> bool:
    return path != "/" and path not in ALWAYS_THERE and not stood(run, path)
