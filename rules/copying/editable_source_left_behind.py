"""See editable_source_left_behind.md.

uv's guide to Docker ("Non-editable installs"), pip's and Poetry's manuals say what an editable install leaves in the
environment: the path of the sources.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Note,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    insert_after,
    quote,
    rule,
    within,
)
from rules.copying.environments import environments
from rules.copying.installs import folder_of
from rules.packages.project_files import manifest_text

_LEFT_OUT = (
    "--no-editable",
    "--no-install-project",
    "--no-install-workspace",
    "--no-root",
    "--no-self",
    "--only-group",
    "--script",
)
"""Options with which uv, Poetry and PDM do not install the project, or not as a pointer."""
_SETTINGS = ("UV_NO_EDITABLE", "UV_NO_INSTALL_PROJECT", "UV_NO_INSTALL_WORKSPACE", "PDM_NO_EDITABLE", "PDM_NO_SELF")
_NO_PACKAGE = re.compile(r"(?m)^\s*package(?:-mode)?\s*=\s*false")
_PACKAGE = re.compile(r"(?m)^\s*\[build-system\]|^\s*package\s*=\s*true")


class _Editable(NamedTuple):
    """An install of the project that leaves a pointer to its sources.

    Attributes:
        run: The RUN.
        call: The install.
        folder: The project's, absolute.
    """

    run: Run
    call: PackageCall
    folder: str


@rule(
    "editable-source-left-behind",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY",),
    mentions=("venv", "uv sync", "poetry", "pdm"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An environment is copied that points to the project's sources, and those are left behind."""
    for stage in change.stages:
        if "PYTHONPATH" in stage.image.env:
            continue
        for copy in stage.copies:
            builder = copy.from_stage
            paths = {copy.source_path(source) for source in copy.sources}
            taken = next((e for e in environments(builder) if e.path in paths), None) if builder is not None else None
            if builder is None or taken is None or copy.deferred or copy.destination != taken.path:
                continue
            found = _editable(change, builder)
            if found is not None and not _is_brought(stage, copy, found.folder, taken.path):
                yield _problem(stage, copy, builder, found)


def _editable(change: DockerfileChange, builder: Stage) -> _Editable | None:
    """Return the last install of the project in a stage, if that is an editable one."""
    found = None
    for run in builder.done_runs:
        for call in run.package_calls:
            kind = _kind(change, run, call)
            folder = folder_of(run, call.command)
            if kind is not None:
                found = _Editable(run, call, folder) if kind and folder is not None else None
    return found


def _kind(change: DockerfileChange, run: Run, call: PackageCall) -> bool | None:
    """Tell whether a call installs the project as a pointer, or whole; `None` where it does not install the project."""
    if call.action not in ("install", "sync") or call.command.conditional:
        return None
    if call.manager not in ("uv", "poetry", "pdm") or call.verb.startswith("pip"):
        return None
    if any(call.env.get(name) for name in _SETTINGS) or call.has(*_LEFT_OUT):
        return False if call.has("--no-editable") or call.env.get("UV_NO_EDITABLE") else None
    text = manifest_text(change, run, call)
    if text is None or not call.project or call.packages:
        return None
    is_package = bool(_PACKAGE.search(text)) and not _NO_PACKAGE.search(text)
    return True if is_package else None


def _is_brought(stage: Stage, copy: Copy, folder: str, environment: str) -> bool:
    """Whether a folder that may hold the sources comes along, or one that another install puts in their place."""
    if any(call.action in ("install", "sync") for run in stage.runs for call in run.package_calls if call.project):
        return True
    return any(
        put.tree and put.kind != "workdir" and put.step is not copy and not within(put.path, environment)
        for put in stage.files.covering(folder)
    )


def _problem(stage: Stage, copy: Copy, builder: Stage, found: _Editable) -> Problem:
    call = found.call
    uses_uv = call.manager == "uv"
    way_out = "Install it with `--no-editable`, or copy the sources too." if uses_uv else "Copy the sources too."
    edit = insert_after(call.command.source, call.command.words[-1], " --no-editable") if uses_uv else None
    return Problem(
        copy.instruction.span,
        f"{stage.label} takes the environment out of {builder.label}, where {quote(str(call.command))} (line "
        f"{call.command.line}) installed the project itself as a pointer to {quote(found.folder)}. Nothing brings the "
        f"sources there, so the project cannot be imported. {way_out}",
        Confidence.LIKELY,
        doubt="a volume may bring the sources",
        instruction=copy.instruction,
        stage=stage.key,
        key=found.folder,
        notes=(Note(call.command.span, "installed here"),),
        fix=Fix("Install the project whole", (edit,)) if edit is not None else None,
    )
