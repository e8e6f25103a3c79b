"""See account_lost.md."""

from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Account,
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    Note,
    Problem,
    Severity,
    Span,
    Stage,
    group_exists,
    once,
    quote,
    rule,
    surely_stops,
)
from rules.copying.unseen import builds_anew, new_packages
from rules.user.accounts.identities import chowned_identities, maker_of, named_identities, not_found

_MAY_BE_THERE = frozenset({"userdel", "deluser", "groupdel", "delgroup", "getent", "id", "true"})
"""Commands that say that the account may have been there before it was made."""
_FAILS = frozenset({"useradd", "adduser"})


class _Named(NamedTuple):
    """An instruction or a command that names an account or a group.

    Attributes:
        name: The name.
        span: Where.
        instruction: The instruction.
        then: What comes of a name that is not found, as a clause.
        is_group: Whether it is a group's.
    """

    name: str
    span: Span
    instruction: Instruction
    then: str
    is_group: bool


@rule(
    "account-lost",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("USER", "COPY", "ADD", "RUN"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes away the command that made an account or a group, which the stage still names."""
    for stage, was in change.compared():
        if not _is_comparable(stage, was):
            continue
        lost = {key: account for key, account in _made(was).items() if not _may_be_there(stage, key)}
        uses: dict[tuple[str, bool], _Named] = {}
        for use in _named(stage) if lost else ():
            account = lost.get((use.name, use.is_group))
            if account is not None and str(account.command) not in _commands(stage):
                uses.setdefault((use.name, use.is_group), use)
        for (name, is_group), use in uses.items():
            group = lost[name, True] if (name, True) in uses and not is_group else None
            if not is_group or (name, False) not in uses:  # the two went together, and are told together
                yield _problem(stage, use, lost[name, is_group], group)


def _is_comparable(stage: Stage, was: Stage) -> bool:
    """Whether nothing but commands that were there before can make an account now."""
    if stage.root.base_text != was.root.base_text or stage.runtime.is_windows:
        return False
    if (stage.users.passwd_copied and not was.users.passwd_copied) or len(stage.users.created) > len(was.users.created):
        return False
    return not builds_anew(stage, was) and not new_packages(stage, was)


@once
def _made(was: Stage) -> dict[tuple[str, bool], Account]:
    """The accounts and groups that a stage made for certain, so that its base did not have them: making them fails."""
    doubted = {run for run in was.done_runs if not _MAY_BE_THERE.isdisjoint(c.name for c in run.commands)}
    found: dict[tuple[str, bool], Account] = {}
    for made, is_group in ((was.users.created, False), (was.users.groups, True)):
        for account in made:
            command = account.command
            apart = command.nested and not surely_stops(account.run, command)
            if account.run in doubted or command.conditional or apart or command.after in ("||", "|", "&"):
                continue
            if not command.has("-f", "--force") or not is_group:
                found.setdefault((account.name, is_group), account)
    return found


@once
def _commands(stage: Stage) -> frozenset[str]:
    return frozenset(str(command) for run in stage.done_runs for command in run.commands)


def _may_be_there(stage: Stage, key: tuple[str, bool]) -> bool:
    """Whether something else makes it: by name, a package called like it, or another stage that hands it on."""
    name, is_group = key
    there = group_exists(stage, name) if is_group else stage.users.exists(name)
    if there is True or maker_of(stage, name) is not None:
        return True  # user-only-in-builder speaks of an account that another stage makes, and of its group with it
    return any(name in item.name or item.name in name for item in stage.packages.installed)


def _named(stage: Stage) -> Iterator[_Named]:
    for use in (*named_identities(stage), *chowned_identities(stage)):
        instruction = use.step.instruction
        span = use.span if instruction.keyword == "RUN" else instruction.span
        if use.name:
            yield _Named(use.name, span, instruction, not_found(use), is_group=False)
        if use.group:
            yield _Named(use.group, span, instruction, not_found(use, group=True), is_group=True)
    for account in stage.users.created:
        command = account.command
        if account.run.stage is stage and not command.conditional and command.name in _FAILS:
            for group in filter(None, (account.group, *account.supplementary)):
                then = f"{quote(command.name)} fails, and the build stops here"
                yield _Named(group, command.span, account.run.instruction, then, is_group=True)


def _problem(stage: Stage, use: _Named, account: Account, group: Account | None) -> Problem:
    what = "group" if use.is_group else "account" if group is None else "account and the group"
    made = [account] if group is None else [group, account]
    commands = " and ".join(quote(str(one.command), 80) for one in made)
    return Problem(
        use.span,
        f"{stage.label} names the {what} {quote(use.name)}, and this change takes away {commands}, which made "
        f"{'it' if group is None else 'them'}. Nothing else does, so {use.then}. Make "
        f"{'it' if group is None else 'both'} again, or take the name out here too.",
        Confidence.LIKELY,
        doubt="a package or a script may make it",
        instruction=use.instruction,
        stage=stage.key,
        key=f":{use.name}" if use.is_group else use.name,
        notes=tuple(Note(one.command.span, "made here before", before=True) for one in made),
    )
