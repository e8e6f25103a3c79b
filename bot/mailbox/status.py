"""Reads the mailbox for people: what waits, what failed, what was done; and tidies it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, delete, func, or_, select, update

from bot.mailbox.keys import key_of
from bot.mailbox.records import HistoryEntry, ParkedWork, ReviewRecord, Tally
from bot.mailbox.schema import callers, deliveries, mailbox, reviews, state, tenants, under_lease, unfinished

if TYPE_CHECKING:
    from bot.jobs import PullRequestKey
    from bot.mailbox.database import Database

DAY = 86_400.0


async def tally(database: Database) -> Tally:
    """Count. See `Mailbox.tally`."""
    async with database.read() as connection:
        now = await database.clock.now(connection)
        live = under_lease(now)
        waiting = and_(unfinished, ~func.coalesce(live, False))
        due = func.min(case((waiting, mailbox.c.run_after)))
        counted = select(
            func.count(case((waiting, 1))),
            func.count(case((live, 1))),
            func.count(mailbox.c.parked_at),
            due,
        ).where(or_(unfinished, mailbox.c.parked_at.is_not(None)))
        held = select(func.count()).select_from(tenants).where(tenants.c.held_until > now)
        row = (await connection.execute(counted)).one()
        installations = (await connection.execute(held)).scalar_one()
        return Tally(row[0], row[1], row[2], installations, max(0.0, now - row[3]) if row[3] else 0.0)


async def parked(database: Database) -> tuple[ParkedWork, ...]:
    """List parked work. See `Mailbox.parked`."""
    async with database.read() as connection:
        aside = select(mailbox).where(mailbox.c.parked_at.is_not(None))
        rows = await connection.execute(aside.order_by(mailbox.c.parked_at, mailbox.c.pull_request))
        return tuple(ParkedWork(key_of(row), row.error or "", row.parked_at, row.attempts) for row in rows)


async def retry_parked(database: Database, key: PullRequestKey | None) -> int:
    """Let parked work run again. See `Mailbox.retry_parked`."""
    async with database.write() as connection:
        now = await database.clock.now(connection)
        aside = mailbox.c.parked_at.is_not(None)
        which = aside if key is None else and_(aside, mailbox.c.pull_request == str(key))
        names = (await connection.execute(select(mailbox.c.pull_request).where(which))).scalars().all()
        again = {"parked_at": None, "attempts": 0, "outages": 0, "run_after": now, "error": None}
        await connection.execute(update(mailbox).where(which).values(again))
        theirs = and_(deliveries.c.pull_request.in_(names), deliveries.c.outcome == "parked")
        await connection.execute(update(deliveries).where(theirs).values(outcome="waiting"))
        await database.notify(connection)
        return len(names)


async def history(database: Database, limit: int, key: PullRequestKey | None) -> tuple[HistoryEntry, ...]:
    """List finished reviews. See `Mailbox.history`."""
    statement = select(reviews).order_by(reviews.c.finished_at.desc(), reviews.c.id.desc()).limit(limit)
    if key is not None:
        statement = statement.where(*(reviews.c[name] == value for name, value in key._asdict().items()))
    async with database.read() as connection:
        return tuple(_entry(row) for row in await connection.execute(statement))


def _entry(row: Any) -> HistoryEntry:
    record = ReviewRecord(row.head, row.conclusion, row.counts, row.posted, row.seconds, row.base_branch)
    return HistoryEntry(key_of(row), record, row.finished_at, row.latency, row.attempts)


async def recall(database: Database, name: str) -> str | None:
    """Read a small value. See `Mailbox.recall`."""
    async with database.read() as connection:
        return (await connection.execute(select(state.c.value).where(state.c.name == name))).scalar()


async def remember(database: Database, name: str, value: str) -> None:
    """Write a small value. See `Mailbox.remember`."""
    statement = database.insert(state).values(name=name, value=value)
    async with database.write() as connection:
        await connection.execute(statement.on_conflict_do_update(index_elements=[state.c.name], set_={"value": value}))


async def prune(database: Database, days: float) -> None:
    """Forget what is old. See `Mailbox.prune`."""
    async with database.write() as connection:
        before = await database.clock.now(connection) - days * DAY
        finished = and_(deliveries.c.outcome == "done", deliveries.c.received_at < before)
        await connection.execute(delete(deliveries).where(finished))
        idle = and_(mailbox.c.want == mailbox.c.done, mailbox.c.run_after < before)
        await connection.execute(delete(mailbox).where(idle))
        await connection.execute(delete(reviews).where(reviews.c.finished_at < before))
        await connection.execute(delete(callers).where(callers.c.heard_at < before))
