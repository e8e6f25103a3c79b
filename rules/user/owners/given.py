"""Whom the files belong to that a mode is set on: the last `chown`, the COPY that brought them, or root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import Copy, is_root_name, once, within
from rules.user.accounts.running import name_of
from rules.user.owners.linked_paths import is_link, paths_of
from rules.user.owners.named import Owner, is_same, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Attributes, Stage, Step
    from rules.user.modes.granted import Grant

_MOST = 100
"""Changes of owners that are looked through for each finding."""


def is_of(stage: Stage, step: Step, user: str) -> bool:
    """Whether a step brings files as the account's own, or runs as it: nobody else but root may set their mode."""
    owner = step.option("chown") or "" if isinstance(step, Copy) else step.user.value or ""
    return bool(owner) and is_same(stage, name_of(owner), user) is True


def owners_given(stage: Stage, found: list[Grant]) -> list[Owner]:
    """Return the ordinary account that all of it is given to, once for each place; none where it is not known to be."""
    step = found[0].step
    owners: list[Owner | None]
    if isinstance(step, Copy):
        owners = [_ordinary(stage, step.option("chown") or "", step.instruction.line)]
    else:
        paths = [(grant, path) for grant in found for path in paths_of([grant])]
        owners = [_given_to(stage, grant, path) if path is not None else None for grant, path in paths]
    known = [owner for owner in owners if owner is not None]
    return known if len(known) == len(owners) and len({owner.user for owner in known}) == 1 else []


def _ordinary(stage: Stage, owner: str, line: int) -> Owner | None:
    name = name_of(owner)
    return Owner(name, line) if name and not is_root_name(stage.users.uid_of(name) or name) else None


def _given_to(stage: Stage, grant: Grant, path: str) -> Owner | None:
    """Return whom the last `chown` of a path, or the COPY that brought it, names; nothing came there since."""
    deep = grant.recursive
    last = next((row for row in reversed(_chowns(stage)) if covers(stage, row, path, deep=deep)), None)
    first = next(iter(stage.files.at(path)), None)  # a folder that is there keeps its owner when a COPY fills it
    brought = first if first is not None and isinstance(first.step, Copy) and first.step.at < grant.step.at else None
    if last is None or (brought is not None and brought.step.at > last.step.at):
        copy = brought.step if brought is not None else None
        if not isinstance(copy, Copy) or (deep and _came_since(stage, path, copy.at, -1, grant)):
            return None
        return _ordinary(stage, copy.option("chown") or "", copy.instruction.line)
    if last.command.conditional or (deep and _came_since(stage, path, last.step.at, last.command.start, grant)):
        return None
    if (deep or (last.path != path and first is None)) and any(
        copy.at < grant.step.at and not _gives_to(stage, copy, name_of(owner_of(last)))
        for copy in copies_since(stage, path, last.step)
    ):
        return None
    return _ordinary(stage, owner_of(last), last.command.line)


def covers(stage: Stage, row: Attributes, path: str, *, deep: bool) -> bool:
    """Whether a `chown` changes a path, with all below it where that is asked: one of a link changes the link."""
    if row.path is None or (row.recursive and is_link(stage, row.path) and not row.command.has("-H", "-L")):
        return False
    return (row.path == path and (row.recursive or not deep)) or (row.recursive and within(path, row.path))


def _came_since(stage: Stage, path: str, at: tuple[int, int], start: int, grant: Grant) -> bool:
    """Whether something was put below a path between a place and the mode, that may be another account's."""
    mode = (grant.step.at, grant.command.start if grant.command is not None else -1)
    return any(
        (at, start) < (put.step.at, put.command.start if put.command is not None else -1) <= mode
        for put in stage.files.below(path)
    )


def copies_since(stage: Stage, path: str, step: Step) -> Iterator[Copy]:
    """Yield the COPYs behind a step that may bring a path, or what lies below it, with a tree into a folder above."""
    for put in stage.files.covering(path):
        if isinstance(put.step, Copy) and put.step.at > step.at and within(path, put.path):
            yield put.step


def _gives_to(stage: Stage, copy: Copy, user: str) -> bool:
    return is_same(stage, name_of(copy.option("chown") or "root"), user) is True


@once
def _chowns(stage: Stage) -> tuple[Attributes, ...]:
    return tuple(row for row in stage.files.attribute_changes if row.kind == "chown")[:_MOST]


def changed_owner_since(stage: Stage, grant: Grant) -> bool:
    """Tell whether a `chown` behind a mode surely gives all of it to somebody."""
    if grant.command is None or not grant.paths:
        return False
    later = [
        row
        for row in _chowns(stage)
        if not row.command.conditional and (row.step.at, row.command.start) > (grant.step.at, grant.command.start)
    ]
    paths = paths_of([grant])
    return all(path is not None and any(covers(stage, row, path, deep=False) for row in later) for path in paths)
