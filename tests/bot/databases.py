"""Real databases for tests: SQLite in a folder, PostgreSQL from a package, and a clock that can be moved."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from bot.jobs import Command, Delivery, Job, PullRequestKey
from bot.mailbox.clock import MachineClock, ServerClock

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.mailbox.clock import Clock

_numbers = itertools.count(1)


class MovableClock:
    """The database's own clock, ahead by as many seconds as a test wants."""

    def __init__(self, url: str) -> None:
        self._clock: Clock = ServerClock() if url.startswith("postgresql") else MachineClock()
        self.ahead = 0.0

    async def now(self, connection: AsyncConnection) -> float:
        return await self._clock.now(connection) + self.ahead


def key(number: int = 1, repository: str = "octo/site") -> PullRequestKey:
    return PullRequestKey("github", "api.github.com", repository, number)


def job(number: int = 1, installation: str = "7", head: str = "a" * 40, command: Command | None = None) -> Job:
    head = "" if command else head
    return Job(key(number), installation, head=head, repository_id=99, command=command)


def command(name: str = "help", comment_id: int = 5) -> Command:
    assert name in {"help", "review", "ignore"}
    return Command(name, comment_id, author="mona", author_id=3)  # type: ignore[arg-type]  # one of the three, see above


def delivery(of: Job | None, delivery_id: str = "") -> Delivery:
    return Delivery(delivery_id or f"guid-{next(_numbers)}", "github", "pull_request.synchronize", of)
