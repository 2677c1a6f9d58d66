"""Pollers that may meet the same new article claim it: who is first says what it is known by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, empty. It waits for nobody; a poller of before goes on without claiming."""
    op.create_table(
        "article_claims",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("feed_id", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="article_claims_pkey"),
    )
    op.create_index("article_claims_at_us", "article_claims", ["at_us"])
