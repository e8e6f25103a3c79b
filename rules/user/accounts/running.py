"""What can be said of the account that a step, or the container, runs as."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.lazily import once
from rules.model.nesting import shell_around
from rules.model.settings import Origin
from rules.model.users import ROOT_NAMES, is_root_name

if TYPE_CHECKING:
    from rules.dockerfile.shell.script import Command
    from rules.model.accounts import Account
    from rules.model.settings import Setting
    from rules.model.stage import Stage
    from rules.model.steps import Run, Step


_VARIABLE = re.compile(r"\$\w+|\$\{\w+\}")
_AS_ANOTHER = frozenset(
    "sudo doas fakeroot su gosu su-exec runuser setpriv unshare chpst chroot start-stop-daemon".split()
)
"""Programs that run another one as another user, or may."""


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


def is_seen_as_root(step: Step) -> bool:
    """Tell whether a step runs as root by what is written: no `USER` is known, or it is root's name or number."""
    return step.user.value is None or step.user.value in ROOT_NAMES


_SETS_HOME = re.compile(r"(?<!\w)HOME=")


@once
def roots_home(run: Run) -> str | None:
    """Return the home that root's programs see in a RUN; `None` where it is not known.

    It is `HOME`, whoever runs the step: the runtime looks into `/etc/passwd` only where the environment has none
    (opencontainers/runc, `libcontainer/init_linux.go`). So an account's `ENV HOME` stays behind a `USER root`.
    """
    if _SETS_HOME.search(run.instruction.whole_value):
        return None
    if run.scope.get("HOME") is None:
        return "/root"
    home = run.scope.expand("$HOME")
    return home.rstrip("/") or "/" if home is not None else None


def roots_home_at(run: Run, command: Command) -> str | None:
    """Return the home that a command of root's sees; `None` where a program around it changes the user: `su app -c`."""
    return None if changes_user(run, command) else roots_home(run)


def is_of_argument(stage: Stage, user: Setting[str]) -> bool:
    """Tell whether a build argument decides on a user, itself or through the variable that takes it over."""
    step = next((step for step in stage.all_steps if step.instruction is user.instruction), None)
    return step is not None and step.scope.decided_by_argument(step.instruction.value)


def may_be_in_root_group(user: str) -> bool:
    """Tell whether a `USER` value may run in root's group: it says so, or is a number that may have no account."""
    name, _, group = (part.strip() for part in user.partition(":"))
    return group in ("0", "root") or (not group and name.isdecimal())


def changes_user(run: Run, command: Command) -> bool:
    """Whether a command runs under `sudo` or another program that changes the user, itself or around it."""
    if command.name in _AS_ANOTHER or not _AS_ANOTHER.isdisjoint(command.wrappers):
        return True
    around = shell_around(run, command)
    if around is not None:  # whose script may be a here-document, and stand behind it
        return changes_user(run, around)
    return command.nested and any(
        other.start <= command.start < other.end and not _AS_ANOTHER.isdisjoint((*other.wrappers, other.name))
        for other in run.commands
        if other is not command
    )


def runtime_user(stage: Stage) -> str | None:
    """Return the account or uid that the container runs as when it is known and not root, without its group."""
    value = stage.image.user.value
    return name_of(value) if value and is_root(stage, stage.image.user) is False else None


def as_written(stage: Stage, user: str) -> str | None:
    """Write a `USER` value with numbers, each as the variable that it was made with; `None` where the account has none.

    `useradd -u ${UID}` makes whatever number a build passes, so `USER ${UID}` is that account and `USER 1000` is not.
    """
    name, colon, group = user.partition(":")
    number = _number(stage, name, stage.users.find(name), stage.users.uid_of(name), "-u", "--uid")
    if number is None:
        return None
    made = next((made for made in stage.users.groups if made.name == group), None)
    gid = _number(stage, group, made, made.uid, "-g", "--gid") if made is not None else None
    return f"{number}:{gid or group}" if colon else number


def _number(stage: Stage, name: str, account: Account | None, number: str | None, *options: str) -> str | None:
    """The number of an account or group as its making has it, where that holds at the end of the stage too."""
    if number is None or not number.isdecimal():
        return None
    written = account.command.option(*options) if account is not None and account.name == name else None
    if written is None or "$" not in written or account is None or account.uid != number:
        return number
    return written if stage.scope.expand(written) == number and not set(written) & set(" \"'`(") else None


def uid_left_to_build(stage: Stage, name: str) -> str | None:
    """Return the variable that an account gets its number from, where it is an ARG that each build fills in."""
    account = stage.users.find(name)
    written = account.command.option("-u", "--uid") if account is not None else None
    if written is None or not _VARIABLE.fullmatch(written):
        return None
    return written if stage.scope.left_to_build(written) is not None else None


def of_last_stage(stage: Stage) -> str:
    """Name the last stage's user as a fact of the file: whatever the stage is called and built upon, it is the same."""
    return "the last stage's user" if stage.is_last else ""
