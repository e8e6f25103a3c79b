"""See cleanup_in_discarded_stage.md."""

import re
from collections.abc import Collection, Iterator

from rules.api import (
    OS_MANAGERS,
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Problem,
    Run,
    Severity,
    Stage,
    delete_instruction,
    fix,
    quote,
    rule,
    within,
)
from rules.model.puts import within_any

_JOINTS = frozenset({"&&", ";"})
_FILE = re.compile(r"\.[a-z]{2,}[^/]*\Z")
"""A path that ends in the name of a file: `libpq.so.5`, and neither `python3.12` nor `conf.d`."""
_OF_PACKAGES = ("/bin", "/boot", "/etc", "/lib", "/lib32", "/lib64", "/opt", "/sbin", "/usr", "/var")
"""Where the system's packages keep their files (Filesystem Hierarchy Standard 3.0)."""
_OF_NO_PACKAGE = ("/usr/local", "/usr/src")
"""Folders among those that packages leave to the administrator (4.9), or that hold sources."""


@rule(
    "cleanup-in-discarded-stage",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="info",
    keywords=("RUN",),
    mentions=("remove", "clean", "del", "purge"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A stage that is thrown away cleans up behind itself."""
    if len(change.stages) == 1:
        return
    needed = change.after.needed_by_shipped
    for stage in change.stages:
        if stage.layers_ship or stage.index not in needed or _shapes_what_is_taken(stage):
            continue
        if _may_be_an_image(stage) or _is_under_an_image(stage, needed):
            continue
        for run in stage.runs:
            commands = _cleaning_at_the_end(stage, run)
            if commands and any(_costs(run, command) for command in commands):
                yield _problem(stage, run, commands)


def _shapes_what_is_taken(stage: Stage) -> bool:
    """Whether another stage takes something out of it that a removal of packages, or its cleaning, makes smaller."""
    others = [one for one in stage.model.stages if one is not stage]
    copied = (
        path is None or (_FILE.search(path) is None and _holds_packages(path))
        for other in others
        for copy in other.copies
        if copy.from_stage is stage
        for path in (copy.source_path(source) for source in copy.sources)
    )
    mounted = (
        mount.type == "bind"
        and other.model.copied_stage(mount.options.get("from", ""), other.index) is stage
        and _holds_packages(f"/{mount.options.get('source', '').lstrip('/')}")
        for other in others
        for run in other.runs
        for mount in run.mounts
    )
    return any(copied) or any(mounted)


def _holds_packages(path: str) -> bool:
    """Whether a folder may hold, or lies among, what the system's packages bring and leave."""
    above = any(within(folder, path) for folder in (*_OF_PACKAGES, "/root"))
    return above or (within_any(path, _OF_PACKAGES) and not within_any(path, _OF_NO_PACKAGE))


def _may_be_an_image(stage: Stage) -> bool:
    """Whether it stands on a stage that a shipped image stands on too, and takes nothing of the program: a variant."""
    if any(copy.from_context for copy in stage.copies):
        return False
    return any(one.layers_ship for one in stage.chain if one is not stage)


def _is_under_an_image(stage: Stage, needed: Collection[int]) -> bool:
    """Whether a stage upon it starts something and serves no other stage: an image that somebody builds by its name."""
    return any(
        stage in other.chain
        and other.index not in needed
        and any(one.keyword in ("ENTRYPOINT", "CMD") for one in other.instructions)
        for other in stage.model.stages
    )


def _cleaning_at_the_end(stage: Stage, run: Run) -> tuple[Command, ...]:
    """Return the commands at the end of a RUN that do nothing but clean up."""
    outer = [command for command in run.commands if not command.nested]
    cleaning = {id(item.command) for item in run.cleanings}
    cleaning |= {id(call.command) for call in run.package_calls if call.action in ("remove", "clean")}
    found: list[Command] = []
    for command in reversed(outer):
        joined = command is outer[0] or command.before in _JOINTS
        if id(command) not in cleaning or command.conditional or not joined:
            break
        found.append(command)
    return tuple(reversed(found)) if len(found) < len(outer) or _is_behind_itself(stage, run) else ()


def _is_behind_itself(stage: Stage, run: Run) -> bool:
    """Whether a RUN of nothing else ends the stage, and removes what was installed there.

    Further up it may make way for another package of the same program; and what the base brought may be in the way.
    """
    calls = [call for call in run.package_calls if call.action == "remove"]
    removers = {id(item.removed_by) for item in stage.packages.installed}
    return stage.runs[-1] is run and bool(calls) and all(id(call) in removers for call in calls)


def _costs(run: Run, command: Command) -> bool:
    """Whether a command is more than an `rm`: a package manager of the system that works.

    What another one removes lies in a folder of the project or of its language: `npm prune` there makes what is copied.
    """
    return any(
        call.command is command and call.action == "remove" and call.manager in OS_MANAGERS
        for call in run.package_calls
    )


def _problem(stage: Stage, run: Run, commands: tuple[Command, ...]) -> Problem:
    first = quote(str(commands[0]))
    what = (
        f"{first} and {len(commands) - 1} more take build time and shrink"
        if len(commands) > 1
        else f"{first} takes build time and shrinks"
    )
    return Problem(
        commands[0].span,
        f"{stage.label} is thrown away, and cleans up all the same: {what} nothing "
        "that ships. Only what a later stage copies out of it counts.",
        Confidence.LIKELY,
        doubt="the stage may be published on its own, or its layers kept as a build cache",
        stage=stage.key,
        fix=_fix(run, commands),
    )


def _fix(run: Run, commands: tuple[Command, ...]) -> Fix | None:
    outer = [command for command in run.commands if not command.nested]
    if len(commands) == len(outer):
        return fix("Leave out the cleanup", delete_instruction(run.instruction))
    before = outer[outer.index(commands[0]) - 1]
    source = run.instruction.source
    if run.instruction.heredocs or before.conditional or run.instruction.exec_form is not None:
        return None
    between = source.text[before.end : commands[0].start]
    if between.replace(run.instruction.escape, "").strip() not in _JOINTS:
        return None
    return fix("Leave out the cleanup", Edit(source.span(before.end, commands[-1].end), ""))
