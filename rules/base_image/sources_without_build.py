"""Builds that compile nothing, as the Makefile shows."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.model.work_folders import folder_of
from rules.packages.projects.files import context_folder, in_repository

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.dockerfile.shell.script import Command
    from rules.model.steps import Run

_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_MAY_COMPILE = re.compile(
    r"^\s*-?include\b|\.o\b|\$[({](?:CC|CXX|CPP|LD|GO|CARGO|MAKE|NPM|YARN)\b|"
    r"(?<![\w./-])(?:gcc|g\+\+|cc|c\+\+|clang\+*|ld|go|cargo|rustc|zig|ghc|cabal|stack|dune|ocaml\w*|javac|mvn|gradle|ant|"
    r"sbt|dotnet|npm|npx|yarn|pnpm|bun|tsc|webpack|cmake|ninja|meson|scons|bazel|nvcc|gfortran|swift)(?![\w-])",
    re.MULTILINE,
)
"""What a Makefile says that compiles, bundles, or runs what may."""
_ELSEWHERE = ("-C", "--directory", "-f", "--file", "--makefile")


def builds_nothing(change: DockerfileChange, run: Run, command: Command) -> bool:
    """Tell whether `make` only copies and installs scripts, as the Makefile says where it was read."""
    if command.name != "make" or command.has(*_ELSEWHERE):
        return False
    text = next(filter(None, (_text(change, run, command, name) for name in _MAKEFILES)), None)
    return text is not None and _MAY_COMPILE.search(text) is None


def _text(change: DockerfileChange, run: Run, command: Command, name: str) -> str | None:
    """Return a file of the folder that a command works in, where the build context brought that and it was read."""
    place = context_folder(run, folder_of(run, command))
    path = in_repository(change, posixpath.join(place, name)) if place is not None else None
    return change.repository.text(path) if path is not None else None
