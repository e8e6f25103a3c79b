"""The accounts that exist in a stage."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from rules.model.settings import Origin
from rules.model.steps import Copy

if TYPE_CHECKING:
    from rules.dockerfile.shell import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run

_VALUED = (
    "-u", "--uid", "-g", "--gid", "--ingroup", "-G", "--groups", "-d", "--home", "--home-dir", "-h", "-s", "--shell",
    "-c", "--comment", "--gecos", "-k", "--skel", "-p", "--password", "-K", "--key", "-b", "--base-dir", "-e", "-f",
    "--expiredate",
)  # fmt: skip
ROOT_NAMES = frozenset({"root", "0"})


class Account(NamedTuple):
    """An account or a group that a RUN creates.

    Attributes:
        name: Its name, expanded.
        uid: As written, expanded; `None` when the system chooses or it is unknown.
        group: Primary group as written; `None` when not given.
        system: Whether it is a system account (`-r`, `--system`, `-S`).
        run: The RUN.
        command: `useradd`, `adduser` …
    """

    name: str
    uid: str | None
    group: str | None
    system: bool
    run: Run
    command: Command


class Users:
    """The accounts of one stage, its chain included."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    @cached_property
    def created(self) -> tuple[Account, ...]:
        """The accounts that RUNs of the chain create."""
        return tuple(
            account
            for run in self.stage.done_runs
            for command in run.calls("useradd", "adduser")
            if (account := _account(run, command)) is not None
        )

    @cached_property
    def groups(self) -> tuple[Account, ...]:
        """The groups that RUNs of the chain create; `uid` is the group id."""
        return tuple(
            account
            for run in self.stage.done_runs
            for command in run.calls("groupadd", "addgroup")
            if (account := _account(run, command)) is not None
        )

    @cached_property
    def passwd_copied(self) -> bool:
        """Whether an `/etc/passwd`, or a tree that may hold one, is copied in."""
        return any(
            isinstance(step, Copy) and step.destination in ("/etc/passwd", "/etc", "/", None)
            for step in self.stage.done_steps
        )

    def find(self, name: str) -> Account | None:
        """Return the account that a RUN of the chain creates under a name."""
        return next((account for account in self.created if account.name == name), None)

    def uid_of(self, name: str) -> str | None:
        """Return an account's uid where it can be seen: as a number, in a RUN, or in the base image's facts."""
        if name.isdecimal():
            return name
        account = self.find(name)
        if account is not None:
            return account.uid
        facts = self.stage.facts
        known = facts.users.get(name) if facts is not None else None
        return str(known) if known is not None else None

    def exists(self, name: str) -> bool | None:
        """Tell whether an account exists; `None` when the base or a copied file may bring it."""
        if name in ROOT_NAMES or name.isdecimal() or self.find(name) is not None:
            return True
        if self.passwd_copied:
            return None
        if self.stage.root.is_scratch:
            return False
        facts = self.stage.facts
        if facts is None:
            return None
        return True if name in facts.users else None

    @cached_property
    def final_is_root(self) -> bool | None:
        """Tell whether the image's process runs as root; `None` when the base or a variable decides."""
        user = self.stage.image.user
        if user.origin is Origin.ABSENT:
            return True
        if user.value is None:
            return None
        name = user.value.partition(":")[0].strip()
        return name in ("", *ROOT_NAMES)


def _account(run: Run, command: Command) -> Account | None:
    operands = command.operands(_VALUED)
    if not operands:
        return None
    name = _expanded(run, operands[-1].value if command.name in ("useradd", "groupadd") else operands[0].value)
    if name is None:
        return None
    uid_flags = ("-u", "--uid") if command.name in ("useradd", "adduser") else ("-g", "--gid")
    uid = command.option(*uid_flags)
    group = command.option("-g", "--gid", "-G", "--ingroup") if command.name in ("useradd", "adduser") else None
    system = command.has("-r", "--system", "-S")
    return Account(
        name,
        _expanded(run, uid) if uid else None,
        _expanded(run, group) if group else None,
        system,
        run,
        command,
    )


def _expanded(run: Run, text: str) -> str | None:
    return run.scope.expand(text) if "$" in text else text
