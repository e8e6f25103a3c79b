"""What a command that makes an account or a group says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.model.shell_scope import filled

if TYPE_CHECKING:
    from rules.dockerfile.shell.script import Command
    from rules.model.steps import Run

VALUED = (
    "-u", "--uid", "-g", "--gid", "--ingroup", "-G", "--groups", "-d", "--home", "--home-dir", "-h", "-s", "--shell",
    "-c", "--comment", "--gecos", "-k", "--skel", "-p", "--password", "-K", "--key", "-b", "--base-dir", "-e", "-f",
    "--expiredate", "--inactive", "-R", "--root",
)  # fmt: skip
"""Options of `useradd`, `adduser` and their kin whose value is the next word."""
RENAMING = (*VALUED, "-l", "--login")
"""The same of `usermod`, for which `-l` gives a new name; `useradd -l` takes no value."""


class Account(NamedTuple):
    """An account or a group that a RUN creates.

    Attributes:
        name: Its name, expanded.
        uid: As written, expanded; `None` when the system chooses or it is unknown.
        group: Primary group as written; `None` when not given.
        system: Whether it is a system account (`-r`, `--system`, `-S`).
        run: The RUN.
        command: `useradd`, `adduser` …
        supplementary: Further groups that the same command puts it into, as written.
    """

    name: str
    uid: str | None
    group: str | None
    system: bool
    run: Run
    command: Command
    supplementary: tuple[str, ...] = ()


def is_membership(command: Command) -> bool:
    """Tell whether it only puts an account into a group: `adduser alice wheel`, `addgroup alice wheel`.

    With an option for a new account, `adduser -D alice wheel` makes one.
    """
    makes = command.name == "adduser" and command.has("-D", "-S", "-H", "-u", "-h", "-s", "--system", "--uid")
    return command.name in ("adduser", "addgroup") and len(command.operands(VALUED)) > 1 and not makes


def account_of(run: Run, command: Command) -> Account | None:
    """Return the account or group that a command makes; `None` where its name is not known."""
    operands = command.operands(VALUED)
    if not operands:
        return None
    last = command.name in ("useradd", "groupadd")
    name = filled(run, command, operands[-1 if last else 0].value)
    if not name or "$" in name:
        return None
    is_group = command.name in ("groupadd", "addgroup")
    uid = command.option("-g", "--gid") if is_group else command.option("-u", "--uid")
    group, supplementary = (None, ()) if is_group else _groups(run, command)
    system = command.has("-r", "--system", "-S")
    return Account(name, filled(run, command, uid) if uid else None, group, system, run, command, supplementary)


def _groups(run: Run, command: Command) -> tuple[str | None, tuple[str, ...]]:
    """Return the primary group and the others; BusyBox's `adduser -G` names the primary one, and its `-g` none."""
    facts = run.stage.facts
    busybox = command.name == "adduser" and facts is not None and facts.has_busybox_accounts
    primary = command.option(*(("-G", "--ingroup") if busybox else ("-g", "--gid", "--ingroup")))
    others = None if busybox else command.option("-G", "--groups")
    named = filled(run, command, others) if others else None
    return filled(run, command, primary) if primary else None, tuple(filter(None, (named or "").split(",")))
