"""See cleanup_in_discarded_stage.md."""

from collections.abc import Collection, Iterator

from rules.api import (
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
)

_JOINTS = frozenset({"&&", ";"})


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
        if stage.layers_ship or stage.index not in needed or _is_copied_whole(change, stage):
            continue
        if _may_be_an_image(stage) or _is_under_an_image(stage, needed):
            continue
        for run in stage.runs:
            commands = _cleaning_at_the_end(stage, run)
            if commands and any(_costs(run, command) for command in commands):
                yield _problem(stage, run, commands)


def _is_copied_whole(change: DockerfileChange, stage: Stage) -> bool:
    """Whether another stage takes the root, or a folder that a cleanup empties, out of it."""
    return any(
        copy.from_stage is stage
        and any(copy.source_path(source) in ("/", "/usr", "/var", "/root") for source in copy.sources)
        for other in change.stages
        for copy in other.copies
    )


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
    """Whether a command is more than an `rm`: a package manager that works."""
    return any(call.command is command and call.action == "remove" for call in run.package_calls)


def _problem(stage: Stage, run: Run, commands: tuple[Command, ...]) -> Problem:
    first = quote(str(commands[0]))
    what = (
        f"{first} and {len(commands) - 1} more take build time and shrink"
        if len(commands) > 1
        else f"{first} takes build time and shrinks"
    )
    return Problem(
        commands[0].span,
        f"{stage.label} is thrown away, and cleans up all the same: {what} nothing that "
        "ships. Only what a later stage copies out of it counts.",
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
