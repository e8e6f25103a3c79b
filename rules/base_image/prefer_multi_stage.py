"""See prefer_multi_stage.md."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from rules.api import Category, Command, Confidence, DockerfileChange, Problem, Run, Severity, Stage, quote, rule
from rules.base_image.purpose import compiles, is_workshop, runs_toolchain
from rules.base_image.sources_without_build import builds_nothing
from rules.purpose import is_for_development
from rules.user.root.start_scripts import builds_at_start, start_scripts


@rule(
    "prefer-multi-stage",
    severity=Severity.INFO,
    category=Category.SIZE,
    default="info",
    keywords=("RUN",),
    mentions=("install", "build", "package", "make", "publish", "tsc", "gcc", "g++", "javac"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """One stage compiles the program and ships."""
    if len(change.stages) != 1:
        return
    stage = change.stages[0]
    if is_workshop(change, stage) or runs_toolchain(stage) or is_for_development(change, stage):
        return
    if not any(copy.from_context for copy in stage.copies):
        return
    found = next(
        (
            (run, command)
            for run in stage.runs
            if _builds_context(stage, run)
            for command in run.commands
            if compiles(command) and not builds_nothing(change, run, command)
        ),
        None,
    )
    if found is not None and not _builds_when_it_starts(change, stage, found[1]):
        yield replace(_problem(stage, *found), held_before=_built_before(change, stage))


_RUNNERS = frozenset("brunch ember esbuild grunt gulp ng parcel rollup".split())
"""Programs that build as well, or run what does: by their names alone it is not known."""


def _built_before(change: DockerfileChange, stage: Stage) -> bool:
    """Whether the one stage built before as well and kept what that needed, by whatever command."""
    was = change.was(stage)
    if was is None or change.before is None or len(change.before.stages) != 1:
        return False
    return any(
        compiles(command) or command.name in _RUNNERS
        for run in was.runs
        if _works_on_copied(was, run) and not _cleans_up(run)
        for command in run.commands
    )


def _builds_when_it_starts(change: DockerfileChange, stage: Stage, command: Command) -> bool:
    """Whether the start command builds, or a start script that was read calls the tool: it builds what is missing."""
    if builds_at_start(stage):
        return True
    calls = re.compile(rf"(?m)^(?!\s*#).*(?<![\w./-]){re.escape(command.name)}(?![\w-])")
    return any(calls.search(script.text) for script in start_scripts(change, stage) if script.text is not None)


def _builds_context(stage: Stage, run: Run) -> bool:
    """Whether a RUN works on copied sources and cleans nothing up: no download, no package taken away again."""
    fetches = bool(run.calls("curl", "wget", "git", "tar", "apk", "apt-get", "yum", "dnf"))
    return _works_on_copied(stage, run) and not fetches and not _cleans_up(run)


def _works_on_copied(stage: Stage, run: Run) -> bool:
    return any(copy.from_context and copy.index < run.index for copy in stage.copies)


_BROUGHT = frozenset("node_modules .yarn .pnpm-store vendor target .gradle .m2 .cargo .stack-work".split())
"""Folders that hold what a build needed: the packages of its manager, the parts of a program before it is linked."""


def _cleans_up(run: Run) -> bool:
    """Whether a RUN takes away again what its build needed: packages, the folder of a manager, what developers use."""
    if any(call.action == "remove" for call in run.package_calls):
        return True
    if any(command.subcommand == "prune" for command in run.calls("npm", "pnpm", "yarn", "bun")):
        return True
    removed = (word.value.rstrip("/*") for command in run.calls("rm") for word in command.operands())
    return any(posixpath.basename(path) in _BROUGHT for path in removed)


def _problem(stage: Stage, run: Run, command: Command) -> Problem:
    return Problem(
        command.span,
        f"{stage.label} ships with everything that {quote(str(command))} needed: sources, build tools, development "
        "dependencies. Build in a first stage, and copy what the program needs into a second one.",
        Confidence.LIKELY,
        doubt="the program may need a part of that when it runs",
        instruction=run.instruction,
        stage=stage.key,
        key="what it was built with",  # another command that builds is no other stage
    )
