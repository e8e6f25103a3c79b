"""The file of the project without which a build tool stops: `go.mod`, `Cargo.toml`, `pom.xml`, `CMakeLists.txt`."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.copying.installs.looked_up import stands_above
from rules.copying.installs.named_manifests import elsewhere
from rules.model.work_folders import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Run, ShellWord

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
_OF_PACKAGES = frozenset({"build", "install", "test", "vet", "generate"})
_VALUED = frozenset(
    "-o -ldflags -gcflags -asmflags -gccgoflags -tags -mod -modfile -installsuffix -p -C -buildmode -compiler -pkgdir "
    "-toolexec -overlay -pgo -covermode -coverpkg -run -count -timeout".split()
)
"""Options of `go build` and `go test` that take the next word (`go help build`, `go help testflag`)."""
_NODE = ("npm", "yarn", "pnpm", "bun")
_TOOLS = ("go", "cargo", "mvn", "mix", "cmake", *_NODE)
_IN_ITS_FOLDER = frozenset({"pom.xml", "mix.exs", "CMakeLists.txt"})
"""Those that are not looked for in the folders above."""


def manifests_of(run: Run) -> Iterator[tuple[Command, str]]:
    """Yield the build tools' calls of a RUN that stop without the project's file, with the path of that."""
    for command in run.calls(*_TOOLS):
        name = _manifest(command)
        folder = folder_of(run, command) if name is not None else None
        if name is None or folder is None or command.conditional or command.has(*_elsewhere(command)):
            continue
        path = posixpath.normpath(posixpath.join(folder, name))
        if _may_do_without(command) and not _is_beside_project(run, folder):
            continue
        if posixpath.basename(name) in _IN_ITS_FOLDER or not stands_above(run, path):
            yield command, path


def _elsewhere(command: Command) -> tuple[str, ...]:
    return (*elsewhere(command.name), *_ELSEWHERE.get(command.name, ()))


def _manifest(command: Command) -> str | None:
    """Return the name of the file that a command cannot do without."""
    words = [word.value for word in command.args]
    verb = command.subcommand
    name: str | None = None
    match command.name:
        case "go" if verb == "mod" and _OF_MODULES.intersection(words) and not any("@" in word for word in words):
            name = "go.mod"
        case "go" if verb in _OF_PACKAGES and all(map(_is_here, command.operands(_VALUED)[1:])):
            name = "go.mod"
        case "npm" | "yarn" | "pnpm" | "bun" if verb in ("run", "run-script") and len(words) > 1:
            name = "package.json"
        case "cargo" if verb in _VERBS["cargo"]:
            name = "Cargo.toml"
        case "mvn" if _PHASES.intersection(words):
            name = "pom.xml"
        case "mix" if verb in _VERBS["mix"]:
            name = "mix.exs"
        case "cmake":
            name = _of_cmake(command)
    return name


def _is_here(word: ShellWord) -> bool:
    """Whether a package is named by its folder below the one that the command runs in."""
    return word.value == "." or (
        word.value.startswith("./") and not word.value.endswith(".go") and "$" not in word.value
    )


def _may_do_without(command: Command) -> bool:
    """Whether it may work without the file where other files are: Go without modules, a script that npm finds above."""
    return command.name in _NODE or (command.name == "go" and command.subcommand != "mod")


def _is_beside_project(run: Run, folder: str) -> bool:
    """Whether nothing above is put into the folder or below it, while the whole project is put somewhere."""
    files = run.stage.files
    filled = any(put.kind != "workdir" and put.step.at < run.at for put in files.below(folder))
    return not filled and any(put.step.at < run.at for put in files.whole_trees)


def _of_cmake(command: Command) -> str | None:
    """Return the file in the folder that `-S` names (cmake(1)); without it, a folder may be one of a build."""
    folder = command.option("-S")
    return posixpath.join(folder, "CMakeLists.txt") if folder and "$" not in folder else None
