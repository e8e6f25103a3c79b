"""See recursive_chown_layer.md."""

import itertools
import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Attributes,
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Note,
    Problem,
    Put,
    Run,
    Severity,
    Stage,
    folders_of,
    names_read,
    once,
    quote,
    rule,
    within,
)
from rules.copying.deletions import deletions
from rules.packages.options import spelled
from rules.user.accounts.running import name_of
from rules.user.layers import place, shipped_runs
from rules.user.modes.granted import cause_of, read_mode
from rules.user.owners.chown_as_copied import (
    as_flag,
    first_made,
    is_known_before,
    modes_set,
    nothing_else_wrote,
    recursive_changes,
    renumbered_below,
    with_owners,
)
from rules.user.owners.copied import is_already_so, on_other_lines
from rules.user.owners.copied_weights import are_few_texts, heaviest, is_pattern_of_texts
from rules.user.owners.installed_before import Install, installed_before
from rules.user.owners.kept_chowns import COPIED, kept, makes_folder
from rules.user.owners.named import owner_of
from rules.user.owners.system_trees import is_of_base, problem_of_base

_BUILT = frozenset("dist build node_modules vendor .next .nuxt .output wwwroot".split())
"""Folders that a build fills, and fills well."""
_ELSEWHERE = "Do it in the stage or the step that makes the files, or with `COPY --chown` and `--chmod`."
_MOST = 20
"""Changes of one owner, and deletions of one path, that are compared with each further change."""
_SUFFIX = re.compile(r"\.[a-z]\w{1,4}\Z")


@rule(
    "recursive-chown-layer",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("RUN",),
    mentions=("chown", "chmod", "chgrp"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Files that a COPY or the base brought are stored once more, because a later step changes their owner or mode."""
    for stage, run in shipped_runs(change):
        rows = recursive_changes(stage).get(id(run), ()) if not run.deferred else ()
        told = (problem_of_base(stage, run, row) for row in rows if is_of_base(stage, row))
        yield from itertools.islice(told, 1)
    yield from _of_copies(change)


def _of_copies(change: DockerfileChange) -> Iterator[Problem]:
    if "COPY" not in change.source.text.upper() and "ADD" not in change.source.text.upper():
        return
    said: set[tuple[str, str | None]] = set()
    for stage, run in shipped_runs(change):
        if run.deferred:
            continue
        rows = [
            row
            for row in recursive_changes(stage).get(id(run), ())
            if row.path is not None and not row.command.conditional
        ]
        if any(is_of_base(stage, row) for row in rows):
            continue  # the step is told of already
        found = [(row, copied) for row in rows if (copied := _copied_before(stage, run, row))]
        if found and (found[0][0].kind != "chmod" or (stage.key, found[0][0].path) not in said):
            said |= {(stage.key, row.path) for row, _ in found if row.kind == "chown"}  # names the `chmod` as well
            yield _problem(change, stage, run, *found[0], alone=len(found) == 1)
        elif not found:
            installs = ((row, installed_before(stage, run, row)) for row in rows)
            told = (_of_install(stage, run, row, install) for row, install in installs if install is not None)
            yield from itertools.islice(told, 1)


def _copied_before(stage: Stage, run: Run, row: Attributes) -> list[Put]:
    """Return the trees that COPYs above a RUN brought to its path or below it, and that it changes."""
    there = [
        put
        for put in (*stage.files.below(row.path or ""), *_built_around(stage, run, row))
        if put.kind in COPIED
        and put.tree
        and not (_is_one_file(put) or is_pattern_of_texts(put))
        and put.step.instruction.line < run.instruction.line
        and not is_already_so(stage, put, row)
        and not _is_done_above(stage, put, row)
        and not _is_deleted(stage, put, row)
    ]
    return [put for put in there if within(put.path, row.path or "")] or there


def _built_around(stage: Stage, run: Run, row: Attributes) -> list[Put]:
    """Return the project with its build that a COPY brought around a path, where that is the build's own folder.

    Of other folders of a project, which are often made writable, it is not known whether they hold much.
    """
    path = row.path or ""
    if posixpath.basename(path) not in _BUILT:
        return []
    around = (put for put in stage.files.covering(path) if put.path != path and within(path, put.path))
    return [
        put
        for put in around
        if put.kind == "stage" and put.whole and nothing_else_wrote(stage, run, row, put.step.instruction.line)
    ]


def _is_one_file(put: Put) -> bool:
    """Whether a source that a variable names in part, `${NAME}.deb`, is a file by its suffix."""
    copy = put.step
    if not isinstance(copy, Copy) or put.source or put.path != copy.destination:
        return False
    return all(_SUFFIX.search(source.word.text) for source in copy.sources)


def _is_done_above(stage: Stage, put: Put, row: Attributes) -> bool:
    """Whether a step between has given the files that owner or mode already, so that this one changes nothing."""
    done = _done(stage).get((row.kind, row.value), ())
    return any(put.step.at < at < row.step.at and within(put.path, path) for at, path in done)


def _is_deleted(stage: Stage, put: Put, row: Attributes) -> bool:
    """Whether it is gone by then, as an archive that was unpacked, or when the step ends: its layer has none."""
    gone = (place for folder in folders_of(put.path) for place in _deletions(stage).get(folder, ()))
    return any((put.step.at, -1) < place and place[0] <= row.step.at for place in gone)


@once
def _deletions(stage: Stage) -> dict[str, list[tuple[tuple[int, int], int]]]:
    """Where each path is deleted: the first few steps and commands."""
    found: dict[str, list[tuple[tuple[int, int], int]]] = {}
    rows = [(one.path.rstrip("/"), one.step.at, one.command) for one in stage.files.deletions]
    for path, at, command in (*rows, *((path, run.at, command) for path, run, command in deletions(stage))):
        if len(places := found.setdefault(path, [])) < _MOST:
            places.append((at, command.start))
    return found


@once
def _done(stage: Stage) -> dict[tuple[str, str], list[tuple[tuple[int, int], str]]]:
    """Where each owner and each mode is given to whole folders, without condition: the first few places."""
    found: dict[tuple[str, str], list[tuple[tuple[int, int], str]]] = {}
    for row in (row for rows in recursive_changes(stage).values() for row in rows):
        places = found.setdefault((row.kind, row.value), [])
        if row.path is not None and not row.command.conditional and len(places) < _MOST:
            places.append((row.step.at, row.path))
    return found


def _problem(
    change: DockerfileChange, stage: Stage, run: Run, row: Attributes, copied: list[Put], *, alone: bool
) -> Problem:
    inside = not within(copied[-1].path, row.path or "")
    shown = row.find if row.find is not None and row.command.nested else row.command
    put = heaviest(change, copied)
    copy, folder = put.step.instruction, row.path or "" if inside else put.path
    brought = any(one.whole or one.kind == "stage" for one in copied)
    fix = with_owners(stage, run, row) if alone and not inside and not _besides(stage, row) else None
    return Problem(
        place(run, shown),
        f"{stage.label} stores what {quote(str(copy), 60)} (line {copy.line}) brings to {quote(folder)} twice: "
        f"{quote(str(shown))} changes each file, and a layer that changes a file holds it in full. "
        f"{_way_out(stage, run, row, put, copied, inside=inside, offered=fix is not None)}",
        Confidence.CERTAIN if row.kind == "chown" else Confidence.LIKELY,
        doubt="files that have this mode already are not stored again",
        stage=stage.key,
        instruction=run.instruction,
        key=row.path or "",
        severity=None if brought else Severity.INFO,
        cause=cause_of(stage, row.command) if _opens(row) else "",
        fix=fix,
        minor=are_few_texts(change, copied),
    )


def _opens(row: Attributes) -> bool:
    """Whether it lets everyone write, of which `world-writable-permissions` speaks: its way out spares this one."""
    mode = read_mode(row.value) if row.kind == "chmod" else None
    return mode is not None and mode.everyone_writes


def _of_install(stage: Stage, run: Run, row: Attributes, install: Install) -> Problem:
    """Speak of the packages that root installed in a layer above."""
    owner = row.value.partition(":")[0]
    return Problem(
        place(run, row.command),
        f"{stage.label} stores {quote(install.folder)} twice: {quote(spelled(install.call))} (line "
        f"{install.call.command.line}) leaves it as root's, {quote(str(row.command))} changes each file, and a layer "
        f"that changes a file holds it in full. Put that `chown` into the `RUN` of the install, or install as "
        f"{quote(owner)}.",
        Confidence.LIKELY,
        doubt="the install may bring little",
        instruction=run.instruction,
        stage=stage.key,
        key=f"installed {install.folder}",
        notes=(Note(install.call.command.span, "installed here"),),
    )


def _way_out(
    stage: Stage, run: Run, row: Attributes, put: Put, copied: list[Put], *, inside: bool, offered: bool
) -> str:
    """Say how the files get there as they should be, and what the step has to go on doing: as a fix would have it."""
    copy = put.step
    if inside or not row.value or _is_of_shell(run, row.value):
        return _ELSEWHERE + _besides(stage, row)
    if row.kind == "chown":
        flag = quote(f"{copy.instruction.keyword} --chown={as_flag(row.value)}")
        keeps = "" if offered else kept(stage, row) + _of_other_steps(stage, run, row, copied)
        others, account = on_other_lines(stage, row, put), _account_first(stage, row, copy.instruction.line)
        return f"{flag} gives the files their owner as they arrive.{others}{account}{keeps}{_besides(stage, row)}"
    mode = read_mode(row.value) if row.kind == "chmod" else None
    if mode is not None and mode.everyone_writes:
        flag = quote(f"{copy.instruction.keyword} --chown")
        return f"Give the files to the one account that writes there, with {flag}: then none needs that mode."
    if mode is not None and row.value.isdecimal():
        return f"{quote(f'{copy.instruction.keyword} --chmod={row.value}')} sets the mode as they arrive."
    return _ELSEWHERE


def _is_of_shell(run: Run, owner: str) -> bool:
    """Whether an owner is known to the shell of the step alone: a command's output, a variable that it sets."""
    names = "|".join(names_read(owner))
    text = run.instruction.whole_value
    return any(mark in owner for mark in ("$(", "`")) or bool(
        names and re.search(rf"(?<![\w-])(?:(?:{names})=|(?:for|read)\s+(?:{names})\b)", text)
    )


def _of_other_steps(stage: Stage, run: Run, row: Attributes, copied: list[Put]) -> str:
    below = [put for put in stage.files.below(row.path or "") if put.step.instruction.line < run.instruction.line]
    first = min(one.step.instruction.line for one in (*copied, *below) if isinstance(one.step, Copy))
    made = any(put.kind == "run" and put.path != row.path and not makes_folder(put) for put in below)
    if not made and nothing_else_wrote(stage, run, row, first):
        return ""
    return " A `RUN` that makes files there has to `chown` them itself."


def _account_first(stage: Stage, row: Attributes, line: int) -> str:
    """Say that an account has to be made above the COPY that names it, where the base lacks it or the file makes it."""
    name = name_of(owner_of(row))
    renumbers = renumbered_below(stage, owner_of(row), line)
    if renumbers is not None:
        return f" {quote(renumbers.name)} (line {renumbers.line}) has to come before that: the number counts."
    without = stage.facts is not None and stage.facts.has_user(name) is False
    lacking = (without or name in first_made(stage)) and bool(name) and not name.isdecimal()
    if not lacking or is_known_before(stage, name, line):
        return ""
    return f" The account {quote(name)} has to be there before that."


def _besides(stage: Stage, row: Attributes) -> str:
    """Name the recursive `chmod` that stores the same files again, and is left when the `chown` is gone."""
    other = modes_set(stage).get(row.path) if row.kind == "chown" else None
    if other is None:
        return ""
    mode, command = read_mode(other.value), quote(str(other.command), 60)
    if mode is not None and mode.everyone_writes:
        return f" {command} stores them again all the same, and their owner needs no such mode."
    flag = quote("--chmod" if mode is None else f"--chmod={other.value}")
    takes = ", which takes Dockerfile syntax 1.14" if mode is not None and not other.value.isdecimal() else ""
    return f" {command} stores them again all the same: it needs {flag} there{takes}."
