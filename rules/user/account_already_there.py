"""See account_already_there.md."""

from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    BY_ARGUMENT,
    Account,
    Category,
    Confidence,
    DockerfileChange,
    Problem,
    Severity,
    Stage,
    once,
    quote,
    rule,
)

_MAKES_WAY = frozenset({"userdel", "deluser", "usermod", "groupdel", "delgroup", "groupmod", "vipw", "getent"})
"""Commands that delete or change what the image has, or that ask for it first."""
_WITH_OWN_GROUP = frozenset({"ubuntu", "node", "bun"})
"""Accounts that have a group of the same name and number (`useradd` in the images' Dockerfiles)."""


class Taken(NamedTuple):
    """What an account cannot have, because the image has it.

    Attributes:
        made: The account or group that a RUN makes.
        owner: The account of the image.
        what: How a message calls what both want: `the uid 1000`.
        error: What the command says.
    """

    made: Account
    owner: str
    what: str
    error: str


@rule(
    "account-already-there",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("useradd", "adduser", "groupadd", "addgroup"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An account is made with a name or a number that the base image has given away already."""
    for stage in change.stages:
        if stage.facts is None or not stage.facts.users or stage.runtime.is_windows or _makes_way(stage):
            continue
        found = next((taken for made in _made(stage) if (taken := _taken(stage, *made)) is not None), None)
        if found is not None:
            yield _problem(stage, found)


@once
def _makes_way(stage: Stage) -> bool:
    """Whether a chain may delete or renumber the account first, or brings a list of its own."""
    if stage.users.passwd_copied or stage.files.has_unreadable_run:
        return True
    return any(command.name in _MAKES_WAY for run in stage.done_runs for command in run.commands)


def _made(stage: Stage) -> Iterator[tuple[Account, bool]]:
    """Yield the accounts and groups that the stage's own RUNs surely make, in order, and whether each is a group."""
    pairs = [*((one, False) for one in stage.users.created), *((one, True) for one in stage.users.groups)]
    for made, is_group in sorted(pairs, key=lambda pair: (pair[0].run.at, pair[0].command.start)):
        command = made.command
        sure = not command.conditional and command.after not in ("||", ";", "&", "|") and not command.negated
        if sure and made.run.stage is stage and not command.has("-o", "--non-unique", "-f", "--force"):
            yield made, is_group


def _taken(stage: Stage, made: Account, is_group: bool) -> Taken | None:  # noqa: FBT001 - a half of the pair from `_made`
    users = stage.facts.users if stage.facts is not None else {}
    owners = {name: uid for name, uid in users.items() if not is_group or name in _WITH_OWN_GROUP}
    if made.name in owners:
        return Taken(made, made.name, f"the name {quote(made.name)}", _error(stage, made, is_group, by_name=True))
    owner = next((name for name, number in owners.items() if number is not None and str(number) == made.uid), None)
    if owner is None:
        return None
    what = f"the {'gid' if is_group else 'uid'} {made.uid}"
    return Taken(made, owner, what, _error(stage, made, is_group, by_name=False))


def _error(stage: Stage, made: Account, is_group: bool, *, by_name: bool) -> str:  # noqa: FBT001 - as above
    """What the command says: BusyBox's, Debian's `adduser` and `addgroup`, or shadow's `useradd` and `groupadd`."""
    kind, short = ("group", "gid") if is_group else ("user", "uid")
    if stage.runtime.distribution == "alpine" and made.command.name in ("adduser", "addgroup"):
        return f"{kind} '{made.name}' in use" if by_name else f"{short} '{made.uid}' in use"
    if by_name:
        return f"{kind} '{made.name}' already exists"
    if made.command.name in ("adduser", "addgroup"):
        return f"The {short.upper()} {made.uid} is already in use"
    return f"GID '{made.uid}' already exists" if is_group else f"UID {made.uid} is not unique"


def _problem(stage: Stage, taken: Taken) -> Problem:
    made = taken.made
    base = quote(stage.root.base_text or "")
    option = made.command.option("-u", "--uid", "-g", "--gid") or ""
    by_argument = "$" in stage.root.from_.value or ("$" in option and taken.owner != made.name)
    return Problem(
        made.command.span,
        f"{_wish(taken)} in {base} already. The build stops here: “{taken.error}”. {_way_out(stage, taken)}.",
        Confidence.LIKELY if by_argument else Confidence.CERTAIN,
        doubt=BY_ARGUMENT if by_argument else "",
        instruction=made.run.instruction,
        stage=stage.key,
        key=f"{taken.what} {taken.owner}",
    )


def _wish(taken: Taken) -> str:
    """Say what the command wants, up to where the image has it."""
    program, name, owner = quote(taken.made.command.name), quote(taken.made.name), quote(taken.owner)
    if taken.owner == taken.made.name:
        return f"{program} makes {name}, which is there"
    return f"{program} gives {name} {taken.what}, which {owner} has"


def _way_out(stage: Stage, taken: Taken) -> str:
    if taken.owner == "ubuntu":
        return "Delete that account first (`userdel -r ubuntu`), or take another number"
    if taken.owner == taken.made.name:
        return f"Use {quote(taken.owner)} as it is"
    delete = quote(f"{'deluser' if stage.runtime.distribution == 'alpine' else 'userdel -r'} {taken.owner}")
    return f"Use {quote(taken.owner)}, take another number, or delete that account first ({delete})"
