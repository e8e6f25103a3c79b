"""Real databases for tests: SQLite in a folder, PostgreSQL from a package, and a clock that can be moved."""

from __future__ import annotations

import asyncio
import itertools
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from bot.jobs import Command, Delivery, Job, PullRequestKey
from bot.mailbox import Mailbox
from bot.mailbox.clock import MachineClock, ServerClock

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.mailbox.clock import Clock

NAME = "hullcheck.db"
_numbers = itertools.count(1)


def sqlite_in(folder: Path) -> str:
    """Put an empty mailbox into a folder and give its URL."""
    (folder / NAME).write_bytes(_sqlite_tables())
    return bare_sqlite_in(folder)


def bare_sqlite_in(folder: Path) -> str:
    """Give the URL of a database that is not there yet."""
    return f"sqlite+aiosqlite:///{folder}/{NAME}"


@cache
def _sqlite_tables() -> bytes:
    # The migrations take four fifths of the time that opening a new database does.
    with TemporaryDirectory() as folder, ThreadPoolExecutor(1) as without_a_loop:
        without_a_loop.submit(asyncio.run, _migrate(bare_sqlite_in(Path(folder)))).result()
        return Path(folder, NAME).read_bytes()


async def _migrate(url: str) -> None:
    await (await Mailbox.open(url)).close()


async def new_postgresql(server: str, name: str, template: str = "template1") -> str:
    """Make a database, in the place of one of that name, as a copy of another."""
    connection = await asyncpg.connect(server)
    await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    await connection.close()
    before, _, after = server.partition("/postgres?")
    return f"{before}/{name}?{after}".replace("postgresql://", "postgresql+asyncpg://")


async def new_postgresql_template(server: str, name: str) -> str:
    """Make a database with an empty mailbox, to be copied, and give its name."""
    await _migrate(await new_postgresql(server, name))
    return name


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
