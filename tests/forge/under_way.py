"""What a forge sends by itself: in the background, and waited for where a test wants to see what came of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine


class UnderWay:
    """Deliveries that are being sent."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[int]] = set()

    def start(self, delivery: Coroutine[None, None, int]) -> None:
        """Begin to send."""
        task = asyncio.get_running_loop().create_task(delivery)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait until everything that was sent by itself has been answered."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        """Give up what is still under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
