"""What comes out: leases, fences, retries, parking, fairness. Each test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from bot.mailbox import Claimed, LeaseLost, Mailbox, ReviewRecord, Timing
from bot.mailbox.incoming import Coalescing
from bot.mailbox.leases import LeaseTerms
from tests.bot.databases import command, delivery, job, key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.bot.databases import MovableClock

AT_ONCE = Coalescing(delay=0.0)


@pytest.fixture
async def mailbox(database_url: str, clock: MovableClock) -> AsyncIterator[Mailbox]:
    """Open a mailbox without coalescing delay; leases last a minute."""
    timing = Timing(AT_ONCE, LeaseTerms(seconds=60, in_flight=2))
    async with await Mailbox.open(database_url, timing, clock) as opened:
        yield opened


async def claimed(mailbox: Mailbox) -> Claimed:
    work = await mailbox.claim("test")
    assert work is not None
    return work


async def some_work(mailbox: Mailbox) -> Claimed:
    await mailbox.put(delivery(job()))
    return await claimed(mailbox)


async def test_work_under_a_lease_is_not_handed_out(mailbox: Mailbox, clock: MovableClock) -> None:
    await some_work(mailbox)
    clock.ahead = 59
    assert await mailbox.claim("other") is None


async def test_work_of_a_worker_that_died_is_taken_over_when_its_lease_ends(
    mailbox: Mailbox, clock: MovableClock
) -> None:
    first = await some_work(mailbox)
    clock.ahead = 61
    second = await claimed(mailbox)
    assert (second.job, second.generation, second.attempts) == (first.job, first.generation, 2)
    assert second.owner != first.owner


async def test_a_heartbeat_keeps_the_lease(mailbox: Mailbox, clock: MovableClock) -> None:
    work = await some_work(mailbox)
    for ahead in (40, 80, 120):
        clock.ahead = ahead
        await mailbox.heartbeat(work)
    assert await mailbox.claim("other") is None


async def test_a_heartbeat_after_the_end_of_the_lease_is_too_late(mailbox: Mailbox, clock: MovableClock) -> None:
    work = await some_work(mailbox)
    clock.ahead = 61
    with pytest.raises(LeaseLost):
        await mailbox.heartbeat(work)


async def test_the_fence_lets_the_owner_pass(mailbox: Mailbox) -> None:
    await mailbox.fence(await some_work(mailbox))()


async def test_the_fence_stops_a_worker_whose_lease_ended(mailbox: Mailbox, clock: MovableClock) -> None:
    fence = mailbox.fence(await some_work(mailbox))
    clock.ahead = 61
    with pytest.raises(LeaseLost):
        await fence()


async def test_the_fence_stops_a_worker_that_another_has_replaced(mailbox: Mailbox, clock: MovableClock) -> None:
    first = await some_work(mailbox)
    clock.ahead = 61
    second = await claimed(mailbox)
    with pytest.raises(LeaseLost):
        await mailbox.fence(first)()
    await mailbox.fence(second)()


@pytest.mark.parametrize("ending", ["finish", "retry_later", "park", "release"])
async def test_a_worker_that_was_replaced_changes_nothing(mailbox: Mailbox, clock: MovableClock, ending: str) -> None:
    first = await some_work(mailbox)
    clock.ahead = 61
    second = await claimed(mailbox)
    endings = {
        "finish": mailbox.finish(first),
        "retry_later": mailbox.retry_later(first, 9999, "no", hold_installation=True),
        "park": mailbox.park(first, "no"),
        "release": mailbox.release(first),
    }
    chosen = endings.pop(ending)
    for other in endings.values():
        other.close()
    with pytest.raises(LeaseLost):
        await chosen
    await mailbox.finish(second)
    assert await mailbox.tally() == (0, 0, 0, 0, 0.0)


async def test_work_given_back_comes_when_it_is_due(mailbox: Mailbox, clock: MovableClock) -> None:
    await mailbox.retry_later(await some_work(mailbox), 30, "later")
    clock.ahead = 29
    assert await mailbox.claim("test") is None
    clock.ahead = 31
    assert (await claimed(mailbox)).attempts == 2


async def test_a_push_while_work_waits_to_be_retried_runs_at_once_and_afresh(mailbox: Mailbox) -> None:
    await mailbox.retry_later(await some_work(mailbox), 900, "later")
    await mailbox.put(delivery(job(head="b" * 40)))
    again = await claimed(mailbox)
    assert (again.job.head, again.attempts) == ("b" * 40, 1)


async def test_a_push_during_an_attempt_that_fails_is_not_put_off_by_it(mailbox: Mailbox) -> None:
    work = await some_work(mailbox)
    await mailbox.put(delivery(job(head="b" * 40)))
    await mailbox.retry_later(work, 900, "later")
    assert (await claimed(mailbox)).attempts == 1


async def test_a_limit_of_the_forge_holds_back_the_whole_installation(mailbox: Mailbox, clock: MovableClock) -> None:
    await mailbox.put(delivery(job(1, installation="7")))
    limited = await claimed(mailbox)
    await mailbox.put(delivery(job(2, installation="7")))
    await mailbox.put(delivery(job(3, installation="8")))
    await mailbox.retry_later(limited, 120, "429", hold_installation=True, blame="forge")
    other = await claimed(mailbox)
    assert other.job.key == key(3)
    await mailbox.finish(other)
    assert await mailbox.claim("test") is None
    clock.ahead = 121
    assert {(await claimed(mailbox)).job.key for _ in range(2)} == {key(1), key(2)}


async def test_a_shorter_limit_does_not_end_a_longer_one(mailbox: Mailbox, clock: MovableClock) -> None:
    await mailbox.put(delivery(job(1)))
    await mailbox.put(delivery(job(2)))
    one, two = await claimed(mailbox), await claimed(mailbox)
    await mailbox.retry_later(one, 120, "429", hold_installation=True)
    await mailbox.retry_later(two, 5, "429", hold_installation=True)
    clock.ahead = 60
    assert await mailbox.claim("test") is None


async def test_what_the_forge_ended_does_not_count_as_an_attempt(mailbox: Mailbox) -> None:
    await mailbox.retry_later(await some_work(mailbox), 0, "502", blame="forge")
    again = await claimed(mailbox)
    assert (again.attempts, again.outages) == (1, 1)


async def test_released_work_is_taken_at_once_as_if_never_begun(mailbox: Mailbox) -> None:
    await mailbox.release(await some_work(mailbox))
    assert (await claimed(mailbox)).attempts == 1


async def test_parked_work_rests_until_it_is_retried(mailbox: Mailbox, clock: MovableClock) -> None:
    assert await mailbox.park(await some_work(mailbox), "It failed.")
    clock.ahead = 9999
    assert await mailbox.claim("test") is None
    (aside,) = await mailbox.parked()
    assert (aside.pull_request, aside.error, aside.attempts) == (key(), "It failed.", 1)
    assert await mailbox.retry_parked() == 1
    assert (await claimed(mailbox)).attempts == 1
    assert await mailbox.parked() == ()


async def test_one_of_two_parked_pull_requests_is_retried(mailbox: Mailbox) -> None:
    for number in (1, 2):
        await mailbox.put(delivery(job(number)))
        await mailbox.park(await claimed(mailbox), "It failed.")
    assert await mailbox.retry_parked(key(2)) == 1
    assert (await claimed(mailbox)).job.key == key(2)
    assert await mailbox.retry_parked(key(9)) == 0


async def test_work_is_not_parked_when_something_newer_was_asked(mailbox: Mailbox) -> None:
    work = await some_work(mailbox)
    await mailbox.put(delivery(job(head="b" * 40)))
    assert not await mailbox.park(work, "It failed.")
    assert (await claimed(mailbox)).job.head == "b" * 40


async def test_a_push_ends_parking(mailbox: Mailbox) -> None:
    await mailbox.park(await some_work(mailbox), "It failed.")
    await mailbox.put(delivery(job(head="b" * 40)))
    assert (await claimed(mailbox)).job.head == "b" * 40


async def test_an_installation_with_much_work_does_not_starve_the_others(mailbox: Mailbox) -> None:
    for number in range(1, 40):
        await mailbox.put(delivery(job(number, installation="1")))
    await mailbox.put(delivery(job(98, installation="2")))
    await mailbox.put(delivery(job(99, installation="3")))
    served = []
    for _ in range(6):
        work = await claimed(mailbox)
        served.append(work.job.installation)
        await mailbox.finish(work)
    assert Counter(served) == {"1": 4, "2": 1, "3": 1}
    assert set(served[:3]) == {"1", "2", "3"}


async def test_an_installation_does_not_take_every_place(mailbox: Mailbox, clock: MovableClock) -> None:
    for number in range(1, 5):
        await mailbox.put(delivery(job(number)))
    first, _ = await claimed(mailbox), await claimed(mailbox)
    assert await mailbox.claim("test") is None
    await mailbox.finish(first)
    await claimed(mailbox)
    clock.ahead = 61
    assert len([await claimed(mailbox) for _ in range(2)]) == 2


async def test_workers_that_claim_at_the_same_time_keep_to_the_limit_of_an_installation(mailbox: Mailbox) -> None:
    for number in range(1, 21):
        await mailbox.put(delivery(job(number)))
    for _ in range(5):
        works = await asyncio.gather(*(mailbox.claim(f"w{n}") for n in range(10)))
        held = [work for work in works if work is not None]
        assert len(held) == 2
        for work in held:
            await mailbox.release(work)


async def test_many_workers_never_hold_the_same_pull_request(mailbox: Mailbox) -> None:
    for number in range(1, 31):
        await mailbox.put(delivery(job(number, installation=str(number % 10))))

    async def work(name: str) -> list[str]:
        done = []
        while (mine := await mailbox.claim(name)) is not None:
            await mailbox.finish(mine)
            done.append(str(mine.job.key))
        return done

    done = [each for names in await asyncio.gather(*(work(f"w{n}") for n in range(5))) for each in names]
    assert len(done) == len(set(done)) == 30


async def test_the_next_due_time_is_known(mailbox: Mailbox, clock: MovableClock) -> None:
    assert await mailbox.due_in() is None
    await mailbox.retry_later(await some_work(mailbox), 30, "later")
    assert await mailbox.due_in() == pytest.approx(30, abs=2)
    clock.ahead = 31
    await claimed(mailbox)
    assert await mailbox.due_in() == pytest.approx(60, abs=2)


async def test_held_work_is_due_when_the_hold_ends(mailbox: Mailbox) -> None:
    await mailbox.retry_later(await some_work(mailbox), 100, "429", hold_installation=True)
    await mailbox.put(delivery(job()))
    assert await mailbox.due_in() == pytest.approx(100, abs=2)


async def test_a_finished_review_becomes_history(mailbox: Mailbox, clock: MovableClock) -> None:
    work = await some_work(mailbox)
    clock.ahead = 7
    record = ReviewRecord("a" * 40, "neutral", {"final-user-root": 2}, posted=2, seconds=1.5)
    await mailbox.finish(work, record)
    (entry,) = await mailbox.history(key=key())
    assert (entry.pull_request, entry.record, entry.attempts) == (key(), record, 1)
    assert entry.latency == pytest.approx(7, abs=2)
    assert await mailbox.history(key=key(2)) == ()


async def test_the_tally_tells_waiting_running_and_parked_apart(mailbox: Mailbox, clock: MovableClock) -> None:
    for number in (1, 2, 3):
        await mailbox.put(delivery(job(number, installation=str(number))))
    await mailbox.park(await claimed(mailbox), "It failed.")
    await claimed(mailbox)
    clock.ahead = 10
    tally = await mailbox.tally()
    assert (tally.waiting, tally.running, tally.parked, tally.held) == (1, 1, 1, 0)
    assert tally.oldest == pytest.approx(10, abs=2)


async def test_what_is_old_and_finished_is_forgotten(mailbox: Mailbox, clock: MovableClock) -> None:
    await mailbox.finish(await some_work(mailbox), ReviewRecord("a" * 40, "success"))
    await mailbox.put(delivery(job(2, command=command())))
    clock.ahead = 100 * 86_400
    await mailbox.prune(90)
    assert await mailbox.history() == ()
    assert (await mailbox.tally()).waiting == 1
