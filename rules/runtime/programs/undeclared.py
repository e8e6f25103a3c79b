"""A script of package.json that starts a program of a package which the project does not ask for."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, quote
from rules.runtime.languages.node_manifest import calls, manifest_of
from rules.runtime.languages.node_modules import is_named, needed

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Stage
    from rules.packages.projects.package_json import Manifest
    from rules.runtime.starts.instructions import Written

_ON_THEIR_OWN = {
    **dict.fromkeys(("pm2", "pm2-runtime", "pm2-docker"), "pm2"),
    **{name: name for name in ("cross-env", "env-cmd", "forever", "nodemon")},
    "dotenv": "dotenv-cli",
}
"""Programs of packages that people ask for themselves, and that hardly any other package brings along."""
_PARTS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "bundledDependencies")


def undeclared_program(change: DockerfileChange, found: Written) -> Problem | None:
    """Return the problem of a start that needs such a program, where neither package.json nor an install names it."""
    stage, manifest = found.stage, manifest_of(change, found.stage)
    if manifest is None or not _is_whole(change, manifest) or not _is_plain(stage):
        return None
    for call in calls(change, found):
        for need in needed(call.words, manifest):
            package = _ON_THEIR_OWN.get(need.name) if need.kind == "program" else None
            if package is None or package in manifest.packages(*_PARTS) or is_named(stage, package, need.name):
                continue
            if stage.runtime.is_copied(need.name):
                continue
            return Problem(
                found.instruction.span,
                f"{stage.label} starts {quote(' '.join(call.words), 60)}, which needs {quote(need.name)}, and nothing "
                f"brings that: {quote(package)} is none of the dependencies in {quote(manifest.path)}, and no "
                f"instruction installs it. The container exits with “{need.name}: not found”. Add {quote(package)} to "
                "`dependencies`.",
                Confidence.LIKELY,
                doubt="another package may bring it along",
                stage=stage.key,
                key=package,
            )
    return None


def _is_whole(change: DockerfileChange, manifest: Manifest) -> bool:
    """Whether a package.json says all that the project asks for: the context's own, and no part of a workspace."""
    folder = posixpath.dirname(manifest.path)
    return "workspaces" not in manifest.data and folder == (change.repository.context_of(change.path) or "")


def _is_plain(stage: Stage) -> bool:
    """Whether the image is Node.js' own, and all that is installed is told by its name."""
    calls_made = (call for run in stage.all_runs for call in run.package_calls)
    variable = any("$" in package.name for call in calls_made for package in call.packages)
    plain = stage.facts is not None and stage.facts.name == "node"
    return plain and not variable and not stage.files.has_unreadable_run
