"""Builds of which nothing is left to ship, as the Makefile or the sources show."""

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
OF_GO = frozenset({"build", "install", "test", "vet"})
"""What Go compiles by."""
_MAIN = re.compile(r"^package[ \t]+main\b", re.MULTILINE)
_ELSEWHERE = ("-C", "--directory", "-f", "--file", "--makefile")


def builds_nothing(change: DockerfileChange, run: Run, command: Command) -> bool:
    """Tell whether `make` only copies and installs scripts, as the Makefile says, or Go only checks a library."""
    if command.name == "go":
        return checks_library(change, command)
    if command.name != "make" or command.has(*_ELSEWHERE):
        return False
    text = next(filter(None, (_text(change, run, command, name) for name in _MAKEFILES)), None)
    return text is not None and _MAY_COMPILE.search(text) is None


def checks_library(change: DockerfileChange, command: Command) -> bool:
    """Tell whether a command of Go compiles packages of which none is a program, and drops what it made.

    “When compiling multiple packages or a single non-main package, build compiles the packages but discards the
    resulting object” (go help build). Programs lie in a `main.go`, below `cmd/`, or say `package main`.
    """
    if command.name != "go" or command.has("-o") or command.subcommand not in OF_GO:
        return False
    names = change.repository.context_files(change.path) or ()
    sources = [name for name in names if name.endswith(".go") and not name.endswith("_test.go")]
    context = change.repository.context_of(change.path) or ""
    texts = (change.repository.text(posixpath.join(context, name)) or "" for name in sources)
    named = any(posixpath.basename(name) == "main.go" or "cmd" in name.split("/")[:-1] for name in sources)
    return bool(sources) and not named and not any(_MAIN.search(text) for text in texts)


def _text(change: DockerfileChange, run: Run, command: Command, name: str) -> str | None:
    """Return a file of the folder that a command works in, where the build context brought that and it was read."""
    place = context_folder(run, folder_of(run, command))
    path = in_repository(change, posixpath.join(place, name)) if place is not None else None
    return change.repository.text(path) if path is not None else None
