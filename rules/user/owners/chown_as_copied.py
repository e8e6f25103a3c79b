"""Owners that `COPY --chown` gives files as they arrive, where a `chown -R` further down gives them now."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING

from rules.lazily import once
from rules.model.puts import within
from rules.model.steps import Copy
from rules.model.users import ROOT_NAMES
from rules.repairs import add_flag, delete_word, fix
from rules.user.accounts.running import name_of
from rules.user.layers import folders_made
from rules.user.owners.kept import leaves_nothing

if TYPE_CHECKING:
    from rules.dockerfile.shell.script import Command
    from rules.model.files import Attributes
    from rules.model.stage import Stage
    from rules.model.steps import Run
    from rules.problem import Edit, Fix

_DOTTED = re.compile(r"((?:\$\{\w+\}|[^.:{}])+)\.((?:\$\{\w+\}|[^.:{}])+)")
"""`user.group`, which `chown` takes for `user:group`; the builder would look for an account of that name."""

CHANGES_NOTHING = re.compile(r"(?:(?:[ugoa]*\+[rX]+|[go]+-w),?)+")
"""Rights that files of a checkout, 644 and 755, have already, or lack."""

_RENUMBER = ("usermod", "groupmod")
_REMOVE = ("deluser", "userdel", "delgroup", "groupdel")
_VALUED = ("-u", "--uid", "-g", "--gid", "-d", "--home", "-s", "--shell", "-c", "--comment", "-n", "--new-name", "-G")


@once
def recursive_changes(stage: Stage) -> dict[int, list[Attributes]]:
    """The recursive changes by the RUN that makes them; all that is in a folder, `/srv/*`, is as good as the folder."""
    found: dict[int, list[Attributes]] = {}
    for row in stage.files.attribute_changes:
        if row.recursive:
            path = row.path if row.written.startswith(("/", "$")) else _from_there(row, row.written)
            path = path.removesuffix("/*") if path is not None else None
            owner = _with_colon(stage, row.value) if row.kind == "chown" else row.value
            found.setdefault(id(row.step), []).append(row._replace(path=path, value=owner))
    return found


def _from_there(row: Attributes, written: str) -> str | None:
    """Make a relative path absolute, behind a `cd` to a folder that is written out from that; else by the WORKDIR."""
    moves = [one for one in row.step.calls("cd", "pushd") if one.start < row.command.start]
    if not moves:
        return row.path
    folder = moves[-1].operands()[0].value if moves[-1].operands() else ""
    plain = folder.startswith("/") and not {"$", "`"} & {*folder, *written} and not moves[-1].conditional
    return posixpath.normpath(posixpath.join(folder, written)) if plain and len(moves) == 1 else None


@once
def operands(stage: Stage) -> dict[int, list[str]]:
    """The paths of each command that changes owners or modes, as written."""
    found: dict[int, list[str]] = {}
    for row in stage.files.attribute_changes:
        found.setdefault(id(row.command), []).append(row.written)
    return found


def _with_colon(stage: Stage, owner: str) -> str:
    """Return an owner with a colon before its group, unless an account has the dot in its name."""
    parts = _DOTTED.fullmatch(owner)
    return f"{parts[1]}:{parts[2]}" if parts is not None and owner not in first_made(stage) else owner


def as_flag(owner: str) -> str:
    """An owner as `--chown` takes it: `nobody:`, with the account's own group, is a form of the command alone."""
    return owner.removesuffix(":")


def with_owners(stage: Stage, run: Run, row: Attributes) -> Fix | None:
    """Let the COPYs set the owner; the folder itself keeps its `chown`, which costs nothing without `-R`."""
    puts = [put for put in stage.files.below(row.path or "") if put.step.instruction.line < run.instruction.line]
    copies = list(dict.fromkeys(put.step for put in puts if isinstance(put.step, Copy)))
    first = min(copy.instruction.line for copy in copies)
    if (
        row.kind != "chown"
        or row.path in modes_set(stage)
        or _targets(stage)[id(row.command)] > 1
        or any(copy.stage is not run.stage for copy in copies)
    ):
        return None
    if any(put.kind == "run" and put.path != row.path for put in puts) or not nothing_else_wrote(
        stage, run, row, first
    ):
        return None
    if any(word.value.endswith("/*") for word in row.command.args) or _has_folders_of_its_own(stage, row.path or ""):
        return None
    flag = row.command.flag("-R", "--recursive")
    if renumbered_below(stage, row.value, first) is not None:
        return None
    if not is_known_before(stage, row.value, first) or flag is None or flag.text not in ("-R", "--recursive"):
        return None
    owned = [_with_owner(copy, as_flag(row.value)) for copy in copies]
    return fix("Set the owner in COPY", *owned, delete_word(flag.source, flag.span))


def _has_folders_of_its_own(stage: Stage, path: str) -> bool:
    """Whether an instruction makes a folder below a path: without `-R` it stays root's."""
    return any(folder != path and within(folder, path) for folder in folders_made(stage))


def _with_owner(copy: Copy, owner: str) -> Edit | None:
    if copy.instruction.flag("chown") is not None:
        return None
    return add_flag(copy.instruction, f"--chown={owner}")


def is_known_before(stage: Stage, owner: str, line: int) -> bool:
    """Whether user and group can be named in a line of the file: `COPY --chown` looks them up in the image."""
    if not owner or "$" in owner:
        return False
    user, _, group = owner.partition(":")
    made = first_made(stage)
    facts = stage.facts
    return all(
        not name
        or name.isdecimal()
        or name in ROOT_NAMES
        or (facts is not None and bool(facts.has_user(name)))
        or made.get(name, line) < line
        for name in (name_of(user), group)
    )


def renumbered_below(stage: Stage, owner: str, line: int) -> Command | None:
    """Return the command behind a line that gives an account or a group of an owner another number, or takes it away.

    `COPY --chown` writes the number that the name has then; `usermod` changes that of the files at home alone.
    """
    names = {name_of(part) for part in owner.split(":")} - {""}
    for run in stage.done_runs:
        if run.instruction.line > line:
            for command in run.calls(*_RENUMBER, *_REMOVE):
                changes = command.name in _REMOVE or command.has("-u", "--uid", "-g", "--gid")
                if changes and names & {word.value for word in command.operands(_VALUED)}:
                    return command
    return None


@once
def first_made(stage: Stage) -> dict[str, int]:
    """The first line at which each account and group is made."""
    found: dict[str, int] = {}
    for account in (*stage.users.created, *stage.users.groups):
        found[account.name] = min(found.get(account.name, account.run.instruction.line), account.run.instruction.line)
    return found


def nothing_else_wrote(stage: Stage, run: Run, row: Attributes, first: int) -> bool:
    """Whether between the first COPY and the `chown` no program ran that may have left files in the folder."""
    lines = _lines_that_write(stage)
    at = bisect_right(lines, first)
    if at < len(lines) and lines[at] < run.instruction.line:
        return False
    return all(map(leaves_nothing, run.commands[: run.commands.index(row.find or row.command)]))


@once
def _lines_that_write(stage: Stage) -> list[int]:
    """The lines of the RUNs that may leave files anywhere."""
    return sorted(run.instruction.line for run in stage.done_runs if not all(map(leaves_nothing, run.commands)))


@once
def _targets(stage: Stage) -> Counter[int]:
    """How many paths each command changes."""
    return Counter(id(row.command) for row in stage.files.attribute_changes)


@once
def modes_set(stage: Stage) -> dict[str | None, Attributes]:
    """The first recursive `chmod` of each folder that changes something."""
    found: dict[str | None, Attributes] = {}
    for row in (row for rows in recursive_changes(stage).values() for row in rows):
        if row.kind == "chmod" and not CHANGES_NOTHING.fullmatch(row.value):
            found.setdefault(row.path, row)
    return found
