"""See run_folder_moved.md."""

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    DockerfileChange,
    Note,
    Problem,
    Put,
    Run,
    Severity,
    Stage,
    meet,
    once,
    quote,
    rule,
    runs_apart,
    within,
)
from rules.build.folder_origins import is_plain
from rules.copying.context.project_calls import calls_project, is_led_elsewhere
from rules.model.outcome import outcome_of_failure
from rules.model.run_writes import is_opaque
from rules.model.work_folders import folder_of


class _Moved(NamedTuple):
    """A command that works in another folder than before.

    Attributes:
        run: Its RUN.
        command: The command.
        old: The RUN in which it stood before.
        then: Where it worked.
        now: Where it works.
        put: What brings the project to where it worked, still.
    """

    run: Run
    command: Command
    old: Run
    then: str
    now: str
    put: Put


@rule(
    "run-folder-moved",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("RUN",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A command that works on a project runs in another folder than before, and the project is still where it was."""
    for stage, was in change.compared():
        if stage.runtime.is_windows:
            continue
        moved = next(_moved(stage, was), None)
        if moved is not None:
            yield _problem(stage, moved)  # what comes behind it works in the wrong folder for the same reason


def _moved(stage: Stage, was: Stage) -> Iterator[_Moved]:
    for run in stage.runs:
        for command in run.commands if run.is_read and not run.deferred else ():
            old = _places(was).get(str(command))
            now = folder_of(run, command)
            if (
                old is None
                or now is None
                or command.conditional
                or runs_apart(run, command)
                or not calls_project(command)
                or is_led_elsewhere(run, command)
            ):
                continue
            then = folder_of(*old)
            if then is None or then in (now, "/") or now in _folders(was)[str(command)]:
                continue
            put = _project(stage, run, then)
            if (
                put is not None
                and _project(was, old[0], then) is not None
                and not _may_hold(stage, was, (run, command), now)
            ):
                yield _Moved(run, command, old[0], then, now, put)


@once
def _places(was: Stage) -> dict[str, tuple[Run, Command]]:
    """Where each command stood, by its text; the last place."""
    return {str(command): (run, command) for run in was.runs if run.is_read for command in run.commands}


@once
def _folders(was: Stage) -> dict[str, set[str | None]]:
    """The folders in which a command of each text worked."""
    found: dict[str, set[str | None]] = {}
    for run in was.runs:
        for command in run.commands if run.is_read else ():
            found.setdefault(str(command), set()).add(folder_of(run, command))
    return found


def _project(stage: Stage, run: Run, folder: str) -> Put | None:
    """Return what brings files right into a folder above a RUN."""
    return next((put for put in stage.files.covering(folder) if put.step.at <= run.at and _fills(put, folder)), None)


def _fills(put: Put, folder: str) -> bool:
    """Whether something brings files to a folder itself: not to one below it, and not the folder alone."""
    if put.makes_folder or (put.command is not None and put.command.name in ("chmod", "chown", "touch", "tee")):
        return False
    if put.tree:
        return within(folder, put.path)
    return put.path == folder or posixpath.dirname(put.path) == folder


def _may_hold(stage: Stage, was: Stage, at: tuple[Run, Command], folder: str) -> bool:
    """Whether a project may be in a folder: brought, mounted, made there before as well, or of the base image."""
    run, moved = at
    if _project(stage, run, folder) is not None or any(
        meet(folder, target)
        for target in (run.resolve(mount.target) or "/" for mount in run.mounts if mount.type == "bind")
    ):
        return True
    if any(isinstance(step, Copy) and step.destination is None for step in stage.done_steps if step.at < run.at):
        return True
    above = ((one, each) for one in stage.done_runs if one.at <= run.at and one.is_read for each in one.commands)
    known = _folders(was)
    for one, each in above:
        here = folder_of(one, each) == folder
        if not is_opaque(each) or (one is run and each.start >= moved.start and str(each) not in known):
            continue
        if here and folder in known.get(str(each), ()):
            return True
        if str(each) not in known and (here or folder in str(each)):
            return True  # `cmake -S /src -B .`: the change makes there what the command works on
    return not is_plain(stage) and folder != "/" and folder == _base_folder(stage)


def _base_folder(stage: Stage) -> str | None:
    """The folder in which the first step of the chain works, which may be the base image's own."""
    first = next(iter(stage.all_steps), None)
    return first.workdir.value if first is not None else None


def _problem(stage: Stage, moved: _Moved) -> Problem:
    then, now, command = quote(moved.then), quote(moved.now), quote(str(moved.command), 60)
    outcome = outcome_of_failure(moved.run, moved.command)
    ends = ", and the build stops here" if outcome == "stops" else ""
    return Problem(
        moved.command.span,
        f"{stage.label} runs {command} in {now} now, and before this change it ran in {then}. The project is still "
        f"brought to {then} (line {moved.put.step.instruction.line}), and nothing brings it to {now}: the command does "
        f"not find it{ends}. Go to {then} first, or bring the project to {now}.",
        Confidence.LIKELY,
        doubt="the command may need no file of the project",
        instruction=moved.run.instruction,
        stage=stage.key,
        key=f"{moved.then} {moved.now}",
        notes=(Note(moved.old.instruction.span, "worked there before", before=True),),
    )
