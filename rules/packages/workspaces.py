"""The packages of a workspace, which a file may copy one by one."""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rules.model.puts import within
from rules.packages.project_files import WORKSPACES, brought, copies_before

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.steps import Run


def may_lack_workspaces(change: DockerfileChange, run: Run) -> bool:
    """Tell whether COPYs bring a project's workspaces one by one, and perhaps not all of them before a RUN."""
    before = [(source, copy.source_path(source) or "") for copy, source in copies_before(run)]
    if any(source.is_root for source, _ in before):
        return False
    there = [path for _, path in before if _is_manifest(path) or path.split("/")[0] in WORKSPACES]
    later = (copy.source_path(source) or "" for copy, source in brought(run.stage).sources[len(before) :])
    if not there and not any(_is_manifest(path) or path.split("/")[0] == "packages" for path in later):
        return False
    files = change.repository.context_files(change.path)
    if files is None:
        return True
    manifests = (name for name in files if name.endswith("/package.json"))
    return any(not any(within(f"/{name}", f"/{path}") for path in there) for name in manifests)


def _is_manifest(path: str) -> bool:
    """Whether a path of the build context names, perhaps by a pattern, the manifest of a package below the project."""
    folder, name = posixpath.split(path)
    return bool(folder) and fnmatchcase("package.json", name)
