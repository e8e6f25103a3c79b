"""See next_build_left_behind.md.

Next.js's documentation ("Self-Hosting", "distDir") says that `next build` writes to `.next`, and that `next start` and
a server of one's own read it there.
"""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    DockerfileChange,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert_line_after,
    quote,
    rule,
    within,
)
from rules.copying.needs import package_of
from rules.model.work_folders import folder_of
from rules.packages.projects.package_json import called, commands_run

_OUTPUT = ".next"
_ELSEWHERE = frozenset({"out", "build", "export", "_next", "standalone"})
"""Folders that the output goes to where the project's configuration or its scripts say so."""

_SERVER = re.compile(r"(?:server|index|app|main)\.[cm]?[jt]s")
"""What people call the file of a server of their own."""
_OF_OTHERS = frozenset("api backend bot jobs queue socket worker workers ws".split())
"""Folders of services beside the site."""


@rule(
    "next-build-left-behind",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY",),
    mentions=("--from",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A builder runs `next build`, and what ships takes the server's files and not its output."""
    for stage in change.after.shipped:
        if "node" not in stage.runtime.languages or any(_OUTPUT in str(step.instruction) for step in stage.all_steps):
            continue
        for builder in {copy.from_stage.index: copy.from_stage for copy in stage.copies if copy.from_stage}.values():
            app = _built_in(change, builder)
            copies = [copy for copy in stage.copies if copy.from_stage is builder]
            if app is None or not _takes_packages(copies, app) or not _starts_server(change, stage, builder, app):
                continue
            if not _is_taken(stage, builder, copies, app) and not _is_served_elsewhere(change, stage, builder):
                yield _problem(stage, copies[-1], app)


def _built_in(change: DockerfileChange, builder: Stage) -> str | None:
    """Return the folder in which a builder runs `next build`, itself or by a script of package.json."""
    for run in builder.done_runs:
        for command in run.commands:
            folder = folder_of(run, command)
            names = called(command) if folder is not None else []
            if folder is not None and _is_build([command.name, *(word.value for word in command.args)]):
                return folder
            scripts = package_of(change, builder, folder)[1] if folder is not None and names else {}
            if any(_is_build([w.value for w in c.words]) for name in names for c in commands_run(scripts, name)):
                return folder
    return None


def _is_build(words: list[str]) -> bool:
    return any(words[place : place + 2] == ["next", "build"] for place in range(len(words) - 1))


def _takes_packages(copies: list[Copy], app: str) -> bool:
    """Whether the packages come out of the folder that was built."""
    taken = {copy.source_path(source) for copy in copies for source in copy.sources}
    return posixpath.join(app, "node_modules") in taken


def _starts_server(change: DockerfileChange, stage: Stage, builder: Stage, app: str) -> bool:
    """Whether Next.js is started, or what may be a server of one's own: no worker, and no tool of a database."""
    scripts = package_of(change, builder, app)[1]
    starts = [setting.value for setting in stage.image.start_command if setting.value]
    return any(_serves(command, scripts) for start in starts for command in start.commands)


def _serves(command: Command, scripts: dict[str, str]) -> bool:
    words = [word.value for word in command.words]
    if "next" in words or any(map(_may_serve, words)):
        return True
    names = called(command)
    if not scripts:
        return any(name.startswith(("start", "serve", "prod")) for name in names)
    return any(_serves(one, {}) for name in names for one in commands_run(scripts, name))


def _may_serve(word: str) -> bool:
    """Whether a file may be the site's server, and no other service's by the folder that it lies in."""
    folder, name = posixpath.split(word)
    return _SERVER.fullmatch(name) is not None and _OF_OTHERS.isdisjoint(folder.split("/"))


def _is_served_elsewhere(change: DockerfileChange, stage: Stage, builder: Stage) -> bool:
    """Whether another image of the file takes the output, so that this one is for something else."""
    return any(
        _OUTPUT in str(copy.instruction)
        for other in change.stages
        if other is not stage and not stage.needs(other)
        for copy in other.copies
        if copy.from_stage is builder
    )


def _is_taken(stage: Stage, builder: Stage, copies: list[Copy], app: str) -> bool:
    """Whether the output, or a folder that may hold it, comes along."""
    output = posixpath.join(app, _OUTPUT)
    for copy in copies:
        for source in copy.sources:
            path = copy.source_path(source)
            if path is None or source.has_wildcard or within(output, path) or posixpath.basename(path) in _ELSEWHERE:
                return True
    moved = (_handles(run) for run in (*builder.done_runs, *stage.done_runs))
    return any(moved) or not all(copy.sources for copy in copies)


def _handles(run: Run) -> bool:
    """Whether a RUN speaks of the output: it may move it."""
    calls = (command for command in run.commands if _OUTPUT in str(command))
    return any(command.name != "rm" or f"{_OUTPUT}/" not in str(command) for command in calls)


def _problem(stage: Stage, last: Copy, app: str) -> Problem:
    folder = posixpath.normpath(stage.image.workdir.value or "/")
    owner = last.option("chown")
    flags = f"--from={last.from_text}" + (f" --chown={owner}" if owner else "")
    line = f"COPY {flags} {posixpath.join(app, _OUTPUT)} {posixpath.join(folder, _OUTPUT)}"
    label = last.from_stage.label if last.from_stage is not None else ""
    return Problem(
        last.instruction.span,
        f"{stage.label} takes the packages out of {label}, which runs `next build`, and leaves its output "
        f"{quote(posixpath.join(app, _OUTPUT))} behind. The server finds no build and exits. Copy it too: "
        f"{quote(line)}.",
        Confidence.LIKELY,
        doubt="the project may write its output to another folder",
        instruction=last.instruction,
        stage=stage.key,
        fix=fix("Copy the output too", insert_line_after(last.instruction, line)),
    )
