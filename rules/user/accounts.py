"""What can be said of the account that a step, or the container, runs as."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.model.settings import Origin
from rules.model.users import is_root_name

if TYPE_CHECKING:
    from rules.dockerfile.shell import Command
    from rules.model.settings import Setting
    from rules.model.stage import Stage
    from rules.model.steps import Run, Step

_VARIABLE = re.compile(r"\$\{?(\w+)\}?")

_RAISES = frozenset({"sudo", "doas", "fakeroot", "su", "gosu", "su-exec", "runuser", "setpriv", "unshare"})
"""Programs that run another one as another user."""


def name_of(user: str) -> str:
    """Return the account of a `USER` value: without its group."""
    return user.partition(":")[0].strip()


def is_root(stage: Stage, user: Setting[str]) -> bool | None:
    """Tell whether a USER setting means root; `None` when a base or a variable decides."""
    if user.origin is Origin.ABSENT:
        return True
    if user.value is None:
        return None
    name = name_of(user.value)
    return not name or is_root_name(name) or is_root_name(stage.users.uid_of(name) or "")


def runs_as_root(step: Step) -> bool | None:
    """Tell whether a step runs as root; `None` when that is not known."""
    return is_root(step.stage, step.user)


def changes_user(run: Run, command: Command) -> bool:
    """Whether a command runs under `sudo` or another program that changes the user, itself or around it."""
    if not _RAISES.isdisjoint(command.wrappers):
        return True
    return command.nested and any(
        other.start <= command.start < other.end and not _RAISES.isdisjoint((*other.wrappers, other.name))
        for other in run.commands
        if other is not command
    )


def runtime_user(stage: Stage) -> str | None:
    """Return the account or uid that the container runs as when it is known and not root, without its group."""
    value = stage.image.user.value
    return name_of(value) if value and is_root(stage, stage.image.user) is False else None


def number_in_file(stage: Stage, name: str) -> str | None:
    """Return an account's number as a `USER` of the stage can say it; `None` where it cannot be seen.

    Returns:
        Digits; `${APP_UID}` where the account is made with a variable that is in force at the stage's end: a build may
        give it another value.
    """
    uid = stage.users.uid_of(name)
    if uid is None or not uid.isdecimal():
        return None
    account = stage.users.find(name)
    written = account.command.option("-u", "--uid") if account is not None else None
    variable = _VARIABLE.fullmatch(written) if written is not None else None
    steps = stage.steps
    known = steps[-1].scope.get(variable[1]) if variable is not None and steps else None
    return f"${{{known.name}}}" if known is not None and known.value == uid else uid


def as_number(stage: Stage, user: str) -> str:
    """Write a `USER` value with the numbers of account and group, as far as they can be seen."""
    name, colon, group = user.partition(":")
    uid = stage.users.uid_of(name)
    number = uid if uid is not None and uid.isdecimal() else name
    gid = next((made.uid for made in stage.users.groups if made.name == group and made.uid), group)
    return f"{number}:{gid}" if colon else number
