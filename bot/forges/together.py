"""Requests to a forge at the same time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable

Answer = TypeVar("Answer")


@asynccontextmanager
async def at_once() -> AsyncIterator[asyncio.TaskGroup]:
    """Run requests at once; the first fault ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as faults:
        raise faults.exceptions[0] from None


async def together(asked: Iterable[Coroutine[Any, Any, Answer]]) -> list[Answer]:
    """Await requests at once and return their answers in order."""
    async with at_once() as group:
        tasks = [group.create_task(request) for request in asked]
    return [task.result() for task in tasks]
