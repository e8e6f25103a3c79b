"""Environments of uv's that stay behind in a stage, with nothing made by their packages taken out of it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.copying.deletions import deletions
from rules.copying.installs.calls import install_folder
from rules.copying.python.environments import environments
from rules.model.puts import within

if TYPE_CHECKING:
    from rules.api import Command, Copy, DockerfileChange, PackageCall, Run

_OF_UV = frozenset({"build", "cache", "version", "self", "publish"})
"""What uv does without the project's environment: it builds in one of its own ("Building distributions")."""
_HARMLESS = frozenset(
    "apk apt-get chmod chown curl echo find ls mkdir pytest mypy rm ruff set tar test touch true unzip wget".split()
)
"""What makes nothing of the packages that the environment holds."""


def is_discarded(change: DockerfileChange, run: Run, call: PackageCall) -> bool:
    """Tell whether what an install of uv's chooses reaches nothing that ships: no COPY takes the environment or lock.

    As where the stage warms a cache, or builds a wheel that another stage installs by itself.
    """
    if is_deleted_at_once(run, call):
        return True
    folder = install_folder(run, call)
    made = next((each.path for each in environments(run.stage) if each.run is run), None)
    if call.manager != "uv" or folder is None or made is None or _is_used(run, call):
        return False
    needed = change.after.needed_by_shipped
    others = [stage for stage in change.stages if stage.index in needed and stage is not run.stage]
    return not run.stage.layers_ship and not any(
        run.stage in stage.chain
        or any("from" in mount.options for other in stage.runs for mount in other.mounts)
        or any(copy.from_stage is run.stage and _takes(copy, made, folder) for copy in stage.copies)
        for stage in others
    )


def is_deleted_at_once(run: Run, call: PackageCall) -> bool:
    """Tell whether the RUN of a `uv sync` deletes the environment again: it was to fill the cache."""
    folder = install_folder(run, call)
    if call.manager != "uv" or call.verb != "sync" or folder is None:
        return False
    path = posixpath.join(folder, ".venv")
    return any(
        gone == path and where is run and command.start > call.command.start and not command.conditional
        for gone, where, command in deletions(run.stage)
    )


def _takes(copy: Copy, made: str, folder: str) -> bool:
    """Whether a COPY takes an environment, or the project with the lock file that was written anew."""
    lock = posixpath.join(folder, "uv.lock")
    paths = [copy.source_path(source) or "/" for source in copy.sources]
    plain = [path.partition("*")[0].rstrip("/") or "/" for path in paths]
    return any(within(each, path) or within(path, made) for path in plain for each in (made, lock))


def _is_used(run: Run, call: PackageCall) -> bool:
    """Whether a command behind an install may make something with what it has installed."""
    return any(
        not _is_harmless(command)
        for other in run.stage.runs
        for command in other.commands
        if (other.at, command.start) > (run.at, call.command.start)
    )


def _is_harmless(command: Command) -> bool:
    words = [word.value for word in command.args if not word.value.startswith("-")]
    if command.name == "uv" and words[:1] == ["run"]:
        return len(words) > 1 and words[1] in _HARMLESS
    return (words[:1] != [] and words[0] in _OF_UV) if command.name == "uv" else command.name in _HARMLESS
