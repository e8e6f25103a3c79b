"""Stores deliveries: one transaction each, after which the webhook may be answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, insert, literal, select, update

from bot.mailbox import callers
from bot.mailbox.keys import tenant_of
from bot.mailbox.records import Receipt
from bot.mailbox.schema import commands, deliveries, mailbox, tenants

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.jobs import Delivery, Job
    from bot.mailbox.database import Database


class Coalescing(NamedTuple):
    """How long a push waits for the next one.

    Attributes:
        delay: Seconds after the newest push. A person waits for the first comment, so it is short.
        longest: Seconds after the first push, at most.
    """

    delay: float = 1.0
    longest: float = 15.0


async def put(database: Database, delivery: Delivery, coalescing: Coalescing) -> Receipt:
    """Store a delivery and the work it asks for. See `Mailbox.put`."""
    if (job := delivery.job) is None:
        await callers.overhear(database, delivery.caller)
        return Receipt.IGNORED
    async with database.write() as connection:
        now = await database.clock.now(connection)
        await callers.hear(database, connection, delivery.caller, now)
        known = await _remember(database, connection, delivery, now)
        if known == "done":
            return Receipt.DUPLICATE
        if known == "waiting":
            return Receipt.COALESCED
        tenant = {"tenant": tenant_of(job), "served_at": 0.0, "held_until": 0.0}
        await connection.execute(database.insert(tenants).values(tenant).on_conflict_do_nothing())
        generation, joined = await _want(database, connection, job, now, coalescing)
        await connection.execute(
            update(deliveries)
            .where(deliveries.c.forge == delivery.forge, deliveries.c.id == delivery.id)
            .values(generation=generation, outcome="waiting")
        )
        # The command of a parked delivery is still there: parking keeps it.
        if job.command is not None and known is None:
            await connection.execute(insert(commands).values(_command_row(job, generation)))
        await database.notify(connection)
        return Receipt.COALESCED if joined and known is None else Receipt.STORED


async def _remember(database: Database, connection: AsyncConnection, delivery: Delivery, now: float) -> str | None:
    """Note the delivery's id; return the outcome of the same delivery when it came before."""
    assert delivery.job is not None
    row = {
        "forge": delivery.forge,
        "id": delivery.id,
        "event": delivery.event,
        "pull_request": str(delivery.job.key),
        "generation": 0,
        "received_at": now,
        "outcome": "waiting",
    }
    fresh = await connection.execute(
        database.insert(deliveries).values(row).on_conflict_do_nothing().returning(deliveries.c.id)
    )
    if fresh.first() is not None:
        return None
    same = and_(deliveries.c.forge == delivery.forge, deliveries.c.id == delivery.id)
    return str((await connection.execute(select(deliveries.c.outcome).where(same))).scalar_one())


async def _want(
    database: Database, connection: AsyncConnection, job: Job, now: float, coalescing: Coalescing
) -> tuple[int, bool]:
    """Add one to what is wanted; return the new count and whether unclaimed work was waiting already."""
    statement = database.insert(mailbox).values(_row(job, now, coalescing))
    result = await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[mailbox.c.pull_request], set_=_changes(job, now, coalescing)
        ).returning(mailbox.c.want, mailbox.c.done, mailbox.c.claimed)
    )
    row = result.one()
    return row.want, row.want - 1 > (row.claimed or row.done)


def _row(job: Job, now: float, coalescing: Coalescing) -> dict[str, Any]:
    """Return the row of a pull request seen for the first time."""
    return {
        "pull_request": str(job.key),
        "forge": job.key.forge,
        "instance": job.key.instance,
        "repository": job.key.repository,
        "number": job.key.number,
        "tenant": tenant_of(job),
        "installation": job.installation,
        "head": job.head,
        "base": job.base,
        "repository_id": job.repository_id,
        "hop": job.hop,
        "want": 1,
        "done": 0,
        "review": 0 if job.command else 1,
        "first_wanted_at": now,
        "run_after": now if job.command else now + coalescing.delay,
        "attempts": 0,
        "outages": 0,
    }


def _changes(job: Job, now: float, coalescing: Coalescing) -> dict[str, Any]:
    """Return what a further delivery changes in a row: newer hints, and a fresh start after faults."""
    changes: dict[str, Any] = {
        "tenant": tenant_of(job),
        "installation": job.installation,
        "want": mailbox.c.want + 1,
        "first_wanted_at": func.coalesce(mailbox.c.first_wanted_at, now),
        "run_after": now if job.command else _settled(now, coalescing),
        "attempts": 0,
        "outages": 0,
        "parked_at": None,
        "error": None,
        "hop": job.hop,
    }
    hints = {"head": job.head, "base": job.base, "repository_id": job.repository_id}
    changes.update({name: hint for name, hint in hints.items() if hint})
    if job.command is None:
        changes["review"] = mailbox.c.want + 1
    return changes


def _settled(now: float, coalescing: Coalescing) -> ColumnElement[float]:
    """Return when a burst is over: a moment after this push, but not too long after the first."""
    latest = func.coalesce(mailbox.c.first_wanted_at, now) + coalescing.longest
    soon = literal(now + coalescing.delay)
    return case((latest < soon, latest), else_=soon)


def _command_row(job: Job, generation: int) -> dict[str, Any]:
    command = job.command
    assert command is not None
    return {
        "pull_request": str(job.key),
        "generation": generation,
        "name": command.name,
        "comment_id": command.comment_id,
        "thread_id": command.thread_id,
        "author": command.author,
        "author_id": command.author_id,
        "reason": command.reason,
        "hop": job.hop,
    }
