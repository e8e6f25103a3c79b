"""Manifests that `COPY . .` does not bring, since the ignore file keeps them out of the build."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.copying.context.foreign_contexts import manifests_read, may_be_brought
from rules.copying.context.ignore_file import IgnoreFile, ignore_file, lies_beside
from rules.copying.installs.failing import without_manifest
from rules.copying.source_trees.trees import brings_all
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


def ignored_manifests(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    """Yield the first command of a stage that reads a manifest which the ignore file keeps out of the copied context.

    An ignore file that lets in what a build outside has made (`*` and `!target/*.jar`, as Quarkus writes it) does not
    fit a Dockerfile that builds.
    """
    ignore = ignore_file(change)
    if ignore is None or not lies_beside(change, ignore):
        return
    for copy in stage.copies:
        if not copy.brings_context_root or not brings_all(copy) or copy.destination is None or copy.deferred:
            continue
        for run in (run for run in stage.runs if run.index > copy.index and _reads_layers(run)):
            for command, path in manifests_read(run):
                if not within(path, copy.destination) or command.conditional:
                    continue
                name = posixpath.relpath(path, copy.destination)
                stops = outcome_of_failure(run, command) == "stops"
                if stops and ignore.patterns.excludes(name) and not may_be_brought(stage, copy, command, path):
                    yield _problem(change, run, command, copy, name, ignore)
                    return


def _reads_layers(run: Run) -> bool:
    return not run.deferred and not any(mount.type == "bind" for mount in run.mounts)


def _problem(
    change: DockerfileChange, run: Run, command: Command, copy: Copy, name: str, ignore: IgnoreFile
) -> Problem:
    line = ignore.patterns.matching_line(name) or 1
    own = f"{change.path}.dockerignore"
    apart = f", or give this Dockerfile an ignore file of its own ({quote(own)})" if ignore.path != own else ""
    return Problem(
        command.span,
        f"{run.stage.label} runs {quote(str(command), 60)}, which reads {quote(name)}, and "
        f"{quote(str(copy.instruction))} does not bring that: {quote(ignore.path)} keeps it out "
        f"({quote(ignore.source.line(line).strip())}, line {line}). "
        f"{without_manifest(command, 'stops')} Let it in with all that the build reads ({quote('!' + name)}){apart}.",
        Confidence.LIKELY,
        doubt="a step before the build may change the ignore file",
        instruction=run.instruction,
        stage=run.stage.key,
        key=name,
        decision=name,
        notes=(
            Note(copy.instruction.span, "brings what is let in"),
            Note(ignore.source.line_span(line), "kept out here", ignore.path),
        ),
    )
