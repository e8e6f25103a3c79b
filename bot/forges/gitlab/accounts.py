"""Which accounts are ours: the one of the token, and those of the tokens before it.

Each access token that is made anew has a bot user of its own; one that is rotated keeps it. What an account wrote is
ours when our own token once answered to that account, or the operator lists its number. A text is never taken for
ours because of what it says: anybody can copy a mark, and nobody can be its author in our place.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable


class Own(NamedTuple):
    """Who we are on one instance.

    Attributes:
        account: Number of the token's account; only what it wrote can surely be edited.
        all: Numbers of all our accounts, that one included.
    """

    account: int
    all: frozenset[int]

    @classmethod
    def only(cls, account: int) -> Own:
        """Return ourselves with one account."""
        return cls(account, frozenset({account}))


class Memory(Protocol):
    """Keeps small values, such as `bot.mailbox.Mailbox`."""

    async def recall(self, name: str, /) -> str | None:
        """Return what was kept under a name."""

    async def remember(self, name: str, value: str, /) -> None:
        """Keep a value under a name."""


class Accounts:
    """The accounts that we had on one instance.

    Args:
        host: Of the instance.
        listed: Numbers that the operator names.
        memory: Where accounts are remembered; `None` remembers nothing.
    """

    def __init__(self, host: str = "", listed: Iterable[int] = (), memory: Memory | None = None) -> None:
        self._name = f"accounts at {host}"
        self._listed = frozenset(listed)
        self._memory = memory

    async def joined_by(self, account: int) -> Own:
        """Return all our accounts, and remember the present one.

        Args:
            account: Whom GitLab says that the token belongs to.
        """
        if self._memory is None:
            return Own(account, self._listed | {account})
        kept = frozenset(json.loads(await self._memory.recall(self._name) or "[]"))
        if account not in kept:
            await self._memory.remember(self._name, json.dumps(sorted(kept | {account})))
        return Own(account, self._listed | kept | {account})
