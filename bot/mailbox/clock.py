"""What time it is. On PostgreSQL the database says so, because the clocks of workers differ."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

_POSTGRESQL_NOW = text("SELECT extract(epoch FROM clock_timestamp())::double precision")


class Clock(Protocol):
    """Tells the time inside a transaction."""

    async def now(self, connection: AsyncConnection) -> float:
        """Return seconds since 1970."""


class MachineClock:
    """The clock of this machine: SQLite serves one machine only."""

    async def now(self, connection: AsyncConnection) -> float:  # noqa: ARG002 - the protocol's
        """Return seconds since 1970."""
        return time.time()


class ServerClock:
    """The clock of the PostgreSQL server."""

    async def now(self, connection: AsyncConnection) -> float:
        """Return seconds since 1970."""
        return float((await connection.execute(_POSTGRESQL_NOW)).scalar_one())
