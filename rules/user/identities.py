"""The names of accounts that instructions use: in `USER`, and in `--chown`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.steps import Copy
from rules.model.users import ROOT_NAMES
from rules.user.accounts import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.source import Span
    from rules.model.model import Model
    from rules.model.stage import Stage
    from rules.model.steps import Step
    from rules.model.users import Account


class Use(NamedTuple):
    """An instruction that names an account or a group.

    Attributes:
        name: The account, expanded; empty when only the group is a name.
        group: The group, expanded; empty without one.
        written: The whole value as written.
        span: Where the value stands.
        step: The instruction.
        is_chown: Whether it is a `--chown`, looked up while the image is built.
    """

    name: str
    group: str
    written: str
    span: Span
    step: Step
    is_chown: bool

    @property
    def sure(self) -> bool:
        """Whether no variable decides."""
        return "$" not in self.written


def named_identities(stage: Stage) -> Iterator[Use]:
    """Yield the uses of names in a stage's own instructions; numbers and root are left out."""
    for step in stage.steps:
        if step.deferred:
            continue
        instruction = step.instruction
        if instruction.keyword == "USER" and instruction.words:
            use = _use(step, instruction.value, instruction.words[0].span, is_chown=False)
        elif isinstance(step, Copy) and (flag := instruction.flag("chown")) is not None and flag.value:
            use = _use(step, flag.value, flag.value_span, is_chown=True)
        else:
            continue
        if use is not None:
            yield use


def _use(step: Step, written: str, span: Span, *, is_chown: bool) -> Use | None:
    value = step.scope.expand(written)
    if not value or any(mark in value for mark in "$ \\"):
        return None
    name, group = name_of(value), value.partition(":")[2].strip()
    name = "" if name.isdecimal() or name.lower() in ROOT_NAMES else name
    group = "" if group.isdecimal() or group.lower() in ROOT_NAMES else group
    return Use(name, group, written, span, step, is_chown) if name or group else None


def chowned_identities(stage: Stage) -> Iterator[Use]:
    """Yield the names that the `chown` and `chgrp` of a stage's own RUNs look up, where nothing spares a failure."""
    for row in stage.files.attribute_changes:
        command = row.command
        if row.step.stage is not stage or row.step.deferred or row.kind == "chmod":
            continue
        if command.conditional or command.negated or command.nested or command.after in ("||", ";", "|", "&"):
            continue
        owner = row.value if row.kind == "chown" else f":{row.value}"
        use = _use(row.step, owner, command.span, is_chown=True)
        if use is not None and not set(use.name + use.group) & set("*?/."):
            yield use


def made_later(use: Use) -> Account | None:
    """Return the account that only a RUN below makes, where the builder looks the name up before.

    It does so for a `--chown` at the copy, and for a `USER` at the first RUN behind it.
    """
    users = use.step.stage.users
    account = users.find(use.name)
    if account is None or account.run.at < use.step.at or not (use.is_chown or _is_run_as(use, account)):
        return None
    return account if users.exists_elsewhere(use.name) is False else None


def _is_run_as(use: Use, account: Account) -> bool:
    """Whether a RUN up to the one that makes the account runs under a USER already."""
    return any(
        run.user.instruction is use.step.instruction and use.step.at < run.at <= account.run.at and not run.deferred
        for run in use.step.stage.runs
    )


def maker_of(stage: Stage, name: str) -> Account | None:
    """Return the account of a name that a RUN of another stage makes, one this stage is not built from."""
    makers = _makers(stage.model).get(name, ())
    return next((account for account in makers if account.run.stage not in stage.chain), None)


@once
def _makers(model: Model) -> dict[str, list[Account]]:
    """The accounts that the RUNs of each stage make, by their name, in the order of the file."""
    found: dict[str, list[Account]] = {}
    for stage in model.stages:
        for account in stage.users.created:
            if account.run.stage is stage:
                found.setdefault(account.name, []).append(account)
    return found
