"""Installs of npm packages by name that bring all of the project that they run beside."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.copying.installs.calls import install_folder
from rules.globs import matches
from rules.packages.projects.files import MANIFESTS
from rules.packages.projects.texts import text_in_image
from rules.packages.versions.tools import node_major

if TYPE_CHECKING:
    from rules.api import DockerfileChange, PackageCall, Run

_FIRST_NODE = 8
"""It came with npm 5; the npm before it added what was named and left the rest of the tree alone."""
_ADDS_OR_ASKS = ("--save-dev", "--dry-run", "--package-lock-only", "--workspace", "--workspaces", "--prefix")
"""Options with which it adds to the developers' packages itself, installs nothing, or goes elsewhere."""


def brings_project(change: DockerfileChange, run: Run, call: PackageCall) -> bool:
    """Tell whether `npm install <name>` installs what the `package.json` beside it asks for, too.

    Without `-g` npm brings the whole tree up to date with the manifest (docs.npmjs.com, "npm install"); tried with npm
    6.14 and 11, which both bring the packages for developers that an `npm ci --omit=dev` above had left out.
    """
    if call.manager != "npm" or call.action != "install" or call.project or not call.packages or call.global_:
        return False
    major = node_major(run.stage)
    if (
        call.has(*_ADDS_OR_ASKS)
        or call.option("--prefix", "--workspace")
        or (major is not None and major < _FIRST_NODE)
    ):
        return False
    folder = install_folder(run, call)
    return folder is not None and _is_beside(change, run, posixpath.join(folder, MANIFESTS["npm"]))


def _is_beside(change: DockerfileChange, run: Run, manifest: str) -> bool:
    """Whether the manifest lies there when a RUN begins: it was read, or a copy out of a stage names it."""
    if text_in_image(change, run, manifest) is not None:
        return True
    handed = (put for put in run.stage.files.covering(manifest) if put.kind == "stage" and put.step.at < run.at)
    return any(matches(posixpath.basename(manifest), (posixpath.basename(put.source),)) for put in handed)
