"""The mailbox, its deliveries and commands, fairness between installations, and the history of reviews."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the first tables."""
    _create_deliveries()
    _create_mailbox()
    _index_mailbox()
    _create_commands()
    _create_reviews()
    op.create_table(
        "tenants",
        sa.Column("tenant", sa.Text(), primary_key=True),
        sa.Column("served_at", sa.Double(), nullable=False),
        sa.Column("held_until", sa.Double(), nullable=False),
    )
    op.create_table(
        "state",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("forge", sa.Text(), primary_key=True),
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("pull_request", sa.Text(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
    )
    op.create_index("deliveries_of_pull_request", "deliveries", ["pull_request", "outcome"])
    op.create_index("deliveries_by_age", "deliveries", ["received_at"])


def _create_mailbox() -> None:
    op.create_table(
        "mailbox",
        sa.Column("pull_request", sa.Text(), primary_key=True),
        sa.Column("forge", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("installation", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("hop", sa.Text(), nullable=False),
        sa.Column("want", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("review", sa.BigInteger(), nullable=False),
        sa.Column("first_wanted_at", sa.Double()),
        sa.Column("run_after", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("outages", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("claimed", sa.BigInteger()),
        sa.Column("lease_until", sa.Double()),
        sa.Column("parked_at", sa.Double()),
        sa.Column("error", sa.Text()),
    )


def _index_mailbox() -> None:
    unfinished = sa.text("want > done AND parked_at IS NULL")
    in_flight = sa.text("owner IS NOT NULL")
    op.create_index(
        "mailbox_unfinished",
        "mailbox",
        ["tenant", "run_after"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    op.create_index("mailbox_in_flight", "mailbox", ["tenant"], sqlite_where=in_flight, postgresql_where=in_flight)


def _create_commands() -> None:
    op.create_table(
        "commands",
        sa.Column("id", _number, primary_key=True, autoincrement=True),
        sa.Column("pull_request", sa.Text(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("comment_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("hop", sa.Text(), nullable=False),
    )
    op.create_index("commands_of_pull_request", "commands", ["pull_request", "id"])


def _create_reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", _number, primary_key=True, autoincrement=True),
        sa.Column("forge", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("posted", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("latency", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.Double(), nullable=False),
    )
    op.create_index("reviews_by_age", "reviews", ["finished_at"])
