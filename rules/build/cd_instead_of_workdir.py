"""See cd_instead_of_workdir.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Copy,
    DockerfileChange,
    Fix,
    Problem,
    Run,
    Severity,
    Stage,
    delete_command,
    fix,
    insert_line_before,
    quote,
    rule,
)


@rule(
    "cd-instead-of-workdir",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="off",
    keywords=("RUN", "ONBUILD"),
    mentions=("cd",),
    aliases=("DL3003", "DS-0013", "S6597", "DF008"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN changes the folder by itself."""
    for stage in change.stages:
        for run in () if stage.runtime.is_windows else stage.runs:
            command = next((one for one in run.calls("cd") if not (one.nested or _is_said_below(run, one))), None)
            if command is not None:
                yield _problem(stage, run, command)


def _is_said_below(run: Run, command: Command) -> bool:
    """Whether it ends the RUN, and the next instruction is the WORKDIR of that folder: nothing runs there by `cd`."""
    below = next(iter(run.stage.steps[run.index + 1 : run.index + 2]), None)
    if below is None or below.instruction.keyword != "WORKDIR" or command is not run.commands[-1] or not command.args:
        return False
    folder = run.resolve(command.args[-1].value)
    return folder is not None and folder == run.resolve(below.instruction.value.strip())


def _problem(stage: Stage, run: Run, command: Command) -> Problem:
    folder = command.args[-1].value if command.args else "~"
    here = run.resolve(folder)
    current = run.workdir.set_in_file and here is not None and here == run.workdir.value
    if current:
        fact = f"{stage.label} enters {quote(folder)} with `cd`, and `WORKDIR` is there already"
        way = f"{quote(str(command))} can go"
    else:
        again = quote(run.workdir.value) if run.workdir.value else "the base image's folder"
        fact = f"{stage.label} enters {quote(folder)} with `cd`, and the next instruction starts in {again} again"
        way = "`WORKDIR` says it where a reader looks for it"
        if _is_first(run, command):
            way = f"{quote(f'WORKDIR {folder}')} above this `RUN` says it where a reader looks for it"
    return Problem(
        command.span,
        f"{fact}. {way}.",
        instruction=run.instruction,
        stage=stage.key,
        fix=_without_need(run, command) if current else _as_workdir(stage, run, command),
    )


def _is_first(run: Run, command: Command) -> bool:
    """Whether the RUN begins with it, all of it runs behind it, and nothing leaves the folder again."""
    joined = command.after in ("&&", ";", "\n") and not command.conditional and not command.redirects
    opening = run.instruction.source.text[run.instruction.value_span.start : command.start]
    grouped = not run.instruction.heredocs and bool(opening.strip(" \t\r\n\\`"))
    alone = command is run.commands[0] and not grouped and len(run.calls("cd", "pushd", "popd")) == 1
    plain = len(command.args) == 1 and command.args[0].literal and command.args[0].value[:1] not in ("~", "-")
    return joined and alone and plain


def _without_need(run: Run, command: Command) -> Fix | None:
    return fix("Delete the `cd`", delete_command(run, command)) if _is_first(run, command) else None


def _as_workdir(stage: Stage, run: Run, command: Command) -> Fix | None:
    """Write the WORKDIR above the RUN, where nothing but this RUN starts in it."""
    if not _is_first(run, command) or run.deferred or run.instruction.flags or not _is_free_below(stage, run):
        return None
    folder = command.args[0].text
    if not folder.startswith("/") and not run.workdir.set_in_file:
        return None
    line = f"WORKDIR {folder}"
    return fix("Use WORKDIR", insert_line_before(run.instruction, line), delete_command(run, command))


def _is_free_below(stage: Stage, run: Run) -> bool:
    """Whether nothing below starts in the folder that is in force here: WORKDIR changes it, or the stage ends."""
    for place in range(run.index + 1, len(stage.steps)):
        step = stage.steps[place]
        if step.instruction.keyword == "WORKDIR" and not step.deferred:
            return step.instruction.value.startswith("/")
        if isinstance(step, (Run, Copy)) or step.deferred:
            return False
    ends = (other.parent is not stage for other in stage.model.stages)
    return all(ends) and stage.index not in stage.model.in_shipped_images
