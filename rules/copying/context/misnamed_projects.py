"""Folders of Python projects that pip is to install, and that the repository has under nearly the same name.

Without such a neighbour nothing is said: the folder may be a submodule, of which a list of files shows nothing.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.copying.context.absent import absent
from rules.copying.context.possibly_there import may_be_made, runs_script_above
from rules.dockerfile.spelling import nearest
from rules.facts.python_names import index_name
from rules.model.outcome import surely_stops
from rules.model.work_folders import path_of
from rules.problem import Confidence, Problem
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, PackageCall, Run
    from rules.copying.context.absent import Absent

_MANIFESTS = ("pyproject.toml", "setup.py")
"""What makes a folder a project for pip."""
_FILES = (".whl", ".zip", ".gz", ".bz2", ".txt")


def misnamed_projects(change: DockerfileChange, run: Run) -> Iterator[tuple[str, Problem]]:
    """Yield the folders that an install of a RUN names, and that are there under another name alone."""
    for call in run.package_calls:
        if call.manager not in ("pip", "uv") or call.action != "install" or not surely_stops(run, call.command):
            continue
        for package in call.packages:
            text = package.word.value.split("[")[0]
            plain = package.kind == "path" and not text.endswith(_FILES) and not any(mark in text for mark in "*?$~{")
            path = path_of(run, call.command, text) if plain else None
            gone = absent(change, run.stage, path, run) if path is not None else None
            meant = _meant(change, gone) if gone is not None else None
            if path is None or gone is None or meant is None or may_be_made(run.stage, call.command, path):
                continue
            if not runs_script_above(run.stage, call.command):
                yield path, _problem(run, call, text, gone, meant)


def _meant(change: DockerfileChange, gone: Absent) -> str | None:
    """Return the folder of a project beside it that has nearly its name: `my-shop` for `my_shop`."""
    files = change.repository.context_files(change.path) or ()
    parent, name = posixpath.split(gone.path)
    beside = {
        posixpath.basename(folder)
        for file in files
        for folder, base in [posixpath.split(file)]
        if base in _MANIFESTS and folder and posixpath.dirname(folder) == parent
    }
    same = [one for one in sorted(beside) if index_name(one) == index_name(name)]
    return same[0] if len(same) == 1 else nearest(name, sorted(beside), slips=1)


def _problem(run: Run, call: PackageCall, text: str, gone: Absent, meant: str) -> Problem:
    copy = gone.copy.instruction
    return Problem(
        call.command.span,
        f"{run.stage.label} runs {quote(str(call.command))}, which installs the folder {quote(text)}. Only "
        f"{quote(str(copy))} (line {copy.line}) can bring that, and {gone.lack}. The build stops here. It has "
        f"{quote(posixpath.join(posixpath.dirname(gone.path), meant))}: name that.",
        Confidence.LIKELY,
        doubt="something may write it into the build context first",
        instruction=run.instruction,
        stage=run.stage.key,
        key=gone.path,
        decision=gone.path,
    )
