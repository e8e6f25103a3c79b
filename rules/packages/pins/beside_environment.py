"""Packages beside the environment that a container starts from: what they are does not decide what runs there."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.copying.python.environments import environments
from rules.lazily import once
from rules.model.puts import within

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.stage import Stage

_UV_RUN = ("uv", "run")
_OTHERWISE = ("--no-project", "--isolated", "--active", "--python", "-p")
"""Options by which `uv run` takes another environment than the project's (docs.astral.sh/uv, "uv run")."""


def is_beside_environment(stage: Stage, call: PackageCall, names: tuple[str, ...]) -> bool:
    """Tell whether pip fills the image's own Python, and the container starts from the environment that uv makes.

    Such an environment has no pip, so that `pip` is the image's own wherever it is called.

    Args:
        stage: The stage.
        call: The install.
        names: What it installs; a program that a RUN calls decides about what the build makes.
    """
    if call.manager != "pip" or "/" in call.command.called or not _starts_in_project(stage):
        return False
    return not any(run.calls(*names) for run in stage.done_runs)


@once
def _starts_in_project(stage: Stage) -> bool:
    """Whether the container starts by `uv run`, or by a path in an environment that `uv sync` makes."""
    made = [one.path for one in environments(stage) if any(_syncs(call) for call in one.run.package_calls)]
    words = stage.image.start_line().split()
    if not made or not words:
        return False
    if tuple(words[:2]) == _UV_RUN:
        return not any(word.startswith(_OTHERWISE) for word in words)
    program = posixpath.normpath(posixpath.join(stage.image.workdir.value or "/", words[0]))
    return any(within(program, path) for path in made)


def _syncs(call: PackageCall) -> bool:
    return call.manager == "uv" and call.action == "sync" and not call.has("--active")
