"""kill -9: what a worker had begun is taken over, nothing is lost, and no pull request is worked on twice at once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bot.mailbox import Mailbox
from tests.bot.databases import delivery, job
from tests.bot.mailbox_process import timing
from tests.bot.template import Forked, forked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PULL_REQUESTS = 24
SHORT = 1.5
"""Seconds of a lease that is to run out while the test waits."""
LONG = 60.0
"""Seconds of a lease that does not run out, however long a busy machine lets a worker stand still."""


class Line(NamedTuple):
    word: str
    number: int
    at: float


@asynccontextmanager
async def worker(url: str, lease: float, *, hang_after: int = 1000) -> AsyncIterator[Forked]:
    arguments = (url, str(lease), str(hang_after))
    process = await forked({}, Path.cwd(), "tests.bot.mailbox_process", arguments)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.stderr.read()
        await process.wait()


async def lines(process: Forked) -> AsyncIterator[Line]:
    async for line in process.stderr:
        match line.decode().split():
            case ["begin" | "publish" as word, number, at]:
                yield Line(word, int(number), float(at))


async def until_killed(process: Forked, after: int) -> list[Line]:
    """Kill a worker right after it has begun so many pieces of work, and return all it said."""
    said: list[Line] = []
    async for line in lines(process):
        said.append(line)
        if sum(each.word == "begin" for each in said) == after:
            with suppress(ProcessLookupError):
                process.kill()
    return said


async def until_published(process: Forked, missing: set[int]) -> list[Line]:
    said = []
    async for line in lines(process):
        said.append(line)
        if line.word == "publish":
            missing.discard(line.number)
        if not missing:
            break
    return said


async def test_another_worker_takes_over_what_a_killed_one_had_begun(database_url: str) -> None:
    async with await Mailbox.open(database_url, timing(SHORT)) as mailbox:
        for number in range(1, PULL_REQUESTS + 1):
            await mailbox.put(delivery(job(number, installation=str(number % 5))))
    async with worker(database_url, SHORT, hang_after=4) as doomed:
        before = await until_killed(doomed, after=6)
    begun, published = ({line.number for line in before if line.word == word} for word in ("begin", "publish"))
    assert begun - published, "the worker was to die in the middle of its work"
    async with worker(database_url, LONG) as heir:
        after = await until_published(heir, set(range(1, PULL_REQUESTS + 1)) - published)
    assert {line.number for line in before + after if line.word == "publish"} == set(range(1, PULL_REQUESTS + 1))
    killed_at = max(line.at for line in before)
    heir_began_at = min(line.at for line in after)
    for orphan in begun - published:
        *_, begin, taken_over = [line.at for line in before + after if line[:2] == ("begin", orphan)]
        # The last heartbeat was at most a third of a lease before the end.
        assert begin <= killed_at
        assert taken_over - killed_at > SHORT / 2
        assert taken_over - max(killed_at, heir_began_at) < SHORT + 20  # however busy the machine


async def test_two_workers_share_the_work_without_overlap(database_url: str) -> None:
    numbers = set(range(1, PULL_REQUESTS + 1))
    async with await Mailbox.open(database_url, timing(LONG)) as mailbox:
        for number in numbers:
            await mailbox.put(delivery(job(number, installation=str(number % 5))))
    async with worker(database_url, LONG) as one, worker(database_url, LONG) as two:
        readers = [asyncio.create_task(until_published(process, numbers)) for process in (one, two)]
        await asyncio.wait(readers, return_when=asyncio.FIRST_COMPLETED)
        for process in (one, two):
            process.terminate()  # the other one has nothing left to say
        said = [line for part in await asyncio.gather(*readers) for line in part]
    for number in range(1, PULL_REQUESTS + 1):
        words = [line.word for line in sorted(said, key=lambda line: line.at) if line.number == number]
        assert all(pair != ("begin", "begin") for pair in pairwise(words))
        assert words.count("publish") == 1


async def test_a_worker_told_to_stop_leaves_nothing_behind(database_url: str) -> None:
    async with await Mailbox.open(database_url, timing(LONG)) as mailbox:
        await mailbox.put(delivery(job()))
        async with worker(database_url, LONG) as process:
            said = await anext(lines(process))
            process.terminate()
            assert await process.wait() == 0
        assert said.word == "begin"
        assert (await mailbox.tally()) == (0, 0, 0, 0, 0.0)
