"""Builds of a project that run before its sources are copied into the stage."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Confidence, Copy, Note, Problem, outcome_of_failure, quote, within
from rules.facts.installers import NODE_MANAGERS
from rules.model.lineage import built_upon
from rules.model.work_folders import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Put, Run, Stage

_BUILDERS = frozenset("ng next nuxt vite".split())
_MAKERS = frozenset("git curl wget tar unzip cp mv rsync npx pnpx bunx degit cat tee sed sh bash svn make".split())
"""Commands behind which the sources may be there that no instruction names."""
_PACKAGES = frozenset("node_modules vendor .venv venv".split())


class EarlyBuild(NamedTuple):
    """A build that has nothing to build yet.

    Attributes:
        run: The RUN.
        command: The build.
        copy: The COPY below it that brings the sources.
    """

    run: Run
    command: Command
    copy: Copy


def early_builds(stage: Stage) -> Iterator[EarlyBuild]:
    """Yield the first build of a stage, where only manifests lie in its folder and the sources are copied below it."""
    for run in stage.runs:
        for command in run.commands if not run.deferred and not run.mounts else ():
            if not run.is_read or command.name in _MAKERS or command.conditional:
                return
            folder = folder_of(run, command) if _builds(command) else None
            if folder is not None:
                copy = _later(stage, run, folder) if not _has_sources(stage, run, folder) else None
                if copy is not None and not _builds_again(stage, copy) and outcome_of_failure(run, command) == "stops":
                    yield EarlyBuild(run, command, copy)
                return
        if run.mounts:
            return


def _builds(command: Command) -> bool:
    words = [word.value for word in command.args if not word.value.startswith("-")]
    if command.name in NODE_MANAGERS:
        return words[:2] == ["run", "build"] or (command.name != "npm" and words[:1] == ["build"])
    if command.name in _BUILDERS:
        return words[:1] == ["build"]
    return command.name.startswith("python") and words[:1] == ["manage.py"]


def _has_sources(stage: Stage, run: Run, folder: str) -> bool:
    """Whether more than manifests and packages lies in the folder, or may; without a manifest nothing is known."""
    above = [put for put in stage.files.covering(folder) if put.step.at <= run.at and put.kind != "workdir"]
    manifests = [put for put in above if put.kind == "context" and (not put.tree or _is_manifests(put))]
    return not manifests or any(_may_be_source(put) for put in above if put not in manifests)


def _is_manifests(put: Put) -> bool:
    """Whether a COPY brings what a pattern of manifests names: `package*.json`."""
    named = put.source.rpartition("/")[2]
    return put.kind == "context" and named.startswith(("package", "*.json", "yarn", "pnpm")) and "*" in named


def _may_be_source(put: Put) -> bool:
    if put.command is not None and put.command.name == "mkdir":
        return False
    return posixpath.basename(put.path.rstrip("/")) not in _PACKAGES


def _later(stage: Stage, run: Run, folder: str) -> Copy | None:
    """Return the COPY below that brings the whole of the folder, or folders into it."""
    puts = (put for put in stage.files.covering(folder) if put.step.at > run.at and put.kind == "context" and put.tree)
    steps = (put.step for put in puts if put.whole or within(folder, put.path))
    return next((step for step in steps if isinstance(step, Copy)), None)


def _builds_again(stage: Stage, copy: Copy) -> bool:
    heirs = built_upon(stage)
    return any(_builds(command) for heir in heirs for run in heir.runs if run.at > copy.at for command in run.commands)


def too_early(stage: Stage, found: EarlyBuild) -> Problem:
    """Say that a build runs before its sources are there."""
    command, copy = found.command, found.copy
    return Problem(
        command.span,
        f"{stage.label} runs {quote(str(command))} where only the manifests are: {quote(str(copy.instruction))} brings "
        f"the sources below it, on line {copy.instruction.line}. The build stops here, or builds nothing. Run it "
        "behind that line.",
        Confidence.LIKELY,
        doubt="the base image may bring the sources",
        instruction=found.run.instruction,
        stage=stage.key,
        key="sources",
        notes=(Note(copy.instruction.span, "the sources come here"),),
    )
