"""Whose hooks have called: on SQLite and on PostgreSQL, and in a database from before this was kept."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from alembic import command as alembic
from alembic.config import Config
from sqlalchemy import Connection, text

from bot.jobs import Command, Delivery, Job, PullRequestKey, RepositoryKey
from bot.mailbox import Look, Mailbox, ReviewRecord, Standing
from bot.mailbox.database import Database
from tests.checkout import ROOT

if TYPE_CHECKING:
    from bot.mailbox import Caller
    from tests.bot.databases import MovableClock

HOST = "gitlab.example.org"
ONE, TWO = RepositoryKey("gitlab", HOST, "5"), RepositoryKey("gitlab", HOST, "6")
CHANGE = PullRequestKey("gitlab", HOST, "5", 12)
HEAD = "c" * 40

_numbers = itertools.count(1)


def call(caller: RepositoryKey | None, *, asks: bool = True, command: Command | None = None) -> Delivery:
    job = Job(CHANGE, HOST, "" if command else HEAD, command=command) if asks else None
    return Delivery(f"call-{next(_numbers)}", "gitlab", "merge_request.open", job, caller)


async def listed(mailbox: Mailbox) -> list[Caller]:
    return list(await mailbox.callers("gitlab", HOST, 9))


@pytest.mark.parametrize("asks", [True, False])
async def test_a_repository_that_called_is_known_from_that_moment(mailbox: Mailbox, *, asks: bool) -> None:
    assert await listed(mailbox) == []
    await mailbox.put(call(ONE, asks=asks))
    [caller] = await listed(mailbox)
    assert (caller.key, caller.resume_at) == (ONE, 0)
    assert 0 <= caller.asked_at - caller.looked_until < 60
    assert await mailbox.callers("gitlab", "elsewhere.example.org", 9) == ()


async def test_a_call_that_does_not_say_whose_hook_it_is_proves_nothing(mailbox: Mailbox) -> None:
    await mailbox.put(call(None))
    assert await listed(mailbox) == []


async def test_the_one_looked_at_longest_ago_comes_first(mailbox: Mailbox) -> None:
    for key in (ONE, TWO):
        await mailbox.put(call(key, asks=False))
    await mailbox.looked(ONE, Look(1.0))
    assert [each.key for each in await listed(mailbox)] == [TWO, ONE]
    assert [each.key for each in await mailbox.callers("gitlab", HOST, 1)] == [TWO]
    assert (await listed(mailbox))[1].looked_until == 1.0


async def test_two_finds_without_a_call_are_the_last(mailbox: Mailbox, clock: MovableClock) -> None:
    await mailbox.put(call(ONE))
    await mailbox.looked(ONE, Look(1.0, found=True))
    await mailbox.looked(ONE, Look(2.0))
    assert len(await listed(mailbox)) == 1
    await mailbox.looked(ONE, Look(3.0, found=True))
    assert await listed(mailbox) == []
    clock.ahead = 1
    await mailbox.put(call(ONE, asks=False))
    assert [each.looked_until for each in await listed(mailbox)] == [3.0]


async def test_one_that_is_gone_is_known_again_with_its_next_call(mailbox: Mailbox) -> None:
    await mailbox.put(call(ONE))
    await mailbox.looked(ONE, Look(1.0, resume_at=2.0, gone=True))
    assert await listed(mailbox) == []
    await mailbox.put(call(ONE))
    assert [each.resume_at for each in await listed(mailbox)] == [2.0]


async def finished(mailbox: Mailbox, clock: MovableClock, record: ReviewRecord | None = None) -> None:
    """Do what waits."""
    clock.ahead += 20
    claimed = await mailbox.claim("test")
    assert claimed is not None
    await mailbox.finish(claimed, record)


async def test_a_head_is_settled_while_its_turn_comes_and_once_it_was_reviewed(
    mailbox: Mailbox, clock: MovableClock
) -> None:
    assert await mailbox.standing(CHANGE, HEAD, "main") is Standing.UNHEARD
    await mailbox.put(call(ONE))
    assert await mailbox.standing(CHANGE, HEAD, "main") is Standing.SETTLED
    assert await mailbox.standing(CHANGE._replace(number=13), HEAD, "main") is Standing.UNHEARD
    other = "d" * 40
    await finished(mailbox, clock, ReviewRecord(other, "success", base_branch="main"))
    assert await mailbox.standing(CHANGE, other, "main") is Standing.SETTLED
    assert await mailbox.standing(CHANGE, other, "next") is Standing.OWED
    assert await mailbox.standing(CHANGE, "e" * 40, "main") is Standing.UNHEARD
    assert await mailbox.standing(CHANGE._replace(repository="6"), other, "main") is Standing.UNHEARD


async def test_a_review_from_before_base_branches_were_kept_is_believed(mailbox: Mailbox, clock: MovableClock) -> None:
    await mailbox.put(call(ONE))
    await finished(mailbox, clock, ReviewRecord(HEAD, "success"))
    assert await mailbox.standing(CHANGE, HEAD, "main") is Standing.SETTLED


async def test_what_was_told_of_and_ended_without_a_review_is_owed_one(mailbox: Mailbox, clock: MovableClock) -> None:
    await mailbox.put(call(ONE))
    await finished(mailbox, clock)
    assert await mailbox.standing(CHANGE, HEAD, "main") is Standing.OWED
    assert await mailbox.standing(CHANGE, "d" * 40, "main") is Standing.UNHEARD


async def test_work_that_is_parked_waits_for_a_person(mailbox: Mailbox, clock: MovableClock) -> None:
    await mailbox.put(call(ONE))
    clock.ahead += 20
    claimed = await mailbox.claim("test")
    assert claimed is not None
    await mailbox.park(claimed, "It fails.")
    assert await mailbox.standing(CHANGE, HEAD, "main") is Standing.SETTLED


async def test_a_command_is_awaited_until_it_is_done(mailbox: Mailbox) -> None:
    assert not await mailbox.awaits(CHANGE, 41)
    await mailbox.put(call(None, command=Command("help", 41, "mona", 3)))
    assert await mailbox.awaits(CHANGE, 41)
    assert not await mailbox.awaits(CHANGE, 42)
    claimed = await mailbox.claim("test")
    assert claimed is not None
    await mailbox.finish(claimed)
    assert not await mailbox.awaits(CHANGE, 41)


def downgraded(connection: Connection) -> None:
    """Bring a database back to what it was before, without what we did not have then."""
    connection.execute(text("DROP TABLE callers"))
    connection.execute(text("DROP INDEX reviews_of_pull_request"))
    connection.execute(text("ALTER TABLE reviews DROP COLUMN base_branch"))
    config = Config()
    config.set_main_option("script_location", str(ROOT / "bot" / "migrations"))
    config.attributes["connection"] = connection
    alembic.stamp(config, "0001")


async def test_projects_known_before_there_was_a_list_are_in_it(database_url: str, clock: MovableClock) -> None:
    async with await Mailbox.open(database_url, clock=clock) as mailbox:
        await mailbox.put(call(ONE))
        waiting = Job(PullRequestKey("gitlab", HOST, "6", 1), HOST, HEAD)
        github = Job(PullRequestKey("github", "api.github.com", "octo/site", 1), "7", HEAD)
        clock.ahead = 5
        claimed = await mailbox.claim("test")
        assert claimed is not None
        await mailbox.finish(claimed)
        for job in (waiting, github):
            await mailbox.put(Delivery(f"before-{job.key}", job.key.forge, "opened", job))
    database = await Database.open(database_url)
    async with database.write() as connection:
        await connection.run_sync(downgraded)
    await database.close()
    async with await Mailbox.open(database_url, clock=clock) as mailbox:
        one, two = await listed(mailbox)
        assert (one.key, two.key) == (ONE, TWO)
        assert 0 < one.asked_at - one.looked_until < 60
        assert two.looked_until == 0
        assert await mailbox.callers("github", "api.github.com", 9) == ()
