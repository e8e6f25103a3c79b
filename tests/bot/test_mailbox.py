"""What goes in: storing, coalescing, de-duplication, commands. Each test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.jobs import Delivery
from bot.mailbox import Claimed, Mailbox, Receipt
from tests.bot.databases import command, delivery, job, key

if TYPE_CHECKING:
    from tests.bot.databases import MovableClock


async def claimed(mailbox: Mailbox) -> Claimed:
    work = await mailbox.claim("test")
    assert work is not None
    return work


async def test_a_delivery_is_stored_and_claimed_once_its_burst_is_over(mailbox: Mailbox, clock: MovableClock) -> None:
    assert await mailbox.put(delivery(job())) is Receipt.STORED
    assert await mailbox.claim("test") is None
    clock.ahead = 1.5
    work = await claimed(mailbox)
    assert (work.job, work.review, work.commands, work.attempts) == (job(), True, (), 1)
    assert await mailbox.claim("test") is None


async def test_a_burst_of_pushes_is_one_piece_of_work_with_the_newest_head(
    mailbox: Mailbox, clock: MovableClock
) -> None:
    receipts = [await mailbox.put(delivery(job(head=letter * 40))) for letter in "abc"]
    assert receipts == [Receipt.STORED, Receipt.COALESCED, Receipt.COALESCED]
    clock.ahead = 3
    work = await claimed(mailbox)
    assert (work.job.head, work.generation) == ("c" * 40, 3)
    await mailbox.finish(work)
    clock.ahead = 100
    assert await mailbox.claim("test") is None


async def test_each_push_puts_the_work_off_but_not_for_ever(mailbox: Mailbox, clock: MovableClock) -> None:
    for second in range(14):
        clock.ahead = second * 0.9
        await mailbox.put(delivery(job()))
        assert await mailbox.claim("test") is None
    clock.ahead = 14.8
    await mailbox.put(delivery(job()))
    clock.ahead = 15.1
    assert (await claimed(mailbox)).generation == 15


async def test_a_push_during_the_work_is_work_for_afterwards(mailbox: Mailbox, clock: MovableClock) -> None:
    await mailbox.put(delivery(job()))
    clock.ahead = 2
    first = await claimed(mailbox)
    assert await mailbox.put(delivery(job(head="b" * 40))) is Receipt.STORED
    clock.ahead = 4
    assert await mailbox.claim("other") is None
    await mailbox.finish(first)
    assert (await claimed(mailbox)).job.head == "b" * 40


async def test_a_redelivery_is_answered_once(mailbox: Mailbox, clock: MovableClock) -> None:
    once = delivery(job())
    await mailbox.put(once)
    clock.ahead = 2
    await mailbox.finish(await claimed(mailbox))
    assert await mailbox.put(once) is Receipt.DUPLICATE
    clock.ahead = 20
    assert await mailbox.claim("test") is None


async def test_a_redelivery_of_waiting_work_adds_nothing(mailbox: Mailbox, clock: MovableClock) -> None:
    once = delivery(job())
    await mailbox.put(once)
    assert await mailbox.put(once) is Receipt.COALESCED
    clock.ahead = 2
    assert (await claimed(mailbox)).generation == 1


async def test_a_redelivery_of_parked_work_sets_it_going_again(mailbox: Mailbox, clock: MovableClock) -> None:
    once = delivery(job(command=command("review")))
    await mailbox.put(once)
    await mailbox.park(await claimed(mailbox), "It failed.")
    assert await mailbox.put(once) is Receipt.STORED
    clock.ahead = 1
    again = await claimed(mailbox)
    assert len(again.commands) == 1
    await mailbox.finish(again)
    assert await mailbox.put(once) is Receipt.DUPLICATE


async def test_the_same_delivery_at_the_same_time_is_stored_once(mailbox: Mailbox) -> None:
    once = delivery(job())
    receipts = await asyncio.gather(*(mailbox.put(once) for _ in range(8)))
    assert sorted(receipt.value for receipt in receipts) == ["coalesced"] * 7 + ["stored"]


async def test_pushes_at_the_same_time_are_all_counted(mailbox: Mailbox, clock: MovableClock) -> None:
    receipts = await asyncio.gather(*(mailbox.put(delivery(job())) for _ in range(20)))
    assert receipts.count(Receipt.STORED) == 1
    clock.ahead = 3
    assert (await claimed(mailbox)).generation == 20


async def test_a_delivery_that_asks_nothing_is_not_written(mailbox: Mailbox) -> None:
    assert await mailbox.put(delivery(None)) is Receipt.IGNORED
    assert (await mailbox.tally()).waiting == 0


async def test_a_command_runs_at_once_and_does_not_ask_for_a_review(mailbox: Mailbox) -> None:
    await mailbox.put(delivery(job(command=command("help", 41))))
    work = await claimed(mailbox)
    assert not work.review
    assert [each.command for each in work.commands] == [command("help", 41)]


async def test_commands_stay_in_order_and_none_is_dropped_by_coalescing(mailbox: Mailbox) -> None:
    for number in range(1, 6):
        await mailbox.put(delivery(job(command=command("help", number))))
        await mailbox.put(delivery(job()))
    await mailbox.put(delivery(job(command=command("review", 6))))
    work = await claimed(mailbox)
    assert work.review
    assert [each.command.comment_id for each in work.commands if each.command] == [1, 2, 3, 4, 5, 6]


async def test_a_command_keeps_the_head_that_a_push_named(mailbox: Mailbox) -> None:
    await mailbox.put(delivery(job(head="b" * 40)))
    await mailbox.put(delivery(job(command=command())))
    assert (await claimed(mailbox)).job.head == "b" * 40


async def test_a_flood_of_commands_is_handed_out_in_parts(mailbox: Mailbox) -> None:
    for number in range(1, 61):
        await mailbox.put(delivery(job(command=command("help", number))))
    first = await claimed(mailbox)
    await mailbox.finish(first)
    second = await claimed(mailbox)
    assert [len(first.commands), len(second.commands)] == [50, 10]
    assert [each.command.comment_id for each in second.commands if each.command] == list(range(51, 61))


async def test_a_finished_command_is_not_handed_out_again(mailbox: Mailbox, clock: MovableClock) -> None:
    await mailbox.put(delivery(job(command=command())))
    await mailbox.finish(await claimed(mailbox))
    await mailbox.put(delivery(job()))
    clock.ahead = 3
    assert (await claimed(mailbox)).commands == ()


async def test_two_pull_requests_do_not_wait_for_each_other(mailbox: Mailbox, clock: MovableClock) -> None:
    await mailbox.put(delivery(job(1)))
    await mailbox.put(delivery(job(2)))
    clock.ahead = 2
    assert {(await claimed(mailbox)).job.key, (await claimed(mailbox)).job.key} == {key(1), key(2)}


async def test_the_same_number_on_another_instance_is_another_pull_request(
    mailbox: Mailbox, clock: MovableClock
) -> None:
    ours = job()
    theirs = type(ours)(ours.key._replace(instance="git.example.org"), ours.installation)
    assert await mailbox.put(delivery(ours)) is Receipt.STORED
    assert await mailbox.put(delivery(theirs)) is Receipt.STORED
    clock.ahead = 2
    assert {(await claimed(mailbox)).job.key.instance for _ in range(2)} == {"api.github.com", "git.example.org"}


async def test_text_with_every_kind_of_quote_survives(mailbox: Mailbox) -> None:
    odd = command("ignore")
    odd = type(odd)(odd.name, 1, "mona", 3, reason='it\'s "fine"; DROP TABLE mailbox; -- ${x} :name %s ✓ 𝄞')
    await mailbox.put(delivery(job(command=odd)))
    assert (await claimed(mailbox)).commands[0].command == odd


@pytest.mark.parametrize("forge", ["github", "gitlab"])
async def test_delivery_ids_of_two_forges_do_not_mix(mailbox: Mailbox, forge: str) -> None:
    await mailbox.put(Delivery("one", "github", "pull_request.opened", job(1)))
    expected = Receipt.COALESCED if forge == "github" else Receipt.STORED
    second = Delivery("one", "github" if forge == "github" else "gitlab", "pull_request.opened", job(2))
    assert await mailbox.put(second) is expected


async def test_a_small_value_is_remembered(mailbox: Mailbox) -> None:
    assert await mailbox.recall("cursor") is None
    await mailbox.remember("cursor", "1")
    await mailbox.remember("cursor", "2")
    assert await mailbox.recall("cursor") == "2"
