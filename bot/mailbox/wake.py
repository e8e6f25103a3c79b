"""Wakes the worker when there may be work, so that polling is only the fallback."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from bot.mailbox.database import CHANNEL
from bot.mailbox.faults import DATABASE_FAULTS, reason

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_log = logging.getLogger(__name__)
RECONNECT_SECONDS = 5.0


class LocalWake:
    """Wakes the worker of this process; workers of other processes on the machine poll."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    async def start(self) -> None:
        """Nothing to open."""

    def ring(self) -> None:
        """Wake the worker."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Return when woken, or after so many seconds; one waiter at a time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        self._event.clear()

    async def stop(self) -> None:
        """Nothing to close."""


class ListeningWake(LocalWake):
    """Wakes the workers of all processes through PostgreSQL's LISTEN and NOTIFY.

    Args:
        engine: One of its connections is held for listening.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__()
        self._engine = engine
        self._listener: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen in the background, and again whenever the connection breaks."""
        self._listener = asyncio.create_task(self._listen_for_ever(), name="mailbox-listen")

    async def stop(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait([self._listener])

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                await self._listen()
            except DATABASE_FAULTS as fault:
                _log.warning("listening for work is interrupted: %s", reason(fault))
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        broken = asyncio.Event()
        async with self._engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            assert isinstance(driver, asyncpg.Connection)
            driver.add_termination_listener(lambda _: broken.set())
            await driver.add_listener(CHANNEL, lambda *_: self.ring())
            try:
                # Work may have come while nobody listened.
                self.ring()
                await broken.wait()
            finally:
                await connection.invalidate()
