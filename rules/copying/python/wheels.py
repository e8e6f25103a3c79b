"""The wheels that one stage makes with pip and another one installs."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.stages.mounts import mounted_stages
from rules.lazily import once
from rules.model.puts import within
from rules.model.work_folders import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Copy, Stage, Step


class Wheels(NamedTuple):
    """A folder of wheels that a stage takes out of the one that made them.

    Attributes:
        path: The folder, or a file in it, as the builder has it, absolute.
        builder: The stage that made them.
        step: The COPY, or the RUN that mounts the folder and installs from it.
        verb: How a message says what the step does: `copies`, `installs`.
    """

    path: str
    builder: Stage
    step: Step
    verb: str


def wheels_taken(stage: Stage) -> Iterator[Wheels]:
    """Yield what a stage itself takes of the wheels that other stages of the file made."""
    for copy in stage.copies:
        if copy.from_stage is not None and not copy.deferred:
            yield from _copied(copy, copy.from_stage)
    for run, mount, builder in mounted_stages(stage):
        if any(call.manager in ("pip", "uv") and call.action == "install" for call in run.package_calls):
            path = posixpath.normpath("/" + mount.options.get("source", "").lstrip("/"))
            folders = (folder for folder in wheel_folders(builder) if within(folder, path))
            yield from (Wheels(folder, builder, run, "installs") for folder in folders)


def _copied(copy: Copy, builder: Stage) -> Iterator[Wheels]:
    folders = wheel_folders(builder)
    for path in filter(None, map(copy.source_path, copy.sources)):
        if path in folders or posixpath.dirname(path) in folders:
            yield Wheels(path, builder, copy, "copies")
            return


@once
def wheel_folders(builder: Stage) -> frozenset[str]:
    """Return the folders that `pip wheel` writes to in a chain, absolute."""
    calls = [(run, call) for run in builder.done_runs for call in run.package_calls if call.verb == "wheel"]
    folders = ((run, call, call.option("-w", "--wheel-dir")) for run, call in calls if call.manager == "pip")
    return frozenset(path for run, call, text in folders if text and (path := path_of(run, call.command, text)))


_TEXTS = (".txt", ".toml", ".lock", ".cfg")
"""Lists of what it needs, which come along."""
_ALONE = frozenset({"build", "pyproject-build"})
_BUILDERS = frozenset("poetry hatch flit pdm uv".split())
"""What makes a wheel of the project alone: `python -m build`, `uv build`."""


def is_own_wheel(copy: Copy) -> bool:
    """Tell whether a COPY takes the wheel of the project itself: a little code.

    It comes out of the stage that builds it, but not where pip fills a folder of wheels there, with those of all that
    the project needs; or out of the context's `dist`, into which such builds write (pypa/build, `--outdir`; the
    references of uv, Poetry and Hatch).
    """
    sources = [(source.path or "").rstrip("/") for source in copy.sources]
    builder, paths = copy.from_stage, [path for path in sources if not path.endswith(_TEXTS)] or sources
    if copy.from_context:
        return all(path.endswith(".whl") and posixpath.basename(posixpath.dirname(path)) == "dist" for path in paths)
    if builder is None or not all(path.endswith((".whl", "/dist")) for path in paths):
        return False
    if any(call.verb in ("wheel", "download") for run in builder.done_runs for call in run.package_calls):
        return False
    commands = [command for run in builder.done_runs for command in run.commands]
    return any(_builds(command) for command in commands)


def _builds(command: Command) -> bool:
    words = [command.name, *(word.value for word in command.args)]
    if command.name.startswith("python") and words[1:2] == ["-m"]:
        words = words[2:]
    name = words[0] if words else ""
    return name in _ALONE or (name in _BUILDERS and "build" in words[1:2])
