"""Lock files of uv that belong to a project of another name, at which `uv sync --locked` and `--frozen` stop.

Tried with uv 0.4.30, 0.5.31, 0.7.22, 0.9.0 and 0.13.9, `--no-install-project` included: "needs to be updated", "Missing
workspace member", or "Could not find root package".
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.installs.calls import install_folder
from rules.facts.python_names import index_name
from rules.packages.developers.parts import read_toml, table
from rules.packages.locks.manifest_edits import is_edited_before
from rules.packages.projects.texts import text_in_image

if TYPE_CHECKING:
    from rules.api import DockerfileChange, PackageCall, Run

_OWN = ("editable", "virtual", "directory")
"""What a lock file says of the packages that are folders of the project (docs.astral.sh/uv, "Locking and syncing")."""
_ELSEWHERE = ("--script", "--package", "--all-packages", "--project", "--directory")


class ForeignLock(NamedTuple):
    """A lock file that was made for a project of another name.

    Attributes:
        locked: The project that it was made for.
        project: The one that the manifest describes.
    """

    locked: str
    project: str


def foreign_lock(change: DockerfileChange, run: Run, call: PackageCall) -> ForeignLock | None:
    """Return the names of both projects, where an install of uv reads a lock file that does not know its own."""
    folder = install_folder(run, call) if call.manager == "uv" and call.verb == "sync" else None
    if folder is None or call.has(*_ELSEWHERE):
        return None
    if any(is_edited_before(run, call, name) for name in ("pyproject.toml", "uv.lock")):
        return None
    texts = [text_in_image(change, run, posixpath.join(folder, name)) for name in ("pyproject.toml", "uv.lock")]
    manifest, lock = (read_toml(text or "") for text in texts)
    name, packages = table(manifest, "project").get("name"), lock.get("package")
    if not isinstance(name, str) or not isinstance(packages, list):
        return None
    own = {str(package.get("name")): table(package, "source") for package in packages if isinstance(package, dict)}
    own = {package: source for package, source in own.items() if any(kind in source for kind in _OWN)}
    root = [package for package, source in own.items() if "." in (source.get("editable"), source.get("virtual"))]
    if len(root) != 1 or any(index_name(package) == index_name(name) for package in own):
        return None
    return ForeignLock(root[0], name)
