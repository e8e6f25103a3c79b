"""See chown_after_setcap.md."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from rules.api import (
    Attributes,
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Note,
    Problem,
    Run,
    Severity,
    Stage,
    once,
    quote,
    rule,
    within,
)
from rules.model.shell_scope import filled
from rules.quoting import listed
from rules.user.layers import folders_made, place
from rules.user.modes.granted import grants

_VALUED = ("-n",)
"""The option of `setcap` that takes a value."""
_MOST = 40
"""Files that are followed in a stage."""
_SHOWN = 2
"""Files, and commands, that a message names; one more where it is the last."""


class _Privilege(NamedTuple):
    """A file that gets capabilities, or the setuid bit.

    Attributes:
        path: Absolute.
        run: The RUN.
        command: The command.
        is_capability: Whether it is capabilities.
    """

    path: str
    run: Run
    command: Command
    is_capability: bool


@rule(
    "chown-after-setcap",
    severity=Severity.ERROR,
    category=Category.RELIABILITY,
    keywords=("RUN",),
    mentions=("setcap", "chmod"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A `chown` takes away the capabilities, or the setuid bit, that a file was given before."""
    seen: set[tuple[int, bool]] = set()
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped or stage.runtime.is_windows:
            continue
        lost: dict[tuple[int, bool], list[tuple[_Privilege, Attributes]]] = {}
        for privilege in _kept(stage):
            row = _owner_changed(stage, privilege)
            if row is not None:
                lost.setdefault((row.command.start, privilege.is_capability), []).append((privilege, row))
        for key, rows in lost.items():
            if key not in seen:  # a stage below has its own
                yield _problem(stage, [privilege for privilege, _ in rows], rows[0][1])
        seen.update(lost)


def _kept(stage: Stage) -> list[_Privilege]:
    """Return the last such command of each file, where a RUN of the stage's own changes owners at all."""
    if not any(run.calls("chown", "chgrp") for run in stage.runs):
        return []
    last = {(one.path, one.is_capability): one for one in _given(stage)}
    return list(last.values())[:_MOST]


@once
def _given(stage: Stage) -> tuple[_Privilege, ...]:
    found = []
    for run in stage.done_runs:
        for command in run.calls("setcap"):
            words = command.operands(_VALUED)
            if not command.has("-v", "-r") and not command.conditional:
                found += [_privilege(run, command, word.value, is_capability=True) for word in words[1::2]]
        for grant in grants(run):
            chmod = grant.command
            if (
                chmod is None
                or chmod.name == "mkdir"
                or chmod.conditional
                or grant.found
                or chmod.has("-d", "-R", "--recursive")
            ):
                continue
            if grant.mode.setuid:
                found += [_privilege(run, chmod, path, is_capability=False) for path in grant.paths]
    return tuple(one for one in found if one is not None and one.path not in folders_made(stage))


def _privilege(run: Run, command: Command, text: str, *, is_capability: bool) -> _Privilege | None:
    expanded = filled(run, command, text)
    known = expanded is not None and expanded.startswith("/") and not set(expanded) & set("*?[{$`(")
    return _Privilege(expanded, run, command, is_capability) if known and expanded is not None else None


def _owner_changed(stage: Stage, privilege: _Privilege) -> Attributes | None:
    """Return the first `chown` or `chgrp` behind it that is sure to meet the file."""
    after = (privilege.run.at, privilege.command.start)
    for row in stage.files.attribute_changes:
        if row.kind == "chmod" or (row.step.at, row.command.start) <= after or row.path is None:
            continue
        if row.command.conditional or row.command.has("--from", "-h", "--no-dereference"):
            continue
        if any(mark in row.path for mark in "*?["):
            folder = row.path.rpartition("/")[0]
            meets = (
                "*" not in folder
                and fnmatchcase(privilege.path, row.path)
                and (row.recursive or "/" not in privilege.path.removeprefix(f"{folder}/"))
            )
        else:
            meets = row.path == privilege.path or (row.recursive and within(privilege.path, row.path))
        if meets:
            return row
    return None


def _problem(stage: Stage, privileges: list[_Privilege], row: Attributes) -> Problem:
    """Speak of the files that one change of owner meets."""
    first = privileges[0]
    commands = list({one.command.start: one.command for one in privileges}.values())
    what = "capabilities" if first.is_capability else "setuid bit"
    taken = listed([quote(one.path) for one in privileges], _SHOWN)
    given = listed([f"{quote(str(command), 70)} (line {command.line})" for command in commands], _SHOWN)
    many = len(privileges) > 1
    runs = "programs run" if many else "program runs"
    return Problem(
        place(row.step, row.command),
        f"{stage.label} takes from {taken} the {what} that {given} gave "
        f"{'them' if many else 'it'}: {quote(str(row.command), 70)} comes later, and the kernel drops them when a file "
        f"changes its owner or group. The {runs} {'without them' if first.is_capability else 'as whoever calls it'}. "
        "Move the change of owner above.",
        Confidence.POSSIBLE if stage.users.final_is_root else Confidence.CERTAIN,  # root needs neither
        stage=stage.key,
        instruction=row.step.instruction,
        key=f"{first.path} {what}",
        notes=tuple(Note(command.span, "given here") for command in commands),
    )
