"""What a builder makes of a source tree that runs without it: a compiled program, a release, an installed package."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.outputs.binaries import builds_of
from rules.copying.outputs.dotnet_targets import published_to
from rules.copying.outputs.machine_code import is_data
from rules.copying.python.environments import environments
from rules.model.puts import within
from rules.model.search_path import path_folders
from rules.packages.projects.files import in_repository

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.api import Copy, DockerfileChange, PackageCall, Stage

_JAVA_BUILDS = frozenset("mvn mvnw gradle gradlew javac sbt ant".split())
_RELEASE = re.compile(r"^(?P<folder>.+/rel/[\w-]+)/bin/[\w-]+$")
_NAMES_A_FILE = re.compile(r"/|\.(?:py|ini|cfg|conf|toml|ya?ml|json)$")


class Made(NamedTuple):
    """What runs without the sources that it was made of.

    Attributes:
        path: In the builder, absolute.
        what: What a message says that it is.
        alone: Whether it is all that runs; else the program may read files beside it, by a path.
    """

    path: str
    what: str
    alone: bool = False


def made_program(change: DockerfileChange, stage: Stage, copy: Copy, tree: str) -> Made | None:
    """Return what a builder has made of a tree, where the shipped stage starts that; `None` where nothing shows it.

    Args:
        change: The change.
        stage: The stage that ships.
        copy: The COPY that takes the tree.
        tree: The folder that it takes, absolute, in the builder.
    """
    builder = copy.from_stage
    words = stage.image.start_line(own=True).split()
    if builder is None or not words or copy.destination is None:
        return None
    name = posixpath.basename(words[0])
    if name == "java":
        jar = next((word for word in words if word.endswith((".jar", ".war"))), None)
        found = _in_tree(change, stage, copy, tree, jar) if jar is not None and _ran(builder, *_JAVA_BUILDS) else None
        return Made(found, "which is what starts") if found is not None else None
    if name == "dotnet":
        found = _in_tree(change, stage, copy, tree, words[1]) if len(words) > 1 and words[1].endswith(".dll") else None
        folder = posixpath.dirname(found) if found is not None else tree
        published = folder != tree and folder in published_to(builder)
        return Made(folder, "which `dotnet publish` fills", alone=True) if published else None
    return _compiled(change, stage, copy, tree, words) or _installed(stage, copy, tree, words)


def _ran(builder: Stage, *names: str) -> bool:
    return any(run.calls(*names) for run in builder.done_runs)


def _in_tree(change: DockerfileChange, stage: Stage, copy: Copy, tree: str, word: str) -> str | None:
    """Return where the builder has a file that a word of the start command names, unless the repository has it."""
    path = posixpath.normpath(posixpath.join(stage.image.workdir.value or "/", word))
    folder = copy.destination or "/"
    if "$" in word or "*" in word or not within(path, folder) or path == folder:
        return None
    relative = posixpath.relpath(path, folder)
    known = in_repository(change, relative)
    if known is not None and change.repository.exists(known):
        return None
    return posixpath.join(tree, relative)


def _compiled(change: DockerfileChange, stage: Stage, copy: Copy, tree: str, words: Sequence[str]) -> Made | None:
    found = _in_tree(change, stage, copy, tree, words[0]) if "/" in words[0] and not is_data(words[0]) else None
    builder = copy.from_stage
    if found is None or builder is None:
        return None
    release = _RELEASE.match(found)
    if release is not None and any(
        run.calls("mix") and "release" in run.instruction.whole_value for run in builder.done_runs
    ):
        return Made(release["folder"], "which is the release", alone=True)
    in_environment = posixpath.basename(posixpath.dirname(found)) in ("bin", ".bin") and not builds_of(builder)
    return Made(found, "which is what starts") if builds_of(builder) and not in_environment else None


def _installed(stage: Stage, copy: Copy, tree: str, words: Sequence[str]) -> Made | None:
    """Return the virtual environment that the project itself is installed in, and no pointer to it."""
    builder = copy.from_stage
    if builder is None or any(_NAMES_A_FILE.search(word) for word in words[1:]):
        return None
    for environment in reversed(environments(builder)):
        path, folder = environment.path, copy.destination or "/"
        if not within(path, tree) or path == tree:
            continue
        there = posixpath.join(folder, posixpath.relpath(path, tree), "bin")
        program = words[0] if "/" in words[0] else posixpath.join(there, words[0])
        starts = posixpath.dirname(program) == there and ("/" in words[0] or there in (path_folders(stage) or ()))
        calls = [call for run in builder.done_runs for call in run.package_calls]
        if starts and any(map(_installs_project, calls)) and not any(call.editable for call in calls):
            return Made(path, "which holds the project too")
    return None


def _installs_project(call: PackageCall) -> bool:
    """Whether a call installs the project itself, as a copy."""
    if call.action not in ("install", "sync") or call.command.conditional:
        return False
    if call.manager in ("uv", "poetry", "pdm") and not call.verb.startswith("pip"):
        return call.has("--no-editable") or bool(call.env.get("UV_NO_EDITABLE"))
    return call.manager in ("pip", "uv") and any(package.kind == "path" for package in call.packages)
