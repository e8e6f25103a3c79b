"""Installs of Python packages out of git, in an image without git.

pip and uv call `git` for them (“Cannot find command 'git'”, “Git executable not found”); Poetry has a client of its own
(python-poetry.org, "system-git-client").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.build.missing_programs import is_missing_at
from rules.copying.installs.calls import install_folder
from rules.model.outcome import surely_stops
from rules.packages.pins.project_requirements import project_requirements, requirements_from_git
from rules.packages.projects.texts import requirements_text
from rules.problem import Confidence, Problem
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, PackageCall, Run, Stage

_MANAGERS = frozenset({"pip", "pipx", "uv"})
_ACTIONS = frozenset({"install", "sync", "build", "download"})
_LINE = re.compile(r"(?:(?:-e|--editable)[ =]\s*)?(?:[A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?\s*@\s*)?(?P<address>git\+\S+)")
_SAYS = {"uv": "“Git executable not found”"}


def install_without_git(change: DockerfileChange, stage: Stage) -> Problem | None:
    """Return what to say of the first install that calls `git`, where a stage has none: what is there later is no help.

    The failure stops the build.
    """
    first = next(_installs(change, stage), None)
    if first is None:
        return None
    run, call, wanted = first
    sure = surely_stops(run, call.command) and is_missing_at(run, call.command, "git")
    return _problem(stage, run, call, wanted) if sure else None


def _installs(change: DockerfileChange, stage: Stage) -> Iterator[tuple[Run, PackageCall, str]]:
    """Yield the installs that take something out of git, with how a message names that."""
    for run in stage.runs:
        if run.deferred or not run.is_read or any("from" in mount.options for mount in run.mounts):
            continue
        for call in run.package_calls:
            if call.manager in _MANAGERS and call.action in _ACTIONS and not call.command.conditional:
                wanted = next(_from_git(change, run, call), None)
                if wanted is not None:
                    yield run, call, wanted


def _from_git(change: DockerfileChange, run: Run, call: PackageCall) -> Iterator[str]:
    """Yield how a message names what an install takes out of git: its address, or the list that has it."""
    for package in call.packages:
        if _LINE.fullmatch(package.word.value) and ";" not in package.word.value:
            yield quote(package.word.value)
    folder = install_folder(run, call)
    for manifest in call.manifests:
        for line in (requirements_text(change, run, folder, manifest) or "").splitlines():
            found = _LINE.match(line.strip())
            if found is not None and ";" not in line:
                yield f"{quote(found['address'])}, as {quote(manifest)} says,"
    for requirement in project_requirements(change, run, call):
        found = _LINE.match(requirement)
        if found is not None and ";" not in requirement:
            yield f"{quote(found['address'])}, as `pyproject.toml` says,"
    for name in requirements_from_git(change, run, call):
        yield f"{quote(name)} out of git, as `pyproject.toml` says,"


def _problem(stage: Stage, run: Run, call: PackageCall, wanted: str) -> Problem:
    says = _SAYS.get(call.manager, "“Cannot find command 'git'”")
    return Problem(
        call.command.span,
        f"{stage.label} installs {wanted} with {quote(call.program)}, which calls `git` for it: "
        f"{quote(stage.root.base_text or '')} does not have that and nothing above installs it. The build stops here: "
        f"{says}. Install `git` first, or name an archive of the release.",
        Confidence.LIKELY,
        doubt="the tools are those of the tags that are known of the base image",
        instruction=run.instruction,
        stage=stage.key,
        key="git for packages",
    )
