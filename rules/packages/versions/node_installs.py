"""The packages of npm that the projects in an image ask for, with the installs that brought them."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.copying.outputs.node_addons import fills_modules, installs_modules
from rules.model.puts import within
from rules.model.work_folders import folder_of
from rules.numbers import number_of
from rules.packages.libraries.native_needs import LAST_WITH_ENGINE
from rules.packages.projects.package_json import read_manifest
from rules.packages.projects.texts import manifest_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, PackageCall, Run, Stage

_STANDALONE = ".next/standalone"
"""Where `next build` puts the server with the modules that it has traced (nextjs.org, "output: standalone")."""
_WITHOUT_ENGINE = re.compile(r"--no-engine\b|\bengineType\b|\bqueryCompiler\b")
"""What makes Prisma's client do without an engine (its CLI reference, "generate", and its schema's generators)."""
_COMPOSE = re.compile(r"compose[^/]*\.ya?ml\Z")
_BROWSER = re.compile(rb"browserless|chrom(?:e|ium)\b|\bPUPPETEER_", re.IGNORECASE)


def node_packages(change: DockerfileChange, stage: Stage) -> Iterator[tuple[str, Stage, Run, PackageCall]]:
    """Yield what the project in an image asks for to run, each with the install that brought it."""
    for builder, run, call in _installs(stage):
        read = read_manifest(manifest_text(change, run, call))
        if read is None:
            continue
        beside = read.packages("dependencies")
        for name, version in read.table("dependencies").items():
            if not _needs_nothing(change, stage, name, str(version), beside):
                yield name, builder, run, call


def _installs(stage: Stage) -> Iterator[tuple[Stage, Run, PackageCall]]:
    for run, call in stage.packages.calls:
        if installs_modules(call):
            yield stage, run, call
    for copy in stage.all_copies:
        builder = copy.from_stage
        if builder is None or copy.deferred:
            continue
        paths = [path for source in copy.sources if (path := copy.source_path(source)) is not None]
        for run, call in builder.packages.calls:
            if any(_takes(path, run, call) for path in paths):
                yield builder, run, call


def _takes(path: str, run: Run, call: PackageCall) -> bool:
    """Whether a path of a builder has the modules of an install, or those that Next.js took of them."""
    if fills_modules(path, run, call):
        return True
    folder = folder_of(run, call.command)
    return installs_modules(call) and folder is not None and within(path, posixpath.join(folder, _STANDALONE))


def _needs_nothing(change: DockerfileChange, stage: Stage, name: str, version: str, beside: frozenset[str]) -> bool:
    """Whether a package does without what others of its name need: by its version, or as the project uses it."""
    files = change.repository.files
    if name == "@prisma/client":
        number = re.search(r"\d+", version)
        if (
            number is None
            or number_of(number[0]) > LAST_WITH_ENGINE
            or any("@prisma/adapter-" in one for one in beside)
        ):
            return True
        schemas = (files[path].decode("utf-8", "replace") for path in files if path.endswith(".prisma"))
        return any(_WITHOUT_ENGINE.search(text) for text in (stage.model.code, *schemas))
    if name == "puppeteer":
        return any(_BROWSER.search(files[path]) for path in files if _COMPOSE.search(path))
    return False
