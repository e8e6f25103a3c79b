"""See world_writable_permissions.md."""

import dataclasses
import posixpath
import re
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
    Step,
    folders_of,
    once,
    quote,
    rule,
)
from rules.copying.deletions import deleted_behind
from rules.model.puts import within_any
from rules.model.shell_scope import filled
from rules.model.work_folders import path_of
from rules.quoting import first_few
from rules.user.layers import place, shipped_steps
from rules.user.modes.granted import Grant, cause_of, grants, shown, without_others_writing
from rules.user.modes.narrower_rights import is_for_running, temporary, way_out
from rules.user.modes.standing import newly_opened
from rules.user.root.by_design import drops_privileges, unread_scripts
from rules.user.root.callers import is_for_own_uid, is_meant, script_for_callers
from rules.user.writing.reach import closed_above

_SHARED = ("/dev", "/proc", "/sys")
_SHOWN = 3
_PARAMETER = re.compile(r"\$\{?[@*\d]\}?")
"""`$@` and `$1` name nothing to a reader."""
_CLOSING = re.compile(r"^[0-7]{3,5}$|(?:^|,)[ug]*[oa][ugoa]*(?:=|-[rxXst]*w)")
"""A mode that says what others may do, or that they may not write."""


@rule(
    "world-writable-permissions",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN", "COPY", "ADD"),
    mentions=("install", "mkdir", "chmod"),
    aliases=("S2612", "DF034"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Everyone in the container may write a file or folder that ships."""
    for stage, step in shipped_steps(change):
        found = _opened(stage, step)
        fresh = _fresh(change, stage, found)
        if found:
            yield dataclasses.replace(_problem(change, stage, found, fresh or found), held_before=not fresh)


def _opened(stage: Stage, step: Step) -> list[Grant]:
    """Return where a step lets everyone write what ships."""
    opened = (
        newly_opened(stage, grant) for grant in grants(step) if grant.mode.everyone_writes and not grant.mode.sticky
    )
    return [grant for grant in opened if grant is not None and not _is_exempt(stage, grant)]


def _fresh(change: DockerfileChange, stage: Stage, found: list[Grant]) -> list[Grant]:
    """Return what everyone could not write before the change, by whichever step; of several paths the new ones."""
    was = change.was(stage)
    if was is None:
        return found
    fresh = []
    moved = _moved(change)[stage.index]
    for grant in found:
        paths = tuple(path for path in grant.paths if not _was_open(was, grant, path, moved))
        if paths or not grant.paths:
            fresh.append(grant._replace(paths=paths))
    return fresh


def _was_open(was: Stage, grant: Grant, path: str, moved: Collection[str]) -> bool:
    """Whether everyone could write a path, or one of that name in a folder from which it moved."""
    whole, single = _places_opened(was)
    place = grant.full(path) or path
    if any(folder in whole for folder in folders_of(place)) or (not grant.recursive and place in single):
        return True
    return posixpath.basename(place) in moved


@once
def _moved(change: DockerfileChange) -> dict[int, frozenset[str]]:
    """Return the names of what was open to everyone in a stage and is no more, by the stage's index."""
    found = {}
    for stage in change.stages:
        was = change.was(stage)
        gone = frozenset().union(*_places_opened(was)).difference(*_places_opened(stage)) if was is not None else ()
        found[stage.index] = frozenset(map(posixpath.basename, gone))
    return found


@once
def _places_opened(stage: Stage) -> tuple[frozenset[str], frozenset[str]]:
    """Return what the steps of a chain open to everyone with all below it, and what they open alone."""
    opened = [
        (grant.full(path) or path, grant.recursive)
        for step in stage.all_steps
        for grant in _opened(stage, step)
        for path in grant.paths
    ]
    return frozenset(path for path, deep in opened if deep), frozenset(path for path, deep in opened if not deep)


def _is_exempt(stage: Stage, grant: Grant) -> bool:
    """Whether it is about devices, what others cannot reach, or what the same RUN deletes or closes again."""
    if grant.paths and all(within_any(grant.full(path) or path, _SHARED) for path in grant.paths):
        return True
    step = grant.step
    if grant.paths and all(_is_out_of_reach(stage, grant, path) for path in grant.paths):
        return True
    if grant.paths and _is_closed_below(stage, grant):
        return True
    if not isinstance(step, Run) or not grant.paths or grant.command is None:
        return False
    return all(_is_deleted(step, grant.command, path) for path in grant.paths) or _is_closed(step, grant)


def _is_out_of_reach(stage: Stage, grant: Grant, path: str) -> bool:
    """Whether a folder above is closed to others; a relative path behind a `cd` may be anywhere."""
    if not path.startswith(("/", "$")) and isinstance(grant.step, Run) and grant.step.calls("cd", "pushd"):
        return False
    full = grant.full(path)
    return full is not None and closed_above(stage, full) is not None


def _is_deleted(run: Run, command: Command, path: str) -> bool:
    """Whether the RUN deletes, behind a command, a path by the same words, or a folder that it lies in."""
    if _deleted(run).get(path, -1) > command.start:
        return True
    full = path_of(run, command, path)
    found = deleted_behind(run.stage, full, (run.at, command.start)) if full is not None else None
    return found is not None and found.run is run and found.path != full  # of `x/*` the folder itself stays


@once
def _deleted(run: Run) -> dict[str, int]:
    """Where a RUN last deletes each path that it names."""
    return {word.value: command.start for command in run.calls("rm") for word in command.operands()}


def _is_closed(run: Run, grant: Grant) -> bool:
    """Whether commands behind it take the right away again, from all that it was given on."""
    closed = _closed(run)
    if grant.command is None:
        return False
    return all(
        max(closed[path, kind].start if (path, kind) in closed else -1 for kind in (True, grant.recursive))
        > grant.command.start
        for path in grant.paths
    )


def _is_closed_below(stage: Stage, grant: Grant) -> bool:
    """Whether later steps of the image take the right away again, from all that it was given on."""
    closed = _closed_below(stage)
    return all(
        max(closed.get((grant.full(path) or path, kind), (-1, -1)) for kind in (True, grant.recursive)) > grant.step.at
        for path in grant.paths
    )


@once
def _closed_below(stage: Stage) -> dict[tuple[str, bool], tuple[int, int]]:
    """Where the last step closes a path to others, in the image; as in `_closed`."""
    found: dict[tuple[str, bool], tuple[int, int]] = {}
    for run in stage.all_runs:
        for (path, recursive), command in _closed(run).items():
            full = run.resolve(filled(run, command, path))
            if full is not None:
                found[full, recursive] = run.at
    return found


@once
def _closed(run: Run) -> dict[tuple[str, bool], Command]:
    """Which command of a RUN last takes the right to write away, or to delete: by path, and whether from all below."""
    return {
        (path, later.recursive): later.command
        for later in grants(run)
        if later.command is not None and not later.command.conditional and not later.mode.everyone_writes
        if later.found is None or not later.found.type  # of files alone the folders stay open
        if _CLOSING.search(later.mode.text) or later.mode.sticky
        for path in later.paths
    }


def _problem(change: DockerfileChange, stage: Stage, found: list[Grant], told: list[Grant]) -> Problem:
    """Speak of what is told; the way out is one for all that was found, since a mode is set on all of it."""
    first = told[0]
    step = first.step
    written = quote(f"--chmod={first.mode.text}" if first.command is None else str(shown(first)))
    paths = tuple(dict.fromkeys(path for grant in told for path in grant.paths if not _PARAMETER.fullmatch(path)))
    caller = script_for_callers(change, stage)
    own = is_for_own_uid(change, step)
    meant = caller is not None or own or is_meant(step)
    more = f" and {len(told) - 1} more like it" if len(told) > 1 else ""
    instead = way_out(stage, found, meant=meant, own_uid=own)
    if caller is not None:
        instead += (
            f" {quote(caller)} asks who starts it: where any uid may, and writes there, nothing narrower will do."
        )
    span = place(step, first.command) if first.command is not None and isinstance(step, Run) else first.span
    return Problem(
        span,
        f"{step.stage.label} lets every user write {_what(told)}{_named(paths)}: {written}{more}. Any process in the "
        "container, under whatever user, can then replace what is there, and whoever reads or runs it later trusts it. "
        f"{instead}",
        Confidence.POSSIBLE if meant else Confidence.CERTAIN,
        minor=stage.index in _stay_root(change) or change.is_for_developers,  # nobody else is there to write
        decision=f"{first.mode.text} {instead}",
        stage=stage.key,
        key=" ".join(paths),
        cause=cause_of(stage, first.command) if first.command is not None else "",
        instruction=step.instruction,
        fix=_fix(change, stage, found) if not meant else None,
    )


def _named(paths: tuple[str, ...]) -> str:
    return first_few(paths, _SHOWN) or "files"


def _what(told: list[Grant]) -> str:
    """Say what it is below the folders that `find` looks through, where all is of one type."""
    types = {grant.found.type if grant.found is not None else "" for grant in told}
    return {"f": "the files below ", "d": "the folders in "}.get(types.pop(), "") if len(types) == 1 else ""


def _fix(change: DockerfileChange, stage: Stage, found: list[Grant]) -> Fix | None:
    """Narrow octal modes where nobody but root, or the owner, can have needed the right to write."""
    modes = [_safe(grant, rooted=stage.index in _stay_root(change)) for grant in found]
    if None in modes:
        return None
    titles = " and ".join(dict.fromkeys(mode for mode in modes if mode is not None))
    return Fix(
        f"Use mode {titles}",
        tuple(Edit(g.span, mode) for g, mode in zip(found, modes, strict=True) if mode is not None),
    )


@once
def _stay_root(change: DockerfileChange) -> frozenset[int]:
    """The shipped stages whose programs run as root from the start to the end, as far as anything says."""
    return frozenset(
        stage.index
        for stage in change.after.shipped
        if stage.users.final_is_root is True
        if not drops_privileges(change, stage) and not unread_scripts(change, stage)
    )


def _safe(grant: Grant, *, rooted: bool) -> str | None:
    text = grant.mode.text
    if grant.elsewhere or grant.step.instruction.source.cut(grant.span) != text:
        return None
    if temporary(grant):
        return "1777" if text.lstrip("0") == "777" else None
    rooted = rooted and not grant.recursive and not _is_folder(grant)
    return without_others_writing(text) if rooted or is_for_running(grant) else None


def _is_folder(grant: Grant) -> bool:
    """Whether folders are opened: mostly on purpose, for whatever user a container is started as."""
    step = grant.step
    folders = _folders(step.stage)
    return any(path in folders or path.endswith("/") or "." not in posixpath.basename(path) for path in grant.paths)


@once
def _folders(stage: Stage) -> frozenset[str]:
    made = {word.value for run in stage.all_runs for command in run.calls("mkdir") for word in command.operands()}
    return frozenset(made | {volume.value for volume in stage.image.volumes if volume.value is not None})
