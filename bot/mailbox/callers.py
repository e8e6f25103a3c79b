"""Which repositories' hooks have called us, and how far each was looked at for calls that were missed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, literal, select, update

from bot.jobs import PullRequestKey, RepositoryKey
from bot.mailbox.records import Caller, Standing
from bot.mailbox.schema import callers, commands, mailbox, reviews

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.jobs import ForgeName
    from bot.mailbox.database import Database
    from bot.mailbox.records import Look

MOST_UNHEARD: Final = 2
"""Looks that may find something missed while the hook stays silent."""
NEWS: Final = 600.0
"""Seconds after which a call that asks for nothing is worth being written down."""


async def hear(database: Database, connection: AsyncConnection, key: RepositoryKey | None, now: float) -> None:
    """Note that a repository's hook has called."""
    if key is None:
        return
    row = {**key._asdict(), "heard_at": now, "looked_at": 0.0, "looked_until": now, "resume_at": 0.0, "unheard": 0}
    again = {"heard_at": now, "unheard": 0}
    statement = database.insert(callers).values(row)
    await connection.execute(statement.on_conflict_do_update(index_elements=RepositoryKey._fields, set_=again))


async def overhear(database: Database, key: RepositoryKey | None) -> None:
    """Note that a repository's hook has called about nothing, unless it has called a moment ago."""
    if key is None:
        return
    async with database.read() as connection:
        now = await database.clock.now(connection)
        known = and_(_is(key), callers.c.heard_at > now - NEWS, callers.c.unheard == 0)
        if (await connection.execute(select(callers.c.heard_at).where(known))).first() is not None:
            return
    async with database.write() as connection:
        await hear(database, connection, key, now)


async def listed(database: Database, forge: ForgeName, instance: str, limit: int) -> tuple[Caller, ...]:
    """List them. See `Mailbox.callers`."""
    theirs = and_(callers.c.forge == forge, callers.c.instance == instance, callers.c.unheard < MOST_UNHEARD)
    statement = select(callers).where(theirs).order_by(callers.c.looked_at, callers.c.repository).limit(limit)
    async with database.read() as connection:
        now = await database.clock.now(connection)
        rows = await connection.execute(statement)
        return tuple(
            Caller(RepositoryKey(forge, instance, row.repository), row.looked_until, row.resume_at, now) for row in rows
        )


async def looked(database: Database, key: RepositoryKey, look: Look) -> None:
    """Note a look. See `Mailbox.looked`."""
    async with database.write() as connection:
        now = await database.clock.now(connection)
        unheard = literal(MOST_UNHEARD) if look.gone else callers.c.unheard + int(look.found)
        seen = {"looked_at": now, "looked_until": look.looked_until, "resume_at": look.resume_at, "unheard": unheard}
        await connection.execute(update(callers).where(_is(key)).values(seen))


async def standing(database: Database, key: PullRequestKey, head: str, base_branch: str) -> Standing:
    """Tell how it stands with us. See `Mailbox.standing`."""
    told = select(mailbox.c.want, mailbox.c.done).where(mailbox.c.pull_request == str(key), mailbox.c.head == head)
    same = (reviews.c[name] == value for name, value in key._asdict().items())
    newest = select(reviews.c.head, reviews.c.base_branch).where(*same).order_by(reviews.c.id.desc()).limit(1)
    async with database.read() as connection:
        work = (await connection.execute(told)).first()
        review = (await connection.execute(newest)).first()
    against = review.base_branch if review is not None and review.head == head else None
    if (work is not None and work.want > work.done) or against in {"", base_branch}:
        return Standing.SETTLED
    return Standing.UNHEARD if work is None and against is None else Standing.OWED


async def awaits(database: Database, key: PullRequestKey, comment_id: int) -> bool:
    """Look for a command. See `Mailbox.awaits`."""
    waiting = select(commands.c.id).where(commands.c.pull_request == str(key), commands.c.comment_id == comment_id)
    async with database.read() as connection:
        return (await connection.execute(waiting.limit(1))).first() is not None


def _is(key: RepositoryKey) -> ColumnElement[bool]:
    return and_(*(callers.c[name] == value for name, value in key._asdict().items()))
