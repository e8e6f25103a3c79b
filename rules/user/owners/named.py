"""Which account an owner names, and which folders go to the same one."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.puts import within
from rules.model.shell_scope import filled
from rules.model.users import ROOT_NAMES
from rules.user.accounts.running import name_of

if TYPE_CHECKING:
    from rules.facts.images import ImageFacts
    from rules.model.files import Attributes
    from rules.model.stage import Stage


SYSTEM_FOLDERS = frozenset(
    "/ /bin /boot /dev /etc /etc/ssl /home /lib /media /mnt /opt /proc /root /run /sbin /srv /sys /usr /usr/bin "
    "/usr/lib /usr/local /usr/local/bin /usr/local/lib /usr/sbin /usr/share /usr/src /var /var/cache /var/lib /var/log "
    "/var/run /var/spool".split()
)
"""Folders that every Linux image has (Filesystem Hierarchy Standard); they belong to root."""

STATE_FOLDERS = frozenset(
    "cache caches data database db log logs media run sessions spool sqlite state storage tmp uploads var".split()
)
"""Names of folders that programs write to."""


def is_same(stage: Stage, one: str, other: str) -> bool | None:
    """Tell whether two names or numbers are the same account; `None` for a name whose number is not known."""
    if one == other:
        return True
    first, second = stage.users.uid_of(one), stage.users.uid_of(other)
    if one.isdecimal() != other.isdecimal() and (first is None or second is None):
        return False if {one, other} & ROOT_NAMES else None
    return first is not None and first == second


def may_be_home(facts: ImageFacts, path: str) -> bool:
    """Tell whether a path is where an account of a base image has its home, by its name: `/home/node`.

    Node's image makes that one with `useradd --create-home` (docker-node, Dockerfile-slim.template).
    """
    folder, _, name = path.rpartition("/")
    return folder == "/home" and facts.has_user(name) is True


def named_folders(facts: ImageFacts) -> frozenset[str]:
    """The folders that an image's variables name and that it has: `GEM_HOME`, which Ruby's lets everyone write in."""
    found = frozenset(value for value in facts.env.values() if value.startswith("/") and ":" not in value)
    return found - SYSTEM_FOLDERS


def is_same_group(stage: Stage, one: str, other: str) -> bool:
    """Tell whether two names or numbers are, or may be, one group: a name whose number is not known may have any.

    A group that the file makes is never 0, which the base image has.
    """
    first, second = (_group_number(stage, group) for group in (one, other))
    if (first == "0" and second in _gids(stage)) or (second == "0" and first in _gids(stage)):
        return False
    return first == second or (bool(one and other) and first.isdecimal() != second.isdecimal())


def _group_number(stage: Stage, group: str) -> str:
    return "0" if group == "root" else _gids(stage).get(group) or group


@once
def _gids(stage: Stage) -> dict[str, str | None]:
    return {group.name: group.uid for group in stage.users.groups}


def owner_of(row: Attributes) -> str:
    """Return what a `chown` says, variables filled in, `user:group`; empty when it is not known."""
    value = filled(row.step, row.command, row.value)
    return value if value is not None and "$" not in value else ""


class Owner(NamedTuple):
    """An account that folders are given to, and where."""

    user: str
    line: int


def siblings_of(stage: Stage, path: str) -> Owner | None:
    """Return the account that gets at least two folders beside a path, each made and then re-owned as a whole."""
    parent = posixpath.dirname(path)
    for row in stage.files.attribute_changes:
        if row.kind != "chown" or not row.recursive or row.path is None or not within(path, row.path):
            continue
        user = name_of(owner_of(row))
        made = {put.path for put in stage.files.puts if put.command is not None and put.command.name == "mkdir"}
        beside = [other for other in made if posixpath.dirname(other) == parent and other != path]
        if user and "$" not in user and user not in ROOT_NAMES and len(beside) > 1:
            return Owner(user, row.step.instruction.line)
    return None
