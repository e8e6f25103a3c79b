"""The file of the project without which a build tool stops: `go.mod`, `Cargo.toml`, `pom.xml`, `CMakeLists.txt`."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.copying.named_manifests import elsewhere
from rules.model.puts import folders_of
from rules.model.work_folders import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Run

_ELSEWHERE = {"cargo": ("--git", "--config"), "mvn": ("-f", "--file")}
"""Further options that name the file, or another folder; `named_manifests` has those of installs."""

_VERBS = {
    "cargo": frozenset({"build", "b", "fetch", "check", "test", "vendor", "clippy"}),
    "mix": frozenset({"deps.get", "deps.compile", "compile", "release", "assets.deploy"}),
}
_OF_MODULES = frozenset({"download", "verify", "vendor", "tidy"})
_PHASES = frozenset(
    "clean validate compile test package verify install deploy dependency:go-offline dependency:resolve "
    "dependency:resolve-plugins spring-boot:repackage".split()
)
"""What of Maven's reads a project (Maven, "Introduction to the Build Lifecycle"); other goals may do without one."""
_IN_ITS_FOLDER = frozenset({"pom.xml", "mix.exs", "CMakeLists.txt"})
"""Those that are not looked for in the folders above."""


def manifests_of(run: Run) -> Iterator[tuple[Command, str]]:
    """Yield the build tools' calls of a RUN that stop without the project's file, with the path of that."""
    for command in run.calls("go", "cargo", "mvn", "mix", "cmake"):
        name = _manifest(command)
        folder = folder_of(run, command) if name is not None else None
        if name is None or folder is None or command.conditional or command.has(*_elsewhere(command)):
            continue
        path = posixpath.normpath(posixpath.join(folder, name))
        if posixpath.basename(name) in _IN_ITS_FOLDER or not _stands_above(run, path):
            yield command, path


def _elsewhere(command: Command) -> tuple[str, ...]:
    return (*elsewhere(command.name), *_ELSEWHERE.get(command.name, ()))


def _manifest(command: Command) -> str | None:
    """Return the name of the file that a command cannot do without."""
    words = [word.value for word in command.args]
    verb = command.subcommand
    match command.name:
        case "go" if verb == "mod" and _OF_MODULES.intersection(words) and not any("@" in word for word in words):
            return "go.mod"
        case "cargo" if verb in _VERBS["cargo"]:
            return "Cargo.toml"
        case "mvn" if _PHASES.intersection(words):
            return "pom.xml"
        case "mix" if verb in _VERBS["mix"]:
            return "mix.exs"
        case "cmake":
            return _of_cmake(command)
        case _:
            return None


def _of_cmake(command: Command) -> str | None:
    """Return the file in the folder that `-S` names (cmake(1)); without it, a folder may be one of a build."""
    folder = command.option("-S")
    return posixpath.join(folder, "CMakeLists.txt") if folder and "$" not in folder else None


def _stands_above(run: Run, path: str) -> bool:
    """Whether it is in a folder above, where Go and Cargo look for it as well (their references)."""
    name = posixpath.basename(path)
    above = [folder for folder in folders_of(posixpath.dirname(path)) if folder != posixpath.dirname(path)]
    return any(run.stage.files.at(posixpath.join(folder or "/", name)) for folder in above)
