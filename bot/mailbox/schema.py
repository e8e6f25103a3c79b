"""The tables. Times are seconds since 1970, by the database's clock on PostgreSQL.

`mailbox` holds one row for each pull request. `want` counts what was asked, `done` what is finished; between them is
work. `bot/migrations` creates these tables; a test proves that the two agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import JSON, BigInteger, Column, Double, Index, Integer, MetaData, Table, Text, and_

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

metadata = MetaData()

_Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only in a column named INTEGER

deliveries = Table(
    "deliveries",
    metadata,
    Column("forge", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("event", Text, nullable=False),
    Column("pull_request", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("received_at", Double, nullable=False),
    Column("outcome", Text, nullable=False),  # waiting, done, parked
    Index("deliveries_of_pull_request", "pull_request", "outcome"),
    Index("deliveries_by_age", "received_at"),
)

mailbox = Table(
    "mailbox",
    metadata,
    Column("pull_request", Text, primary_key=True),
    Column("forge", Text, nullable=False),
    Column("instance", Text, nullable=False),
    Column("repository", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("installation", Text, nullable=False),
    Column("head", Text, nullable=False),
    Column("base", Text, nullable=False),
    Column("repository_id", BigInteger, nullable=False),
    Column("hop", Text, nullable=False),
    Column("want", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("review", BigInteger, nullable=False),  # newest generation that asks for a review
    Column("first_wanted_at", Double),  # since when unclaimed work waits; null when there is none
    Column("run_after", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("outages", Integer, nullable=False),
    Column("owner", Text),
    Column("claimed", BigInteger),
    Column("lease_until", Double),
    Column("parked_at", Double),
    Column("error", Text),
)
unfinished = and_(mailbox.c.want > mailbox.c.done, mailbox.c.parked_at.is_(None))
Index(
    "mailbox_unfinished",
    mailbox.c.tenant,
    mailbox.c.run_after,
    sqlite_where=unfinished,
    postgresql_where=unfinished,
)
Index(
    "mailbox_in_flight",
    mailbox.c.tenant,
    sqlite_where=mailbox.c.owner.is_not(None),
    postgresql_where=mailbox.c.owner.is_not(None),
)


def under_lease(now: float) -> ColumnElement[bool]:
    """Tell of a row of `mailbox` whether a worker holds it."""
    return and_(mailbox.c.owner.is_not(None), mailbox.c.lease_until > now)


commands = Table(
    "commands",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("pull_request", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("comment_id", BigInteger, nullable=False),
    Column("thread_id", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("author_id", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("hop", Text, nullable=False),
    Index("commands_of_pull_request", "pull_request", "id"),
)

tenants = Table(
    "tenants",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("served_at", Double, nullable=False),
    Column("held_until", Double, nullable=False),
)

reviews = Table(
    "reviews",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("forge", Text, nullable=False),
    Column("instance", Text, nullable=False),
    Column("repository", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("head", Text, nullable=False),
    Column("conclusion", Text, nullable=False),
    Column("counts", JSON, nullable=False),
    Column("posted", Integer, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("latency", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("finished_at", Double, nullable=False),
    Column("base_branch", Text, nullable=False, server_default=""),  # empty before it was kept
    Index("reviews_by_age", "finished_at"),
    Index("reviews_of_pull_request", "repository", "number", "id"),
)

callers = Table(
    "callers",
    metadata,
    Column("forge", Text, primary_key=True),
    Column("instance", Text, primary_key=True),
    Column("repository", Text, primary_key=True),
    Column("heard_at", Double, nullable=False),
    Column("looked_at", Double, nullable=False),
    Column("looked_until", Double, nullable=False),
    Column("resume_at", Double, nullable=False),  # how far a look came that was broken off; 0 after one that was not
    Column("unheard", Integer, nullable=False),  # looks that found something missed since it was last heard
)

state = Table(
    "state",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
