"""The packages of a workspace, which a file may copy one by one."""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rules.model.puts import within
from rules.packages.projects.files import MANIFESTS, WORKSPACES, brought, copies_before
from rules.packages.versions.tools import has_modern_yarn

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.steps import Run


def stops_without_workspace(change: DockerfileChange, run: Run, call: PackageCall) -> bool:
    """Tell whether an install that holds to the lock file may stop because a workspace is not there.

    Yarn 2 and later, Bun and uv find the lock file changed where a workspace that it names is missing (measured with
    Bun 1.2 and uv, whose guide for Docker says so); npm installs the rest (measured with npm 11).
    """
    wants_all = call.manager in ("bun", "uv") or has_modern_yarn(run, call)
    return wants_all and _may_lack_workspaces(change, run, MANIFESTS[call.manager])


_CHOSEN_BY = {
    "npm": ("-w", "--workspace", "-ws", "--workspaces"),
    "uv": ("--package",),
}
"""Package manager to the options that name the workspaces to install for."""
_WITH_ROOT = ("--include-workspace-root", "-iwr")


def installs_workspaces_alone(call: PackageCall) -> bool:
    """Tell whether an install leaves out what the project's own manifest asks for: it names workspaces, and not it.

    Measured with npm 11 and uv 0.13; pnpm 10 installs for the workspace's root also where `--filter` names another.
    """
    chosen = call.has(*_CHOSEN_BY.get(call.manager, ()))
    root = any(word.value.removesuffix("=true") in _WITH_ROOT for word in call.command.args)
    return chosen and not root


def _may_lack_workspaces(change: DockerfileChange, run: Run, manifest: str) -> bool:
    """Whether COPYs bring a project's workspaces one by one, and perhaps not all of them before a RUN."""
    before = [(source, copy.source_path(source) or "") for copy, source in copies_before(run)]
    if any(source.is_root for source, _ in before):
        return False
    there = [path for _, path in before if _is_below(path, manifest) or path.split("/")[0] in WORKSPACES]
    later = (copy.source_path(source) or "" for copy, source in brought(run.stage).sources[len(before) :])
    if not there and not any(_is_below(path, manifest) or path.split("/")[0] == "packages" for path in later):
        return False
    files = change.repository.context_files(change.path)
    if files is None:
        return True
    manifests = (name for name in files if name.endswith(f"/{manifest}"))
    return any(not any(within(f"/{name}", f"/{path}") for path in there) for name in manifests)


def _is_below(path: str, manifest: str) -> bool:
    """Whether a path of the build context names, perhaps by a pattern, the manifest of a package below the project."""
    folder, name = posixpath.split(path)
    return bool(folder) and fnmatchcase(manifest, name)
