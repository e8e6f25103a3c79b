"""Installs of a project that leave a pointer to its sources in the environment, and no copy of them.

uv's guide to Docker ("Non-editable installs") and Poetry's and PDM's manuals say so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.python.build_inputs import is_package, name_of
from rules.model.work_folders import folder_of
from rules.packages.projects.texts import manifest_text

if TYPE_CHECKING:
    from rules.api import DockerfileChange, PackageCall, Run, Stage

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


class Editable(NamedTuple):
    """An install of the project that leaves a pointer to its sources.

    Attributes:
        run: The RUN.
        call: The install.
        folder: The project's, absolute.
        sources: What the folder with the sources may be called there.
    """

    run: Run
    call: PackageCall
    folder: str
    sources: frozenset[str]


def editable_install(change: DockerfileChange, builder: Stage) -> Editable | None:
    """Return the last install of the project in a stage, if that is an editable one."""
    found = None
    for run in builder.done_runs:
        for call in run.package_calls:
            kind = _kind(change, run, call)
            folder = folder_of(run, call.command)
            if kind is not None:
                sources = _sources(manifest_text(change, run, call) or "")
                found = Editable(run, call, folder, sources) if kind and folder is not None else None
    return found


def _sources(manifest: str) -> frozenset[str]:
    """Return what folders a project keeps its sources in by custom: `src`, or one with the project's name."""
    name = name_of(manifest)
    own = (re.sub(r"[-.]", "_", name).lower(),) if name is not None else ()
    return frozenset({"src", "packages", *own})


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
    return True if is_package(text) else None
