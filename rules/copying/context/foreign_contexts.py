"""Builds that other files describe with another context than the one that the Dockerfile is written for."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.copying.installs.build_manifests import manifests_of
from rules.copying.installs.calls import installs_in, needs_manifest
from rules.model.outcome import outcome_of_failure
from rules.model.puts import within
from rules.problem import Confidence, Note, Problem
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Copy, Run
    from rules.repository.builds import Build

_BRINGING = frozenset("cp mv ln git curl wget tar unzip rsync".split())
"""What may put a manifest where no COPY does."""


def missing_in_a_build(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    """Yield the first command that reads a manifest which a build's context does not have, and the file's folder has.

    `COPY . .` brings it in the one build and not in the other.
    """
    for copy in stage.copies:
        if not copy.brings_context_root or copy.destination is None or copy.deferred:
            continue
        for run in (run for run in stage.runs if run.index > copy.index and not run.deferred):
            for command, path in manifests_read(run):
                if not within(path, copy.destination) or may_be_brought(stage, copy, command, path):
                    continue
                name = posixpath.relpath(path, copy.destination)
                build = _without(change, name)
                if build is not None and outcome_of_failure(run, command) == "stops" and not command.conditional:
                    yield _problem(change, run, command, copy, name, build)
                    return


def manifests_read(run: Run) -> Iterator[tuple[Command, str]]:
    """Yield the commands of a RUN that cannot do without a manifest, with its path."""
    yield from manifests_of(run)
    for install in installs_in(run):
        path = install.manifests[0]
        if path.startswith("/") and not any(mark in path for mark in "*?[$") and needs_manifest(install):
            yield install.call.command, path


def may_be_brought(stage: Stage, copy: Copy, before: Command, path: str) -> bool:
    """Tell whether anything else above a command than a COPY may bring a file: another instruction, or a command."""
    puts = (put for put in stage.files.covering(path) if put.kind != "workdir" and put.step is not copy)
    commands = (command for run in stage.all_runs for command in run.commands if command.start < before.start)
    name = posixpath.basename(path)
    return any(puts) or any(
        command.name in _BRINGING or name in command.source.cut(command.span) for command in commands
    )


def _without(change: DockerfileChange, name: str) -> Build | None:
    """Return a build whose context lacks a file that lies beside the Dockerfile."""
    repository, own = change.repository, posixpath.dirname(change.path)
    if not own or not repository.exists(posixpath.join(own, name)):
        return None
    builds = (build for build in repository.builds_of(change.path) if build.context != own)
    return next((b for b in builds if repository.exists(posixpath.join(b.context, name)) is False), None)


def _problem(change: DockerfileChange, run: Run, command: Command, copy: Copy, name: str, build: Build) -> Problem:
    own = posixpath.dirname(change.path)
    given = quote(build.context) if build.context else "the repository's root"
    return Problem(
        command.span,
        f"{run.stage.label} runs {quote(str(command), 60)}, which reads {quote(name)}, and "
        f"{quote(str(copy.instruction))} brings that from {quote(own)} alone. Line {build.line} of "
        f"{quote(build.path)} builds with {given}, which has none: that build stops here. Give it the "
        f"context {quote(own)}.",
        Confidence.LIKELY,
        doubt="a step before that build may put the file there",
        instruction=run.instruction,
        stage=run.stage.key,
        key=f"{build.path} {name}",
        notes=(Note(copy.instruction.span, "brings what the context has"),),
    )
