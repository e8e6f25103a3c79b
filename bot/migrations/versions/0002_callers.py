"""The repositories whose hooks have called us, so that what a silent server missed is looked for there only."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# A merge request that was worked on has been told of by its project's hook. `run_after` of finished work is the moment
# after it was told; of other work it may lie ahead.
_KNOWN = """
INSERT INTO callers (forge, instance, repository, heard_at, looked_at, looked_until, resume_at, unheard)
SELECT forge, instance, repository, max(run_after), 0, coalesce(max(CASE WHEN want = done THEN run_after END), 0), 0, 0
FROM mailbox WHERE forge = 'gitlab' AND review > 0 GROUP BY forge, instance, repository
"""


def upgrade() -> None:
    """Create the table, and fill it with the projects known so far."""
    op.create_table(
        "callers",
        sa.Column("forge", sa.Text(), primary_key=True),
        sa.Column("instance", sa.Text(), primary_key=True),
        sa.Column("repository", sa.Text(), primary_key=True),
        sa.Column("heard_at", sa.Double(), nullable=False),
        sa.Column("looked_at", sa.Double(), nullable=False),
        sa.Column("looked_until", sa.Double(), nullable=False),
        sa.Column("resume_at", sa.Double(), nullable=False),
        sa.Column("unheard", sa.Integer(), nullable=False),
    )
    op.execute(_KNOWN)
