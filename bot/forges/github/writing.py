"""Writes to GitHub: one at a time, at the pace it asks for, each behind the fence."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.forges.base import Fence
    from bot.forges.github.client import Client


class Pace:
    """Keeps an installation's writes apart.

    Args:
        seconds: Between two writes; GitHub asks for one ("Best practices for using the REST API").
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next: defaultdict[str, float] = defaultdict(float)
        self._queue: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def turn(self, installation: str) -> None:
        """Wait for the installation's next turn and take it."""
        clock = asyncio.get_running_loop().time
        async with self._queue[installation]:
            wait = self._next[installation] - clock()
            if wait > 0:
                await asyncio.sleep(wait)
            # From when the turn was really taken: a busy machine may wake it late.
            self._next[installation] = clock() + self._seconds


class Writer:
    """Writes for one job.

    Args:
        client: The repository.
        pace: Shared by all jobs.
        installation: Whose pace it is.
        fence: Asked right before each write, after the wait.

    Attributes:
        writes: Requests that GitHub confirmed.
    """

    def __init__(self, client: Client, pace: Pace, installation: str, fence: Fence) -> None:
        self.writes = 0
        self._client = client
        self._pace = pace
        self._installation = installation
        self._fence = fence

    async def post(self, path: str, data: Mapping[str, Any]) -> Any:
        """Create something."""
        await self._turn()
        return self._done(await self._client.post(path, data))

    async def patch(self, path: str, data: Mapping[str, Any]) -> Any:
        """Edit something."""
        await self._turn()
        return self._done(await self._client.patch(path, data))

    async def delete(self, path: str) -> None:
        """Remove something."""
        await self._turn()
        await self._client.delete(path)
        self.writes += 1

    async def mutate(self, query: str, variables: Mapping[str, Any]) -> Any:
        """Change what REST cannot, by GraphQL."""
        await self._turn()
        return self._done(await self._client.graphql(query, variables))

    async def _turn(self) -> None:
        await self._pace.turn(self._installation)
        await self._fence()

    def _done(self, answer: Any) -> Any:
        self.writes += 1
        return answer
