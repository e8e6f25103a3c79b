"""See uv_run_without_sync.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Model,
    Problem,
    Severity,
    Stage,
    once,
    quote,
    rule,
)
from rules.brought import brought
from rules.packages.developers_parts import read_toml, table
from rules.packages.scripts import may_be_script
from rules.runtime.start_instructions import started_by, started_words

_OTHERWISE = frozenset(
    "--no-sync --no-project --isolated --script -s --with --with-requirements --with-editable --active --project "
    "--directory --package --offline --env-file".split()
)
"""Options of `uv run` with which it makes no environment of the project, or another one (uv's CLI reference)."""
_SETTINGS = ("UV_NO_SYNC", "UV_NO_PROJECT", "UV_PROJECT", "UV_PROJECT_ENVIRONMENT", "UV_WORKING_DIR", "UV_OFFLINE")
_MAKES_ONE = re.compile(r"\buv\b[^\n;&|]*\b(?:sync|run|add|venv)\b|\bvenv\b|virtualenv|UV_PROJECT_ENVIRONMENT")
"""What makes an environment in a step, or names one."""
_TO_INSTALL = frozenset({"uv", "pip", "setuptools", "wheel"})
_TOOLS = frozenset("make just task nox tox invoke inv hatch pdm poetry".split())
"""Programs that run what a file of the project says."""


@rule(
    "uv-run-without-sync",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("CMD", "ENTRYPOINT"),
    mentions=("uv",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The container starts through `uv run`, and no step has made the project's environment."""
    if change.repository.starts_otherwise(change.path) or _may_make_one(change.after):
        return
    for stage in change.after.shipped:
        if _starts_project(stage) and stage.base_known and not _is_there(change, stage):
            yield from _problem(change, stage)


@once
def _may_make_one(model: Model) -> bool:
    """Whether a step makes an environment, copies one, or runs what is not known."""
    for stage in model.stages:
        for run in stage.runs:
            unknown = any(may_be_script(command) or command.name in _TOOLS for command in run.commands)
            if unknown or not run.is_read or _MAKES_ONE.search(run.instruction.whole_value):
                return True
        if any(
            "venv" in copy.instruction.text or not (copy.from_context or _is_of_tool(copy)) for copy in stage.copies
        ):
            return True
    return False


def _is_of_tool(copy: Copy) -> bool:
    """Whether a COPY takes uv itself out of an image or a stage."""
    return bool(copy.sources) and all(posixpath.basename(s.path or "") in ("uv", "uvx") for s in copy.sources)


def _starts_project(stage: Stage) -> bool:
    """Whether the container starts through `uv run`, which then makes the project's environment."""
    words = started_words(stage)
    verb = next((word for word in words[1:] if not word.startswith("-")), "")
    if not words or posixpath.basename(words[0]) != "uv" or verb != "run":
        return False
    if any(name in stage.image.env for name in _SETTINGS):
        return False
    return _OTHERWISE.isdisjoint(word.partition("=")[0] for word in words)


def _is_there(change: DockerfileChange, stage: Stage) -> bool:
    """Whether an environment comes along or is mounted: the repository holds one, or there is a volume in its place."""
    if any(part in path.split("/") for path in change.repository.listing or () for part in (".venv", "venv")):
        return True
    mounted = any(build.mounts for build in change.repository.builds_of(change.path))
    return mounted or bool(stage.image.volumes)


def _problem(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    folder, start = stage.image.workdir.value, next(started_by(stage), None)
    found = brought(change, stage, posixpath.join(folder, "pyproject.toml")) if folder else None
    if found is None or start is None:
        return
    needs = table(read_toml(found.text), "project").get("dependencies")
    if not needs:
        return
    by_pip = [call for run in stage.done_runs for call in run.package_calls if call.verb in ("install", "pip install")]
    others = any(
        call.manager in ("pip", "uv") and (call.manifests or {package.name for package in call.packages} - _TO_INSTALL)
        for call in by_pip
    )
    unused = " What `pip` installs in the image is not in it." if others else ""
    yield Problem(
        start.instruction.span,
        f"{stage.label} starts {quote(stage.image.start_line(own=True), 60)}, and no step has made the environment of "
        f"{quote(found.path)}: uv makes it at each start of a container and fetches the packages from the index. That "
        f"takes its time, and without network nothing starts.{unused} Run `uv sync` behind the `COPY` of the project.",
        Confidence.LIKELY,
        doubt="the build context may hold an environment that is not in the repository",
        stage=stage.key,
        instruction=start.instruction,
        key="uv run",
    )
