"""How each claim ends. On SQLite; what the database does about it is proven in the tests of the mailbox."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import OperationalError

from bot.forges.base import Denied, Gone, Unauthorized, Unavailable
from bot.mailbox import Claimed, LeaseLost, Mailbox, ReviewRecord, Timing
from bot.mailbox.incoming import Coalescing
from bot.mailbox.leases import LeaseTerms
from bot.worker import Patience, Worker
from tests.bot.databases import MovableClock, bare_sqlite_in, delivery, job, key, sqlite_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.forges.base import Fence
    from bot.worker import Handler

PATIENCE = Patience(attempts=3, outages=4, first=100, longest=350, poll=0.05, grace=5, jitter=lambda: 1.0)
RECORD = ReviewRecord("a" * 40, "success")


@pytest.fixture
def clock(tmp_path: Path) -> MovableClock:
    return MovableClock(bare_sqlite_in(tmp_path))


@pytest.fixture
async def mailbox(clock: MovableClock, tmp_path: Path) -> AsyncIterator[Mailbox]:
    """Open a mailbox on SQLite whose leases are short."""
    timing = Timing(Coalescing(delay=0), LeaseTerms(seconds=1.5, in_flight=3))
    async with await Mailbox.open(sqlite_in(tmp_path), timing, clock) as opened:
        yield opened


@dataclass
class Desk:
    """A handler that does as it is told, attempt by attempt, and notes what it was given."""

    endings: list[BaseException | ReviewRecord | None] = field(default_factory=list)
    seen: list[Claimed] = field(default_factory=list)
    parked: list[str] = field(default_factory=list)
    event: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, claimed: Claimed, fence: Fence) -> ReviewRecord | None:
        await fence()
        self.seen.append(claimed)
        self.event.set()
        ending = self.endings.pop(0) if self.endings else RECORD
        if isinstance(ending, BaseException):
            raise ending
        return ending

    async def on_park(self, claimed: Claimed, sentence: str) -> None:
        self.parked.append(f"{claimed.job.key}: {sentence}")
        self.event.set()


@asynccontextmanager
async def at_work(
    mailbox: Mailbox, desk: Desk, handle: Handler | None = None, concurrency: int = 4
) -> AsyncIterator[Worker]:
    worker = Worker(mailbox, handle or desk.handle, desk.on_park, concurrency=concurrency, patience=PATIENCE)
    task = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(60):
            yield worker
    finally:
        worker.stop()
        await task


async def settled(mailbox: Mailbox) -> None:
    """Wait until nothing is under a lease and nothing is due."""
    async with asyncio.timeout(40):
        while (tally := await mailbox.tally()).running or tally.oldest:  # noqa: ASYNC110 - a database has no event
            await asyncio.sleep(0.01)


async def test_work_is_done_and_its_record_kept(mailbox: Mailbox) -> None:
    desk = Desk()
    async with at_work(mailbox, desk):
        await mailbox.put(delivery(job()))
        await desk.event.wait()
        await settled(mailbox)
    (entry,) = await mailbox.history()
    assert (entry.pull_request, entry.record) == (key(), RECORD)


async def attempts(mailbox: Mailbox, clock: MovableClock, desk: Desk, jumps: list[float]) -> list[int]:
    """Put one delivery, move the clock after each attempt, and return how many attempts were seen after each jump."""
    seen = []
    async with at_work(mailbox, desk):
        await mailbox.put(delivery(job()))
        await desk.event.wait()
        await settled(mailbox)
        for jump in jumps:
            clock.ahead += jump
            mailbox.ring()
            await settled(mailbox)
            seen.append(len(desk.seen))
    return seen


async def test_faults_are_tried_again_later_and_later_and_then_parked(mailbox: Mailbox, clock: MovableClock) -> None:
    desk = Desk([RuntimeError("one"), Denied("two"), KeyError("three")])
    assert await attempts(mailbox, clock, desk, [98, 3, 195, 6, 9999]) == [1, 2, 2, 3, 3]
    (aside,) = await mailbox.parked()
    assert aside.error == "KeyError: 'three'"
    assert desk.parked == [f"{key()}: KeyError: 'three'"]


async def test_an_unavailable_forge_is_waited_for_exactly_as_long_as_it_asks(
    mailbox: Mailbox, clock: MovableClock
) -> None:
    desk = Desk([Unavailable("429", retry_after=500), Unavailable("429", retry_after=0)])
    assert await attempts(mailbox, clock, desk, [497, 4]) == [1, 3]
    assert [claimed.attempts for claimed in desk.seen] == [1, 1, 1]


async def test_a_forge_that_is_down_is_tried_more_patiently_than_a_fault_of_ours(
    mailbox: Mailbox, clock: MovableClock
) -> None:
    desk = Desk([Unavailable(str(number)) for number in range(9)])
    assert await attempts(mailbox, clock, desk, [101, 201, 351, 9999]) == [2, 3, 4, 4]
    assert desk.parked == [f"{key()}: 3"]


async def test_credentials_that_are_not_taken_are_no_fault_of_the_work(
    mailbox: Mailbox, clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk([Unauthorized("GitLab: 401 invalid_token")] * 3)
    assert await attempts(mailbox, clock, desk, [101, 201, 351]) == [2, 3, 4]
    assert {claimed.attempts for claimed in desk.seen} == {1}
    assert await mailbox.parked() == ()
    [line, *_] = [each for each in caplog.records if each.levelname == "ERROR"]
    assert "credentials; the work waits: GitLab: 401 invalid_token" in line.message
    assert line.exc_info is None


async def test_a_pull_request_that_is_gone_needs_no_work(mailbox: Mailbox, clock: MovableClock) -> None:
    desk = Desk([Gone("the head moved")])
    assert await attempts(mailbox, clock, desk, [9999]) == [1]
    assert await mailbox.tally() == (0, 0, 0, 0, 0.0)


async def test_of_faults_at_the_same_time_the_forge_has_the_last_word(mailbox: Mailbox, clock: MovableClock) -> None:
    group = ExceptionGroup("", [ValueError(), ExceptionGroup("", [Unavailable("429", retry_after=500)])])
    desk = Desk([group])
    assert await attempts(mailbox, clock, desk, [101, 400]) == [1, 2]


async def test_work_that_kills_the_process_each_time_is_parked(mailbox: Mailbox, clock: MovableClock) -> None:
    await mailbox.put(delivery(job()))
    for _ in range(PATIENCE.attempts):
        assert await mailbox.claim("a process that dies") is not None
        clock.ahead += 10
    desk = Desk()
    async with at_work(mailbox, desk):
        await desk.event.wait()
        await settled(mailbox)
    assert desk.seen == []
    assert desk.parked == [f"{key()}: The process died each time while it worked on this."]


async def test_parking_does_not_depend_on_the_forge(mailbox: Mailbox, clock: MovableClock) -> None:
    class Mute(Desk):
        async def on_park(self, claimed: Claimed, sentence: str) -> None:
            await super().on_park(claimed, sentence)
            raise Unavailable("down")

    desk = Mute([OperationalError("SELECT owner", {"owner": "host:1"}, Exception("locked"))] * 3)
    assert await attempts(mailbox, clock, desk, [101, 201]) == [2, 3]
    # What is told does not hold the statement, whose parameters name this machine.
    assert [aside.error for aside in await mailbox.parked()] == ["The database cannot be used: OperationalError"]


async def test_a_heartbeat_keeps_long_work(mailbox: Mailbox) -> None:
    desk = Desk()

    async def long(claimed: Claimed, fence: Fence) -> None:
        await asyncio.sleep(mailbox.lease_seconds * 1.2)
        await desk.handle(claimed, fence)

    async with at_work(mailbox, desk, long):
        await mailbox.put(delivery(job()))
        await desk.event.wait()
    assert desk.seen[0].attempts == 1


async def test_a_lost_lease_ends_the_work_and_changes_nothing(mailbox: Mailbox, clock: MovableClock) -> None:
    desk, cancelled = Desk(), asyncio.Event()

    async def endless(claimed: Claimed, fence: Fence) -> None:
        await desk.handle(claimed, fence)
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with at_work(mailbox, desk, endless, concurrency=1):
        await mailbox.put(delivery(job()))
        await desk.event.wait()
        clock.ahead = 10
        thief = await mailbox.claim("thief")
        await cancelled.wait()
    assert thief is not None
    await mailbox.fence(thief)()


async def test_the_fence_stops_work_whose_lease_is_lost(mailbox: Mailbox, clock: MovableClock) -> None:
    verdict: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def slow(_: Claimed, fence: Fence) -> None:
        clock.ahead = 10
        try:
            await fence()
        except LeaseLost:
            verdict.set_result("stopped")
            raise

    async with at_work(mailbox, Desk(), slow) as worker:
        await mailbox.put(delivery(job()))
        assert await verdict == "stopped"
        worker.stop()


async def test_only_so_many_run_at_the_same_time(mailbox: Mailbox) -> None:
    running, most, full, done = set[int](), 0, asyncio.Event(), asyncio.Event()

    async def count(claimed: Claimed, _: Fence) -> None:
        nonlocal most
        running.add(claimed.job.key.number)
        most = max(most, len(running))
        if len(running) == 4:
            full.set()
        await full.wait()
        running.discard(claimed.job.key.number)
        if claimed.job.key.number == 12:
            done.set()

    for number in range(1, 13):
        await mailbox.put(delivery(job(number, installation=str(number))))
    async with at_work(mailbox, Desk(), count):
        await done.wait()
    assert most == 4


async def test_stopping_lets_work_finish(mailbox: Mailbox) -> None:
    desk, go_on = Desk(), asyncio.Event()

    async def waiting(claimed: Claimed, fence: Fence) -> ReviewRecord | None:
        await desk.handle(claimed, fence)
        await go_on.wait()
        return RECORD

    async with at_work(mailbox, desk, waiting) as worker:
        await mailbox.put(delivery(job(1)))
        await desk.event.wait()
        worker.stop()
        await mailbox.put(delivery(job(2)))
        go_on.set()
    assert len(await mailbox.history()) == 1
    assert (await mailbox.tally()).waiting == 1


async def test_stopping_releases_what_does_not_finish_in_time(mailbox: Mailbox) -> None:
    desk = Desk()

    async def endless(claimed: Claimed, fence: Fence) -> None:
        await desk.handle(claimed, fence)
        await asyncio.Event().wait()

    impatient = Patience(grace=0.0, poll=0.05)
    worker = Worker(mailbox, endless, desk.on_park, patience=impatient)
    task = asyncio.create_task(worker.run())
    await mailbox.put(delivery(job()))
    await desk.event.wait()
    worker.stop()
    await task
    again = await mailbox.claim("next")
    assert again is not None
    assert again.attempts == 1


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 5), (2, 10), (3, 20), (8, 640), (9, 900), (5000, 900)])
def test_waits_double_up_to_a_cap_and_half_of_them_is_chance(attempts: int, seconds: float) -> None:
    assert Patience(jitter=lambda: 1.0).delay(attempts) == seconds
    assert Patience(jitter=lambda: 0.0).delay(attempts) == seconds / 2
