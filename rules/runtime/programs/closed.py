"""Programs that a container starts and that their mode keeps from its account."""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Copy, Origin, Put, Run, Stage, within
from rules.brought import last_put
from rules.model.filenames import is_pattern
from rules.runtime.starts.instructions import is_executed
from rules.runtime.starts.scripts import start_target
from rules.user.accounts.running import name_of, runtime_user
from rules.user.owners.named import is_same, owner_of

if TYPE_CHECKING:
    from rules.api import Attributes, DockerfileChange
    from rules.runtime.starts.instructions import Written

_OCTAL = re.compile(r"0?[0-7]{3}")
_CLAUSE = re.compile(r"([ugoa]*)([-+=])([rwxX]*)")
_UMASK = 0o022
"""The mask of a build, which a mode without a letter for whom keeps to."""
_MOVERS = frozenset({"install", "find", "xargs", "mv", "cp", "ln", "rm", "tar", "unzip", "setfacl", "dos2unix"})
"""Programs that may make another file of it, or change its mode unseen."""
_READ, _EXECUTE = 0o4, 0o1
_MOST = 20
"""Arguments that are followed; each costs one reading of what changes owners and modes."""


class Closed(NamedTuple):
    """A program that its mode keeps from the account that is to start it.

    Attributes:
        target: In the image.
        user: The account, without its group.
        bits: The mode of the file.
        copy: What brings the file.
        decided_by: What gives it the mode.
        executed: Whether it is to be executed, rather than read.
    """

    target: str
    user: str
    bits: int
    copy: Copy
    decided_by: Copy | Run
    executed: bool


class _File(NamedTuple):
    """Owner, group and mode of a file on its way; `None` for what is not known."""

    owner: str
    group: str
    bits: int | None
    decided_by: Copy | Run


def closed_program(change: DockerfileChange, found: Written) -> Closed | None:
    """Return what a start command or a probe needs and its mode keeps from the container's account.

    That is the program itself, or else a file that an argument names by its whole path.

    Args:
        change: The change under review.
        found: The command.
    """
    stage = found.stage
    user = runtime_user(stage)
    if user is None or stage.image.user.origin is Origin.BASE or not _is_surely_executed(found):
        return None
    target, executed = start_target(found)
    closed = _closed(change, found, user, target, executed=executed) if target is not None else None
    arguments = found.start.words[1:] if found.start.form == "exec" else ()
    paths = (word.rpartition("=")[2] for word in arguments[:_MOST])
    files = (_closed(change, found, user, path, executed=False) for path in paths if path.startswith("/"))
    return closed or next((one for one in files if one is not None), None)


def _closed(change: DockerfileChange, found: Written, user: str, target: str, *, executed: bool) -> Closed | None:
    """Follow one file through the stage, and say whether the account is left outside."""
    stage, put = found.stage, last_put(found.stage, target)
    if put is None or put.path != target or not isinstance(put.step, Copy):
        return None
    file = _copied(change, put, put.step)
    if file is None or _is_moved(stage, put.step, target):
        return None
    for row in stage.files.attribute_changes:
        if row.step.at > put.step.at:
            answer = _applied(file, row, target)
            if answer is None:
                return None
            file = answer
    bits, needed = file.bits, (_READ | _EXECUTE if _is_script(put) else _EXECUTE) if executed else _READ
    if bits is None or _granted(stage, user, file) & needed == needed or is_same(stage, file.owner, user) is not False:
        return None
    return Closed(target, user, bits, put.step, file.decided_by, executed)


def _is_surely_executed(found: Written) -> bool:
    """Whether the first word is surely executed: the base image is known to have no ENTRYPOINT that takes it."""
    return is_executed(found) and (found.instruction.keyword != "CMD" or found.stage.image.entrypoint.known)


def _is_script(put: Put) -> bool:
    return put.path.endswith((".sh", ".bash", ".py", ".rb", ".pl")) or put.kind == "heredoc"


def _copied(change: DockerfileChange, put: Put, copy: Copy) -> _File | None:
    """What a COPY makes of a file: root's unless it says otherwise (Dockerfile reference, "COPY --chown")."""
    chown, chmod = copy.option("chown"), copy.option("chmod")
    if copy.instruction.flag("chown") is not None and not chown:
        return None
    if put.kind not in ("context", "heredoc") and not chown:
        return None  # from a stage it comes with the owner it has there
    bits: int | None = None
    if copy.instruction.flag("chmod") is not None:
        bits = int(chmod, 8) if chmod and _OCTAL.fullmatch(chmod) else None
    elif put.kind == "context":
        mode = _mode_in_git(change, put)
        bits = mode & 0o777 if mode is not None and mode & 0o100000 else None
    owner, colon, group = (chown or "0").partition(":")
    return _File(owner, group if colon else owner, bits, copy)


def _mode_in_git(change: DockerfileChange, put: Put) -> int | None:
    context = change.repository.context_of(change.path)
    if context is None or is_pattern(put.source):
        return None
    return change.repository.mode(posixpath.normpath(posixpath.join(context, put.source)))


def _is_moved(stage: Stage, copy: Copy, target: str) -> bool:
    """Whether a RUN behind the COPY may replace the file, or hands it to a program that is not known."""
    name = posixpath.basename(target)
    return any(
        command.name in _MOVERS
        and any(name in w.value or "*" in w.value or w.value == posixpath.dirname(target) for w in command.args)
        for run in stage.done_runs
        if run.at > copy.at
        for command in run.commands
    )


def _applied(file: _File, row: Attributes, target: str) -> _File | None:
    """Apply a `chmod`, `chown` or `chgrp`; `None` where it is not known whether or how it changes the file."""
    if row.path is None or row.command.conditional:
        return None
    if any(mark in row.path for mark in "*?[{"):
        return None if fnmatchcase(target, row.path) or row.recursive or "{" in row.path else file
    if row.path != target and not (row.recursive and within(target, row.path)):
        moved = not row.path.endswith(target) and posixpath.basename(row.path) == posixpath.basename(target)
        return None if moved else file  # a path relative to a folder that `cd` leads to
    if row.kind == "chmod":
        bits = _changed(file.bits, row.value)
        return file._replace(bits=bits, decided_by=row.step) if bits is not None else None
    if row.kind == "chgrp":
        return file._replace(group=row.value)
    owner = owner_of(row)
    name, colon, group = owner.partition(":")
    return file._replace(owner=name or file.owner, group=group if colon else file.group) if owner else None


def _changed(bits: int | None, text: str) -> int | None:
    """Apply a mode as `chmod` has it; `None` for one that is not understood, or depends on a mode not known."""
    if _OCTAL.fullmatch(text):
        return int(text, 8)
    for clause in text.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None or bits is None:
            return None
        who, operator, what = match.groups()
        right = sum({"r": 4, "w": 2, "x": 1, "X": 1 if bits & 0o111 else 0}[letter] for letter in set(what))
        whom = {"u": 0o100, "g": 0o010, "o": 0o001}
        places = sum(whom[letter] for letter in (set("ugo") if not who or "a" in who else set(who)))
        granted = places * min(right, 7) & ~(0 if who else _UMASK)
        if operator == "=":
            bits &= ~(places * 7)
        bits = bits & ~granted if operator == "-" else bits | granted
    return bits


def _granted(stage: Stage, user: str, file: _File) -> int:
    """Return the bits that hold for an account that is not the owner: its group's too, where it may be in it."""
    bits = file.bits or 0
    return bits & 7 | (bits >> 3 & 7 if _may_be_member(stage, user, file.group) else 0)


def _may_be_member(stage: Stage, user: str, group: str) -> bool:
    """Whether an account may be in a group; a number without an account runs with group 0 (OCI image specification)."""
    if group.lower() not in ("0", "root"):
        return True
    written = (stage.image.user.value or "").partition(":")[2]
    if written:
        return written in ("0", "root")
    made = next((one for one in stage.users.created if user in (one.name, one.uid)), None)
    if made is not None:
        groups = (made.group, *made.supplementary)
        return not {"0", "root"}.isdisjoint(groups) or _joins_root(stage, made.name)
    known = stage.facts.users if stage.facts is not None and stage.facts.kind != "server" else {}
    return name_of(user) not in known or _joins_root(stage, user)


def _joins_root(stage: Stage, name: str) -> bool:
    """Whether a command puts an account into root's group, or into one that is not known."""
    return any(
        any(word.value == name for word in command.args)
        for run in stage.done_runs
        for command in run.calls("usermod", "gpasswd", "addgroup")
    )
