"""Installs of Python packages in a builder whose results the image takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.copying.installs.calls import packages_folder
from rules.copying.outputs.machine_code import may_hold_modules
from rules.copying.python.install_places import place_of_call
from rules.model.puts import within
from rules.model.work_folders import path_of
from rules.packages.pins.asked_packages import ACTIONS, MANAGERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Copy, PackageCall, Run, Stage

_OWN = "/usr/local"
"""Where the official images of Python have their packages."""


def taken_installs(stage: Stage) -> Iterator[tuple[Stage, Run, PackageCall]]:
    """Yield the installs of Python packages, each with its builder, that fill a folder which a COPY takes."""
    takes = [copy for copy in stage.all_copies if not copy.deferred and may_hold_modules(stage, copy)]
    for copy in takes:
        builder = copy.from_stage
        for run, call in builder.packages.calls if builder is not None else ():
            if call.manager in MANAGERS and builder is not None and _is_taken(copy, builder, run, call):
                yield builder, run, call


def _is_taken(copy: Copy, builder: Stage, run: Run, call: PackageCall) -> bool:
    """Whether a COPY takes the folder into which a call installs, or builds wheels."""
    if call.action == "build":
        written = call.option("--wheel-dir", "-w")
        folder = path_of(run, call.command, written) if written is not None else run.workdir.value
    elif call.action in ACTIONS:
        place = place_of_call(builder, run, call)
        folder = place.path if place is not None else _own(run, call)
    else:
        return False
    paths = [copy.source_path(source) or "" for source in copy.sources]
    return bool(folder) and any(
        within(folder or "", path) or ("-packages" in path and within(path, folder or ""))
        for path in filter(None, paths)
    )


def _own(run: Run, call: PackageCall) -> str | None:
    """Return where an install puts packages that no environment takes; Poetry and PDM make one in a place unseen."""
    if call.verb in ("install", "pip install") and call.manager in ("pip", "uv"):
        return _OWN
    return packages_folder(run, call)
