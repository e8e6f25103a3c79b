"""See editable_source_left_behind.md.

uv's guide to Docker ("Non-editable installs"), pip's and Poetry's manuals say what an editable install leaves in the
environment: the path of the sources.
"""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Note,
    Problem,
    Severity,
    Stage,
    insert_after,
    quote,
    rule,
    within,
)
from rules.copying.python.editable_installs import Editable, editable_install
from rules.copying.python.environments import environments

_MODULE = re.compile(r"([A-Za-z_]\w*)(?:\.\w+)*(?::\w+(?:\(\))?)?$")


@rule(
    "editable-source-left-behind",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY",),
    mentions=("venv", "uv", "poetry", "pdm"),
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
            found = editable_install(change, builder)
            if found is None or _is_found_where_it_starts(stage):
                continue
            if not _is_brought(stage, copy, found, taken.path):
                yield _problem(stage, copy, builder, found)


def _is_found_where_it_starts(stage: Stage) -> bool:
    """Whether the container starts a module by its name, in a folder that has it: Python looks there first."""
    folder = stage.image.workdir.value
    for setting in stage.image.start_command if folder is not None else ():
        words = setting.value.text.split() if setting.value is not None else []
        found = [_MODULE.match(word) for word in words[1:]]
        tops = {module[1] for module in found if module is not None and (":" in module[0] or "-m" in words)}
        for top in tops:
            puts = stage.files.covering(posixpath.join(folder or "/", top))
            if any(put.tree and put.kind in ("context", "stage") for put in puts):
                return True
    return False


def _is_brought(stage: Stage, copy: Copy, found: Editable, environment: str) -> bool:
    """Whether a folder that may hold the sources comes along, or one that another install puts in their place."""
    if any(call.action in ("install", "sync") for run in stage.runs for call in run.package_calls if call.project):
        return True
    parts = _parts_of_sources(found)
    return any(
        put.tree and put.kind != "workdir" and put.step is not copy and not within(put.path, environment)
        for put in stage.files.covering(found.folder)
        if parts is None or _first_below(found.folder, put.path) in parts
    )


def _parts_of_sources(found: Editable) -> frozenset[str] | None:
    """Return the folders of the project that its install saw, by their names; `None` where it may have seen others."""
    run = found.run
    again = (call for later in run.stage.runs if later.at > run.at for call in later.package_calls)
    if any(mount.type == "bind" for mount in run.mounts) or any(call.has("-e", "--editable") for call in again):
        return None
    puts = [put for put in run.stage.files.covering(found.folder) if put.tree and put.step.at < run.at]
    parts = [_first_below(found.folder, put.path) for put in puts if put.kind != "workdir"]
    return frozenset({*filter(None, parts), *found.sources, ""}) if all(parts) else None


def _first_below(folder: str, path: str) -> str:
    """Return the first name of a path below a folder; empty where the path is that folder, or one around it."""
    return posixpath.relpath(path, folder).split("/")[0] if within(path, folder) and path != folder else ""


def _problem(stage: Stage, copy: Copy, builder: Stage, found: Editable) -> Problem:
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
