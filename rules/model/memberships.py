"""The groups that RUNs put accounts into."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.accounts import RENAMING, VALUED, account_of, is_membership
from rules.model.shell_scope import filled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run


class Membership(NamedTuple):
    """An account and a group that a command puts it into.

    Attributes:
        account: Its name, expanded.
        group: As written, expanded: a name, or a number.
        run: The RUN.
        command: `usermod`, `adduser` …
        primary: Whether it becomes the one group that a file of the account's gets.
    """

    account: str
    group: str
    run: Run
    command: Command
    primary: bool = False


@once
def memberships(stage: Stage) -> tuple[Membership, ...]:
    """Return what the RUNs of a chain say of groups and their members, in order; what is not known is left out."""
    calls = (
        (run, command)
        for run in stage.done_runs
        for command in run.calls("useradd", "usermod", "gpasswd", "adduser", "addgroup")
    )
    return tuple(one for run, command in calls for one in _of(run, command) if one.account and one.group)


def _of(run: Run, command: Command) -> Iterator[Membership]:
    """Yield what one command says."""
    if command.name in ("useradd", "adduser") and not is_membership(command):
        made = account_of(run, command)
        if made is not None:
            yield from (Membership(made.name, group, run, command) for group in made.supplementary)
            yield Membership(made.name, made.group or "", run, command, primary=True)
        return
    valued = RENAMING if command.name == "usermod" else VALUED
    operands = [filled(run, command, word.value) or "" for word in command.operands(valued)]
    if command.name == "usermod" and operands:
        further = filled(run, command, command.option("-G", "--groups") or "") or ""
        yield from (Membership(operands[-1], group, run, command) for group in further.split(","))
        primary = filled(run, command, command.option("-g", "--gid") or "") or ""
        yield Membership(operands[-1], primary, run, command, primary=True)
    elif command.name == "gpasswd" and operands:
        yield Membership(filled(run, command, command.option("-a", "--add") or "") or "", operands[-1], run, command)
    elif len(operands) == 2 and is_membership(command):  # noqa: PLR2004 - account and group
        yield Membership(operands[0], operands[1], run, command)
