"""See user_group_drops_supplementary.md."""

from collections.abc import Iterator

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Problem,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.model.memberships import memberships
from rules.model.shell_scope import filled
from rules.user.accounts.running import name_of


@rule(
    "user-group-drops-supplementary",
    severity=Severity.INFO,
    category=Category.CORRECTNESS,
    default="info",
    keywords=("USER",),
    mentions=("useradd", "usermod", "adduser", "addgroup", "gpasswd"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """`USER name:group` leaves out the groups that the account was put into."""
    for stage in change.after.shipped:
        user = stage.image.user
        if user.value is None or user.instruction is None:
            continue
        name, _, group = user.value.partition(":")
        account = _account_of(stage, name_of(name))
        kept = {group, *(made.name for made in stage.users.groups if made.uid == group)}
        lost = [other for other in _memberships(stage, account) if other not in kept] if group else []
        if lost:
            yield _problem(change, stage, name, account, group, lost)


def _account_of(stage: Stage, user: str) -> str:
    """Return an account's name: a number's own, where a RUN makes or the base image ships one that has it."""
    if not user.isdecimal():
        return user
    shipped = stage.facts.users if stage.facts is not None else ()
    names = (*(account.name for account in stage.users.created), *shipped)
    return next((name for name in names if stage.users.uid_of(name) == user), user)


def _memberships(stage: Stage, name: str) -> list[str]:
    """Return the groups beside the primary one that RUNs put an account into."""
    found = [one.group for one in memberships(stage) if one.account == name and not one.primary]
    left = _left(stage, name)
    return [group for group in dict.fromkeys(found) if group not in left]


def _left(stage: Stage, name: str) -> frozenset[str]:
    """The groups that a RUN takes an account out of again."""
    return frozenset(
        command.args[-1].value
        for run in stage.done_runs
        for command in run.calls("gpasswd", "deluser", "delgroup")
        if command.args[-2:-1] and filled(run, command, command.args[-2].value) == name
        if command.name != "gpasswd" or command.has("-d", "--delete")
    )


def _problem(change: DockerfileChange, stage: Stage, name: str, account: str, group: str, lost: list[str]) -> Problem:
    instruction = stage.image.user.instruction
    assert instruction is not None
    groups = ", ".join(quote(other) for other in lost)
    here = stage.image.user.stage is stage
    return Problem(
        instruction.span if here else stage.from_.span,
        f"{stage.label} runs as {quote(f'{name}:{group}')}: with a group written out, the process has that group "
        f"alone and not {groups}, which {quote(account)} was put into. Files and sockets of those groups are closed to "
        f"it. {quote(f'USER {name}')} keeps them.",
        Confidence.CERTAIN if "$" not in instruction.value else Confidence.LIKELY,
        doubt=BY_ARGUMENT,
        stage=stage.key,
        key=name,
        instruction=instruction if here else None,
        fix=_fix(change, stage, name, group) if here else None,
    )


def _fix(change: DockerfileChange, stage: Stage, name: str, group: str) -> Fix | None:
    """Drop the group where it is the account's primary one anyway."""
    account = stage.users.find(name)
    instruction = stage.image.user.instruction
    assert instruction is not None
    primary = account is not None and (account.group or account.name) == group
    if not primary or instruction.value != f"{name}:{group}" or len(instruction.words) != 1:
        return None
    start = instruction.words[0].span.start
    return Fix(
        "Leave out the group", (Edit(change.source.span(start + len(name), start + len(name) + 1 + len(group)), ""),)
    )
