"""Commands that build the package of a Python project out of its folder, as an install of the project does."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.installs.calls import install_folder, installs_in
from rules.model.work_folders import folder_of, path_of
from rules.packages.versions.tools import has_newest_poetry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, PackageCall, Run

_ARCHIVES = (".whl", ".gz", ".zip", ".bz2", ".xz")
_PARTS = (
    "--only", "--only-dev", "--only-group", "--only-root", "--package", "--all-packages", "--project", "--directory",
    "--script", "--no-install-package",
)  # fmt: skip
"""Options with which a manager builds less than the project, or another one (the references of uv, Poetry and PDM)."""
LEAVES_OUT = ("--no-install-project", "--no-install-workspace", "--no-install-local", "--no-root", "--no-self")
"""Options with which a manager installs what a project needs, and not the project (the same references)."""
_WHOLE = {("uv", "sync"), ("uv", "build"), ("poetry", "install"), ("poetry", "build"), ("pdm", "install")}
_WHOLE |= {("pdm", "sync"), ("pdm", "build")}

_WITHOUT = {
    ("uv", "sync"): "--no-install-project",
    ("poetry", "install"): "--no-root",
    **dict.fromkeys((("pdm", "install"), ("pdm", "sync")), "--no-self"),
}


class ProjectBuild(NamedTuple):
    """A command that builds a project's package.

    Attributes:
        command: The command.
        folder: Where the project lies in the image, absolute.
        without: The option with which it installs the dependencies alone; empty where it has none.
    """

    command: Command
    folder: str
    without: str = ""


def project_builds(run: Run) -> Iterator[ProjectBuild]:
    """Yield the commands of a RUN that build a project's package, where the project's folder is known.

    Poetry builds it in `poetry install`; only Poetry 2 stops where that fails (tried: 1.8.5 warns, and ends well).
    """
    apart = {install.call.command.start for install in installs_in(run) if install.call.manager not in ("pip", "uv")}
    for call in run.package_calls:
        if call.command.start in apart or call.command.conditional:
            continue
        folder = _folder(run, call)
        if folder is not None:
            yield ProjectBuild(call.command, folder, _WITHOUT.get((call.manager, call.verb), ""))
    for command in run.commands:
        folder = folder_of(run, command) if _builds_package(command) and not command.conditional else None
        if folder is not None:
            yield ProjectBuild(command, folder)


def _folder(run: Run, call: PackageCall) -> str | None:
    """Return the folder of the project that a call builds."""
    if call.manager in ("pip", "uv") and call.verb.removeprefix("pip ") in ("install", "wheel"):
        named = (package.name.partition("[")[0] for package in call.packages if package.kind == "path")
        plain = (name for name in named if not name.endswith(_ARCHIVES) and not any(mark in name for mark in "*?$~"))
        paths = (path_of(run, call.command, name) for name in plain)
        return next((posixpath.normpath(path) for path in paths if path is not None), None)
    if (call.manager, call.verb) not in _WHOLE or call.packages or call.has(*_PARTS) or leaves_project_out(call):
        return None
    if call.manager == "poetry" and call.verb == "install" and not has_newest_poetry(run.stage):
        return None
    return install_folder(run, call)


def leaves_project_out(call: PackageCall) -> bool:
    """Tell whether an install of a project brings what it needs, and not the project itself."""
    variables = ("UV_NO_INSTALL_PROJECT", "UV_NO_INSTALL_WORKSPACE", "PDM_NO_SELF")
    return call.has(*LEAVES_OUT) or any(call.env.get(name) for name in variables)


def _builds_package(command: Command) -> bool:
    """Whether a command makes a package of the project in the folder that it works in (pypa/build, "CLI")."""
    words = [word.value for word in command.args]
    if command.name.startswith("python") and words[:2] == ["-m", "build"]:
        words = words[2:]
    elif command.name != "pyproject-build":
        return False
    return not [word for word in words if not word.startswith("-") and word not in (".", "./")]
