"""Claims work under a lease and gives it back: finished, to be tried again, parked or untouched."""

from __future__ import annotations

import uuid
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import CursorResult, and_, case, delete, exists, func, insert, select, update

from bot.mailbox.faults import LeaseLost
from bot.mailbox.keys import command_of, job_of, tenant_of
from bot.mailbox.records import Claimed, ReviewRecord
from bot.mailbox.schema import commands, deliveries, mailbox, reviews, tenants, under_lease, unfinished

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Row, Select, Update
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.mailbox.database import Database
    from bot.mailbox.records import Blame

MAX_COMMANDS = 50
"""Commands handed out at once; the rest follows in the next claim."""


class Nothing(Enum):
    """Why a claim came back empty."""

    IDLE = "no work may begin now"
    CONTENDED = "another worker was quicker; look again"


class LeaseTerms(NamedTuple):
    """Under which terms work is claimed.

    Attributes:
        seconds: Length of a lease without a heartbeat.
        in_flight: Most pull requests of one installation under a lease at the same time, over all workers.
    """

    seconds: float = 60.0
    in_flight: int = 3


_FREE = {"owner": None, "claimed": None, "lease_until": None}


async def claim(database: Database, worker: str, terms: LeaseTerms) -> Claimed | Nothing:
    """Take the next piece of work: the installation served longest ago, and its most overdue pull request."""
    async with database.write() as connection:
        now = await database.clock.now(connection)
        tenant = (await connection.execute(_next_tenant(now, terms))).scalar_one_or_none()
        if tenant is None:
            return Nothing.IDLE
        # Its row is locked now. What the choice was based on may have changed while waiting for the lock.
        flying = (await connection.execute(_in_flight(tenant, now))).scalar_one()
        row = (await connection.execute(_next_row(tenant, now))).first() if flying < terms.in_flight else None
        if row is None:
            return Nothing.CONTENDED
        waiting = await _commands(connection, row)
        generation = waiting[-1].generation if len(waiting) == MAX_COMMANDS else row.want
        owner = f"{worker}/{uuid.uuid4().hex}"
        lease = {"owner": owner, "claimed": generation, "lease_until": now + terms.seconds}
        await connection.execute(
            update(mailbox)
            .where(mailbox.c.pull_request == row.pull_request)
            .values(**lease, attempts=row.attempts + 1, first_wanted_at=None)
        )
        await connection.execute(update(tenants).where(tenants.c.tenant == tenant).values(served_at=now))
        return _claimed(row, waiting, generation, owner)


def _runnable(now: float) -> ColumnElement[bool]:
    return and_(unfinished, mailbox.c.run_after <= now, ~under_lease(now))


def _in_flight(tenant: ColumnElement[str] | str, now: float) -> Select[int]:
    return select(func.count()).select_from(mailbox).where(mailbox.c.tenant == tenant, under_lease(now))


def _next_tenant(now: float, terms: LeaseTerms) -> Select[str]:
    work = exists().where(mailbox.c.tenant == tenants.c.tenant, _runnable(now)).correlate(tenants)
    flying = _in_flight(tenants.c.tenant, now).correlate(tenants).scalar_subquery()
    return (
        select(tenants.c.tenant)
        .where(tenants.c.held_until <= now, work, flying < terms.in_flight)
        .order_by(tenants.c.served_at, tenants.c.tenant)
        .limit(1)
        .with_for_update(of=tenants)
    )


def _next_row(tenant: str, now: float) -> Select[Any]:
    return (
        select(mailbox)
        .where(mailbox.c.tenant == tenant, _runnable(now))
        .order_by(mailbox.c.run_after, mailbox.c.pull_request)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


async def _commands(connection: AsyncConnection, row: Row[Any]) -> list[Row[Any]]:
    found = await connection.execute(
        select(commands).where(commands.c.pull_request == row.pull_request).order_by(commands.c.id).limit(MAX_COMMANDS)
    )
    return list(found.all())


def _claimed(row: Row[Any], waiting: list[Row[Any]], generation: int, owner: str) -> Claimed:
    job = job_of(row)
    return Claimed(
        job=job,
        review=row.done < row.review <= generation,
        commands=tuple(replace(job, command=command_of(each), hop=each.hop) for each in waiting),
        generation=generation,
        owner=owner,
        attempts=row.attempts + 1,
        outages=row.outages,
    )


def _ours(claimed: Claimed) -> ColumnElement[bool]:
    return and_(mailbox.c.pull_request == str(claimed.job.key), mailbox.c.owner == claimed.owner)


async def _give_back(connection: AsyncConnection, statement: Update) -> None:
    """Run an update that ends a claim.

    Raises:
        LeaseLost: Nothing matched, because somebody else holds the row.
    """
    result = await connection.execute(statement)
    assert isinstance(result, CursorResult)
    if result.rowcount != 1:
        raise LeaseLost


async def heartbeat(database: Database, claimed: Claimed, terms: LeaseTerms) -> None:
    """Extend a lease. See `Mailbox.heartbeat`."""
    async with database.write() as connection:
        now = await database.clock.now(connection)
        alive = and_(_ours(claimed), mailbox.c.lease_until > now)
        await _give_back(connection, update(mailbox).where(alive).values(lease_until=now + terms.seconds))


async def check(database: Database, claimed: Claimed) -> None:
    """Return when a lease is alive. See `Mailbox.fence`."""
    async with database.read() as connection:
        now = await database.clock.now(connection)
        alive = select(mailbox.c.owner).where(_ours(claimed), mailbox.c.lease_until > now)
        if (await connection.execute(alive)).first() is None:
            raise LeaseLost


async def finish(database: Database, claimed: Claimed, record: ReviewRecord | None) -> None:
    """Note that everything claimed is done. See `Mailbox.finish`."""
    key = str(claimed.job.key)
    async with database.write() as connection:
        now = await database.clock.now(connection)
        done = update(mailbox).where(_ours(claimed))
        await _give_back(connection, done.values(**_FREE, done=claimed.generation, attempts=0, outages=0, error=None))
        await connection.execute(
            delete(commands).where(commands.c.pull_request == key, commands.c.generation <= claimed.generation)
        )
        covered = and_(
            deliveries.c.pull_request == key,
            deliveries.c.outcome == "waiting",
            deliveries.c.generation <= claimed.generation,
        )
        since = (await connection.execute(select(func.min(deliveries.c.received_at)).where(covered))).scalar()
        await connection.execute(update(deliveries).where(covered).values(outcome="done"))
        if record is not None:
            await connection.execute(insert(reviews).values(_history(claimed, record, now, since)))


def _history(claimed: Claimed, record: ReviewRecord, now: float, since: float | None) -> dict[str, Any]:
    return {
        **claimed.job.key._asdict(),
        "head": record.head,
        "conclusion": record.conclusion,
        "counts": dict(record.counts),
        "posted": record.posted,
        "seconds": record.seconds,
        "base_branch": record.base_branch,
        "latency": now - since if since is not None else 0.0,
        "attempts": claimed.attempts,
        "finished_at": now,
    }


async def retry_later(
    database: Database, claimed: Claimed, seconds: float, reason: str, *, hold_installation: bool, blame: Blame
) -> None:
    """Give work back for later. See `Mailbox.retry_later`."""
    async with database.write() as connection:
        now = await database.clock.now(connection)
        newer = mailbox.c.want > claimed.generation
        await _give_back(
            connection,
            update(mailbox)
            .where(_ours(claimed))
            .values(
                **_FREE,
                # What was asked meanwhile has its own time, and starts afresh.
                run_after=case((newer, mailbox.c.run_after), else_=now + seconds),
                attempts=case((newer, 0), else_=mailbox.c.attempts - (0 if blame == "work" else 1)),
                outages=case((newer, 0), else_=mailbox.c.outages + (1 if blame == "forge" else 0)),
                error=reason,
            ),
        )
        if seconds == 0:
            await database.notify(connection)
        if hold_installation:
            until = now + seconds
            longer = and_(tenants.c.tenant == tenant_of(claimed.job), tenants.c.held_until < until)
            await connection.execute(update(tenants).where(longer).values(held_until=until))


async def park(database: Database, claimed: Claimed, reason: str) -> bool:
    """Put work aside until a person asks again. See `Mailbox.park`."""
    key = str(claimed.job.key)
    async with database.write() as connection:
        now = await database.clock.now(connection)
        newer = mailbox.c.want > claimed.generation
        parked = {"parked_at": case((newer, None), else_=now), "attempts": case((newer, 0), else_=claimed.attempts)}
        statement = update(mailbox).where(_ours(claimed)).values(**_FREE, **parked, error=reason)
        await _give_back(connection, statement)
        aside = select(mailbox.c.parked_at).where(mailbox.c.pull_request == key)
        if (await connection.execute(aside)).scalar_one() is None:
            return False
        waiting = and_(deliveries.c.pull_request == key, deliveries.c.outcome == "waiting")
        await connection.execute(update(deliveries).where(waiting).values(outcome="parked"))
        return True


async def due_in(database: Database) -> float | None:
    """Return the seconds until something becomes runnable that is not yet. See `Mailbox.due_in`."""
    async with database.read() as connection:
        now = await database.clock.now(connection)
        lease = func.coalesce(mailbox.c.lease_until, 0.0)
        later = case((lease > mailbox.c.run_after, lease), else_=mailbox.c.run_after)
        at = case((tenants.c.held_until > later, tenants.c.held_until), else_=later)
        soonest = (
            select(func.min(at))
            .select_from(mailbox.join(tenants, tenants.c.tenant == mailbox.c.tenant))
            .where(unfinished, at > now)
        )
        found = (await connection.execute(soonest)).scalar()
        return None if found is None else float(found) - now
