"""The base branch that a review was made against, so that a new one is noticed where no call told of it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and an index by which the newest review of a pull request is found."""
    op.add_column("reviews", sa.Column("base_branch", sa.Text(), nullable=False, server_default=""))
    op.create_index("reviews_of_pull_request", "reviews", ["repository", "number", "id"])
