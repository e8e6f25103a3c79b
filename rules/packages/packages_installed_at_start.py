"""See packages_installed_at_start.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Note,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert,
    quote,
    rule,
    within,
)
from rules.brought import brought, context_paths
from rules.facts.python_names import index_name
from rules.model.work_folders import folder_of
from rules.mounted_sources import is_started_over_mounts
from rules.packages.developers.named import required
from rules.packages.developers.parts import read_toml, table
from rules.packages.options import spelled
from rules.purpose import is_for_development
from rules.quoting import listed
from rules.runtime.starts.instructions import Written, shipped
from rules.runtime.starts.text import shell_commands

_OTHERWISE = (
    "--no-sync --no-dev --no-default-groups --only-group --only-dev --no-group --no-project --isolated --script "
    "--active --project --directory --package --offline -h --help -m --module"
).split()
"""Options of `uv run` with which it installs nothing by itself, or not into the environment of this project."""
_SETTINGS = re.compile(
    r"UV_(?:NO_SYNC|NO_DEV|NO_DEFAULT_GROUPS|NO_GROUP|OFFLINE|PROJECT_ENVIRONMENT|SYSTEM_PYTHON|PROJECT|WORKING_DIR\w*)"
)
_MAKES = re.compile(
    r"(?<![\w.-])uv\s(?:[^&;|\n]*\s)?(?:sync|venv|run|add|init)(?![\w-])|\bvirtualenv\b|-m\s+venv\b|\.venv|\.sh\b"
)
"""What may make the project's environment when the image is built."""
_INLINE = "# /// script"
"""How a script begins that says itself what it needs (PEP 723): uv then leaves the project alone."""
_MOST = 3


@rule(
    "packages-installed-at-start",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("CMD", "ENTRYPOINT"),
    mentions=("uv",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Each start of a container installs packages from the network, which the build could have done."""
    for found in shipped(change):
        folder = found.stage.image.workdir.value
        if not folder or not _syncs(change, found) or is_for_development(change, found.stage):
            continue
        if _is_told(change, found.stage):
            continue
        synced = [
            (run, one)
            for run in found.stage.done_runs
            for one in run.package_calls
            if one.manager == "uv" and one.verb == "sync"
        ]
        if synced:
            yield from _of_developers(change, found, *synced[-1])
        else:
            yield from _of_all(change, found, folder)


class _Project(NamedTuple):
    """What a pyproject.toml says: the packages of the program, and those of the group `dev` that uv adds by itself."""

    needed: tuple[str, ...]
    developers: tuple[str, ...]


def _syncs(change: DockerfileChange, found: Written) -> bool:
    """Whether `uv run` starts the program, and brings the project's environment in line before."""
    commands = [one for one in shell_commands(found.start) if one.name == "uv"]
    if len(commands) != 1 or commands[0].subcommand != "run" or commands[0].conditional:
        return False
    words = [word.value for word in commands[0].args]
    behind = [word for word in words[words.index("run") + 1 :] if not word.startswith("-")] if "run" in words else []
    if not behind or not {word.partition("=")[0] for word in words}.isdisjoint(_OTHERWISE):
        return False
    if any("$" in word for word in words[: words.index(behind[0]) + 1]):
        return False
    return not behind[0].endswith(".py") or _is_of_project(change, found.stage, behind[0])


def _is_of_project(change: DockerfileChange, stage: Stage, script: str) -> bool:
    """Whether a script was read, and does not say itself what it needs."""
    text = brought(change, stage, posixpath.join(stage.image.workdir.value or "/", script))
    return text is not None and _INLINE not in text.text


def _is_told(change: DockerfileChange, stage: Stage) -> bool:
    """Whether a variable decides otherwise, of the image or of who starts it, or a folder is mounted there."""
    given = {name for build in change.repository.builds_of(change.path) for name in build.environment}
    folder = stage.image.workdir.value or "/"
    mounts = [mount for build in change.repository.builds_of(change.path) for mount in build.mounts]
    mounts += [volume.value for volume in stage.image.volumes if volume.value]
    mounted = any(within(posixpath.join(folder, ".venv"), mount) for mount in mounts)
    named = any(map(_SETTINGS.fullmatch, (*stage.image.env, *given)))
    return named or mounted or is_started_over_mounts(change, stage)


def _project(change: DockerfileChange, stage: Stage, folder: str) -> _Project | None:
    """Return what the project in a folder of the image says; `None` where that was not read."""
    paths = context_paths(change, stage, posixpath.join(folder, "pyproject.toml"))
    texts = [text for path in paths if (text := change.repository.text(path)) is not None]
    data = read_toml(texts[-1]) if texts else {}
    project, settings = table(data, "project"), table(data, "tool", "uv")
    if not project or "workspace" in settings or settings.get("managed") is False:
        return None
    groups = settings.get("default-groups", ["dev"])
    lists = (table(data, "dependency-groups").get("dev"), settings.get("dev-dependencies"))
    developers = tuple(name for one in lists for name in required(one)) if groups in ("all", ["dev"]) else ()
    return _Project(tuple(required(project.get("dependencies"))), developers)


def _of_developers(change: DockerfileChange, found: Written, run: Run, sync: PackageCall) -> Iterator[Problem]:
    """Speak of the group for developers that the build leaves out, and `uv run` does not."""
    stage = found.stage
    folder = folder_of(run, sync.command)
    if not sync.has("--no-dev") or folder is None or folder != stage.image.workdir.value or _runs_below(stage, run):
        return
    project = _project(change, stage, folder)
    needed = {index_name(name) for name in project.needed} if project is not None else set()
    added = [name for name in project.developers if index_name(name) not in needed] if project is not None else []
    if not added:
        return
    few = listed(map(quote, added), _MOST)
    yield Problem(
        found.instruction.span,
        f"{stage.label} starts its program by `uv run` without `--no-dev`: that first brings the environment in line, "
        f"and installs the group for developers ({few}) which {quote(f'{spelled(sync)} --no-dev')} (line "
        f"{sync.command.line}) left out. Each start of a container fetches it from the network, and fails where there "
        "is none. Give `uv run` the same option.",
        Confidence.LIKELY,
        doubt="who starts the container may set `UV_NO_SYNC` or `UV_NO_DEV`",
        stage=stage.key,
        key="dev",
        notes=(Note(sync.command.span, "leaves it out"),),
        fix=_fix(found),
    )


def _runs_below(stage: Stage, sync: Run) -> bool:
    """Whether a RUN from a sync on calls `uv run` or `uv add` itself, which then installs the group in the build."""
    calls = (command for run in stage.done_runs if run.at >= sync.at for command in run.calls("uv"))
    return any(command.subcommand in ("run", "add") for command in calls)


def _fix(found: Written) -> Fix | None:
    words = found.instruction.exec_form or ()
    place = next((word for word in words if word.text == "run"), None)
    if place is None:
        return None
    return fix("Leave developers' packages out", insert(found.instruction.source, place.span.end, ', "--no-dev"'))


def _of_all(change: DockerfileChange, found: Written, folder: str) -> Iterator[Problem]:
    """Speak of a project whose environment nothing makes when the image is built."""
    stage = found.stage
    if any(_MAKES.search(run.instruction.whole_value) for run in stage.done_runs):
        return
    if any(
        put.kind != "context" for put in stage.files.covering(posixpath.join(folder, ".venv")) if put.path != folder
    ):
        return
    project = _project(change, stage, folder) if _is_known(stage) else None
    if project is None or not project.needed:
        return
    install = next((one for run in stage.done_runs for one in run.package_calls if _installs(one)), None)
    elsewhere = (
        f": {quote(spelled(install))} (line {install.command.line}) installs for the system's Python, where it does "
        "not look"
        if install is not None
        else ""
    )
    yield Problem(
        found.instruction.span,
        f"{stage.label} starts its program by `uv run`, which wants the project's own environment in "
        f"{quote(posixpath.join(folder, '.venv'))}, and nothing makes that when the image is built{elsewhere}. Each "
        "start of a container makes a new one and fetches all packages from the network, and fails where there is "
        "none. Run `uv sync --locked --no-dev` in the build and give `uv run` the option `--no-sync`, or start the "
        "program without `uv run`.",
        Confidence.LIKELY,
        doubt="who starts the container may mount an environment there, or set `UV_PROJECT_ENVIRONMENT`",
        stage=stage.key,
        key="all",
    )


def _installs(call: PackageCall) -> bool:
    """Whether a call installs the project, or a list of what it needs, for the system's Python."""
    return call.manager in ("pip", "uv") and call.action == "install" and (call.project or bool(call.manifests))


def _is_known(stage: Stage) -> bool:
    """Whether the base image is one that brings no environment of a project."""
    reference = stage.root.reference
    of_uv = reference is not None and reference.path.endswith("astral-sh/uv")
    return of_uv or (stage.root.facts is not None and stage.root.facts.is_plain)
