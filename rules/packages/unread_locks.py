"""Lock files that are copied for an install of pip's, which reads none of them."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.api import Confidence, Note, Problem, quote
from rules.copying.installs import install_folder
from rules.packages.options import spelled
from rules.packages.project_files import copied
from rules.packages.purpose import is_for_development

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Copy, DockerfileChange, PackageCall, Run, Stage

_LOCKS = {"uv.lock": "uv", "poetry.lock": "poetry", "pdm.lock": "pdm"}
"""Lock file to the one program that reads it; pip knows none of them (pip's documentation, "pip install")."""
_INSTEAD = {"uv": "uv sync --locked", "poetry": "poetry sync", "pdm": "pdm sync"}
_HERE = re.compile(r"\.?/?(?:\[[^\]]*\])?")
"""The project that pip installs: `.`, `./`, `.[server]`."""
_DECIDES = ("--no-deps", "--requirement", "--constraint", "--no-index", "--find-links")


def unread_locks(change: DockerfileChange) -> Iterator[Problem]:
    """Yield the installs of a project by pip beside which its lock file is copied by name, and nothing reads it."""
    for stage, run, call in change.after.layers.needed_calls:
        if not _installs_project(call) or is_for_development(change, stage):
            continue
        for lock, program in _LOCKS.items():
            copy = _copy_of(run, lock) if copied(run, lock, install_folder(run, call)) is not None else None
            if copy is None or re.search(rf"(?<![\w.]){program}(?!\w|\.lock)", change.after.code):
                continue
            yield _problem(stage, call, copy, lock)


def _problem(stage: Stage, call: PackageCall, copy: Copy, lock: str) -> Problem:
    return Problem(
        call.command.span,
        f"{stage.label} installs without its lock file: {quote(spelled(call))} does not read {quote(lock)}, which line "
        f"{copy.instruction.line} copies, and takes the newest versions that `pyproject.toml` allows. What ships is "
        f"then not what was tested, and nobody sees it. {quote(_INSTEAD[_LOCKS[lock]])} installs what it says.",
        Confidence.LIKELY,
        doubt="the program itself may read it",
        stage=stage.key,
        key=lock,
        notes=(Note(copy.instruction.span, "copied here"),),
    )


def _copy_of(run: Run, name: str) -> Copy | None:
    copies = (copy for copy in run.stage.all_copies if copy.at < run.at and copy.from_context)
    return next(
        (one for one in copies if any(posixpath.basename(each.path or "") == name for each in one.sources)), None
    )


def _installs_project(call: PackageCall) -> bool:
    if call.manager != "pip" or call.verb != "install" or call.has(*_DECIDES) or call.env.get("PIP_CONSTRAINT"):
        return False
    return any(package.kind == "path" and _HERE.fullmatch(package.word.value) for package in call.packages)
