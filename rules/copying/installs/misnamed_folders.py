"""Folders at the root that an install reads, and that are there under a name which is nearly the same."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.copying.stages.unmade_paths import is_open
from rules.dockerfile.spelling import nearest
from rules.model.filenames import is_pattern
from rules.model.outcome import outcome_of_failure
from rules.model.puts import meet
from rules.packages.scripts import runs_script_before
from rules.problem import Confidence, Problem
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, PackageCall, Put, Run, Stage


def misnamed_folders(stage: Stage, run: Run) -> Iterator[tuple[str, Problem]]:
    """Yield the folders that a RUN installs files from, that nothing makes, and that a COPY nearly names."""
    for call in run.package_calls:
        if outcome_of_failure(run, call.command) == "caught" or runs_script_before(run, call.command.start):
            continue
        for path in _read(call):
            put = _meant(stage, run, path)
            if put is not None:
                yield path, _problem(stage, run, call.command, path, put)


def _read(call: PackageCall) -> Iterator[str]:
    """Yield the folders of the files that are installed: `/wheels` of `pip install /wheels/*`."""
    for package in call.packages:
        folder, name = posixpath.split(package.name)
        if package.kind == "path" and folder.count("/") == 1 and len(folder) > 1 and is_pattern(name):
            yield folder


def _meant(stage: Stage, run: Run, path: str) -> Put | None:
    """Return the COPY whose folder was meant; `None` where the path is there, or may be."""
    if not path.startswith("/") or is_open(path) or run.is_mounted(path) or stage.runtime.root_filled:
        return None
    above = [put for put in stage.files.puts if put.step.at <= run.at and put.path.count("/") == 1 and put.tree]
    if any(meet(put.path, path) for put in stage.files.puts if put.kind != "workdir"):
        return None
    name = path[1:]
    runs = (one for one in stage.done_runs if one.at < run.at)
    if any(name in one.instruction.whole_value for one in runs) or (run.workdir.value or path).startswith(path):
        return None
    found = nearest(name, [put.path[1:] for put in above if len(put.path) > 1], slips=1)
    return next((put for put in above if put.path[1:] == found), None)


def _problem(stage: Stage, run: Run, command: Command, path: str, put: Put) -> Problem:
    return Problem(
        command.span,
        f"{stage.label} installs from {quote(path)}, and no instruction above makes that folder: the build stops here. "
        f"Line {put.step.instruction.line} fills {quote(put.path)}: name the same folder in both.",
        Confidence.LIKELY,
        doubt="an earlier command may make the folder",
        instruction=run.instruction,
        stage=stage.key,
        key=path,
    )
