"""The times of a feed's polls lie beside the feed, so that a poll that finds nothing new writes no cursor."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, empty: until a feed is polled again, its own row says its times.

    It waits for nobody who writes feeds, and what a program of before goes on writing stays the truth of those feeds.
    """
    op.create_table(
        "feed_times",
        sa.Column("feed_id", sa.Text, nullable=False),
        sa.Column("next_poll_at_us", sa.BigInteger),
        sa.Column("last_success_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("feed_id", name="feed_times_pkey"),
        sqlite_with_rowid=False,
    )
