"""Which account a stage could run as, and the lines that make it so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.model.users import ROOT_NAMES

if TYPE_CHECKING:
    from rules.model.stage import Stage

_NEW_UID = 10001
"""Above the ids that distributions give out, so that no account of a base image has it."""


class Choice(NamedTuple):
    """A way to stop running as root.

    Attributes:
        user: For `USER`.
        lines: Whole lines that switch to it, account creation included.
        why: Half a sentence: "the base image ships it".
    """

    user: str
    lines: tuple[str, ...]
    why: str


def choose(stage: Stage) -> Choice | None:
    """Return the account to switch to: one the file made, one the base ships, else a new one; `None`: none is safe."""
    created = [account for account in stage.users.created if account.name not in ROOT_NAMES]
    if created:
        name = created[-1].uid if created[-1].uid and created[-1].uid.isdecimal() else created[-1].name
        return Choice(name, (f"USER {name}",), f"line {created[-1].run.instruction.line} creates `{created[-1].name}`")
    facts = stage.facts
    if facts is None:
        return None
    ready = facts.relatives.nonroot_user
    if ready is None:
        ready = next(((n, facts.users[n]) for n in ("nonroot", "node", "app") if n in facts.users), None)
    if ready is not None:
        name, uid = ready
        user = str(uid) if uid is not None else name
        return Choice(user, (f"USER {user}",), f"the base image ships `{name}`")
    return _new(facts.package_manager)


def _new(package_manager: str | None) -> Choice | None:
    uid = str(_NEW_UID)
    match package_manager:
        case "apt" | "dnf" | "microdnf" | "yum":
            make = f"RUN useradd --system --uid {uid} --no-create-home app"
        case "apk":
            make = f"RUN adduser -S -D -H -u {uid} app"
        case _:
            return None
    return Choice(uid, (make, f"USER {uid}"), "a new account without a home")
