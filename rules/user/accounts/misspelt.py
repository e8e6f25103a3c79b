"""Names of accounts that are one slip away from one that the stage makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.dockerfile.spelling import nearest
from rules.repairs import fix, replace
from rules.user.accounts.identities import chowned_identities, named_identities

if TYPE_CHECKING:
    from rules.model.accounts import Account
    from rules.model.stage import Stage
    from rules.problem import Edit, Fix
    from rules.user.accounts.identities import Use

_SHORTEST = 4
"""Letters of a name that is long enough for one slip to be one: `app` and `api` are two accounts."""


def meant_account(stage: Stage, use: Use) -> Account | None:
    """Return the account that a name was probably meant for; a number in it is no slip: `app1` is not `app2`."""
    made = {
        account.name: account
        for account in stage.users.created
        if use.above is None or account.run.at < use.above
        if len(account.name) >= _SHORTEST and _without_digits(account.name) != _without_digits(use.name)
    }
    name = nearest(use.name, made, slips=1) if len(use.name) >= _SHORTEST else None
    return made[name] if name is not None else None


def _without_digits(name: str) -> str:
    return name.rstrip("0123456789")


def respelled(stage: Stage, use: Use, account: Account) -> Fix | None:
    """Write the account's name wherever the stage has the misspelt one; `None` where one of the places is a RUN."""
    if any(other.name == use.name for other in chowned_identities(stage)):
        return None
    edits = [_edit(other, account) for other in named_identities(stage) if other.name == use.name]
    return fix(f"Name `{account.name}`", *edits)


def _edit(use: Use, account: Account) -> Edit | None:
    source = use.step.instruction.source
    name, colon, group = use.written.partition(":")
    if name != use.name or source.cut(use.span) != use.written:
        return None
    return replace(source, use.span, f"{account.name}{colon}{account.name if group == use.name else group}")
