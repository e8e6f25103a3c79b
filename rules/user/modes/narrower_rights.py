"""What to do in place of a mode that lets everyone write: who needs the right, and how that account gets it."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.api import Run, is_script, once, quote, within
from rules.facts.names import LAMBDA
from rules.model.puts import within_any
from rules.quoting import listed
from rules.user.accounts.running import runs_as_root, runtime_user
from rules.user.modes.granted import without_others_writing
from rules.user.modes.standing import OPEN_ANYWAY
from rules.user.owners.given import copies_since, covers, is_of, owners_given
from rules.user.owners.kept_chowns import COPIED
from rules.user.owners.linked_paths import by_link, paths_of
from rules.user.owners.named import Owner, is_same

if TYPE_CHECKING:
    from rules.api import Attributes, Stage, Step
    from rules.user.modes.granted import Grant

_MOST = 100
"""Changes of owners and modes that are looked through for each finding."""
_GROUP_ZERO = "`chgrp -R 0` and `chmod -R g=u`"
_ANY_UID = f"Under OpenShift, which starts it as any uid in group 0, give it to that group ({_GROUP_ZERO})"
_NO_OWNER = "No owner and no group fits a container that is started under the uid and gid of whoever starts it"
_SHARED_BY_ALL = frozenset({"/tmp", "/var/tmp", "/var/lock", "/run/lock", "/var/run/lock"})  # noqa: S108 - paths of an image
"""Folders of the system in which every user makes files; Debian ships all as `1777`, Alpine not those of locks."""
_PROGRAMS = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/")
_OF_SYSTEM = frozenset(
    "/ /bin /boot /etc /home /lib /lib64 /sbin /usr /usr/bin /usr/lib /usr/lib64 /usr/local /usr/local/bin "
    "/usr/local/lib /usr/local/sbin /usr/sbin /usr/share /var /var/lib".split()
)
"""Folders in which the system, or every program, has its own."""
_OF_ACCOUNTS = re.compile(r"/etc/(?:passwd|group|shadow|gshadow|sudoers|pam)\b.*")


def temporary(grant: Grant) -> bool:
    """Tell whether all of it is for everyone's temporary files or locks."""
    return bool(grant.paths) and all(posixpath.normpath(path) in _SHARED_BY_ALL for path in grant.paths)


def is_for_running(grant: Grant) -> bool:
    """Tell whether all of it is scripts or programs, which need to be run and not to be written."""
    deep = grant.recursive and grant.command is not None
    return bool(grant.paths) and all(
        path.endswith(".sh") or (path.startswith(_PROGRAMS) and not deep)
        for path in map(posixpath.normpath, grant.paths)
    )


def way_out(stage: Stage, found: list[Grant], *, meant: bool, own_uid: bool = False) -> str:
    """Say what is enough.

    Args:
        stage: The stage that ships.
        found: The modes that a step gives.
        meant: Whether a comment says that it is meant so.
        own_uid: Whether the container is started as the account of the one who starts it.
    """
    user = runtime_user(stage)
    step, safe, paths = found[0].step, without_others_writing(found[0].mode.text), paths_of(found)
    settled = (
        _on_lambda(stage, safe) or _for_nobody(found, paths, safe) or _sticky(stage, found, paths, own_uid=own_uid)
    )
    if settled is not None:
        return settled
    if own_uid:
        return f"{_NO_OWNER}: open no more than what it writes to."
    if user is not None and is_of(stage, step, user):
        return f"It belongs to {quote(user)}, who runs the container, and for whom {_enough(safe)}."
    owners = owners_given(stage, found) if not meant else []
    if owners and (user is None or is_same(stage, owners[0].user, user)):
        return _for_owner(owners, safe, sure=user is not None)
    if _has_group_zero(stage, paths):
        return "Group 0 has the owner's rights there already, and so has any uid that OpenShift starts it under."
    return _given(stage, found, user, meant=meant)


def _on_lambda(stage: Stage, safe: str | None) -> str | None:
    """Say what holds for AWS Lambda (its manual, "Deploy with container images": a file system that is read only)."""
    if not (stage.root.base_text or "").startswith(LAMBDA):
        return None
    enough = _enough(safe) if safe is not None else "no right to write is needed"
    return f"Lambda runs it as a user that no image knows, and lets it write to `/tmp` alone: {enough}."


def _for_nobody(found: list[Grant], paths: list[str | None], safe: str | None) -> str | None:
    """Say what holds for everyone's own files, for programs, and for what the system keeps to itself."""
    if all(map(temporary, found)):
        return "A folder for temporary files or locks needs the sticky bit with it: `1777`."
    if all(map(is_for_running, found)) and safe is not None:
        return f"To run it, {quote(safe)} is enough."
    if any(path is not None and _OF_ACCOUNTS.fullmatch(path) for path in paths):
        return f"Whoever may write that can become root. {_leave(paths)}"
    return _leave(paths) if any(path in _OF_SYSTEM for path in paths) else None


def _sticky(stage: Stage, found: list[Grant], paths: list[str | None], *, own_uid: bool) -> str | None:
    """Say of empty folders that accounts fill which no image can know, how each keeps its own files."""
    empty = bool(paths) and all(path is not None and _is_made_empty(stage, path) for path in paths)
    if not isinstance(found[0].step, Run) or not empty:
        return None
    if own_uid:
        why = _NO_OWNER
    elif all(within_any(path, OPEN_ANYWAY) for path in paths if path is not None):
        why = "What is for anyone's temporary files needs the sticky bit, as the folder above has it"
    else:
        return None
    return f"{why}: `chmod 1777` lets everyone make files there, and nobody remove what is another's."


def _is_made_empty(stage: Stage, path: str) -> bool:
    """Whether a folder is made by name, and nothing but folders comes into it."""
    return any(put.makes_folder for put in stage.files.at(path)) and all(
        put.makes_folder for put in stage.files.below(path)
    )


def _given(stage: Stage, found: list[Grant], user: str | None, *, meant: bool) -> str:
    """Say to whom to give it."""
    link = by_link(found)
    if user is None:
        how = "`COPY --chown`" if _is_copied(stage, found) else "`chown`"
        return f"Give it to the one user that writes there ({how}){_at_the_start(stage)}. {_ANY_UID}.{link}"
    to = f"Give it to the one user that writes there: `chown` to {quote(user)}, or `COPY --chown`"
    arbitrary = f". {_ANY_UID}" if meant or user.isdecimal() or _to_group_zero(stage) else ""
    return f"{to}{_first(stage, found[0].step, user)}{arbitrary}.{link}"


def _is_copied(stage: Stage, found: list[Grant]) -> bool:
    """Whether a COPY brings what is there: a `chown` of it would be one more layer with all of it."""
    puts = (put for path in paths_of(found) if path is not None for put in stage.files.below(path))
    return any(put.kind in COPIED and put.tree for put in puts)


def _at_the_start(stage: Stage) -> str:
    """Say where an account is given something that the image does not have and a start script may make."""
    starts = (start.value.words for start in stage.image.start_command if start.set_in_file and start.value)
    may_make = not stage.users.created and any(is_script(word) for words in starts for word in words)
    return ", in the start script where that makes the account" if may_make else ""


def _leave(paths: list[str | None]) -> str:
    """Say of what the system has that no account should get it."""
    own = [path for path in paths if path is not None and (path in _OF_SYSTEM or _OF_ACCOUNTS.fullmatch(path))]
    named = listed(quote(path) for path in dict.fromkeys(own))
    return f"Leave {named} to root, and give a folder of its own to the account that has to write."


def _first(stage: Stage, step: Step, user: str) -> str:
    """Say what a `chown` at this place takes: an account that is there, and root."""
    account = stage.users.find(user)
    if not user.isdecimal() and account is not None and account.run.at > step.at:
        return f", below line {account.command.line}, which makes that account"
    if isinstance(step, Run) and runs_as_root(step) is False:
        return ", as root"
    return ""


def _enough(safe: str | None) -> str:
    return f"{quote(safe)} is enough" if safe is not None else "the `chmod` is not needed"


def _for_owner(owners: list[Owner], safe: str | None, *, sure: bool) -> str:
    """Say what is enough for the account that it is given to; for others only where they may be there."""
    enough = _enough(safe)
    lines = list(dict.fromkeys(str(owner.line) for owner in owners))
    give = f"Line {lines[0]} gives" if len(lines) == 1 else f"Lines {listed(lines, None)} give"
    whom = f"{give} it to {quote(owners[0].user)}"
    if sure:
        return f"{whom}, who runs the container, and for whom {enough}."
    return f"{whom}, for whom {enough}; what runs under any uid takes group 0 ({_GROUP_ZERO})."


def _group(row: Attributes) -> str:
    return row.value if row.kind == "chgrp" else row.value.partition(":")[2]


@once
def _to_group_zero(stage: Stage) -> tuple[Attributes, ...]:
    """The changes that give something to group 0, as it takes for a container that is started under any uid."""
    rows = (row for row in stage.files.attribute_changes if row.kind in ("chgrp", "chown"))
    return tuple(row for row in rows if _group(row) in ("0", "root"))[:_MOST]


_AS_OWNER = re.compile(r"[ug]*g=u|[ug]*g[ug]*[+=]rw[xX]?|0?77[015]|0?66[04]")


def _has_group_zero(stage: Stage, paths: list[str | None]) -> bool:
    """Whether each path, and all below, is given to group 0 with the right to write, by another mode than this."""
    opened = [row for row in stage.files.attribute_changes if row.kind == "chmod" and row.recursive][:_MOST]
    return bool(paths) and all(
        path is not None
        and any(row.recursive and covers(stage, row, path, deep=True) for row in _to_group_zero(stage))
        and any(
            _AS_OWNER.fullmatch(row.value) and row.path is not None and within(path, row.path)
            for row in opened
            if not any(copies_since(stage, path, row.step))
        )
        for path in paths
    )
