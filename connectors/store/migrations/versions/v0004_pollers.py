"""Several pollers share the feeds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of pollers, of what they hold, and of what they polled and have not told."""
    op.create_table(
        "pollers",
        sa.Column("poller", sa.Text, nullable=False),
        sa.Column("instance", sa.Text, nullable=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
        sa.Column("settled_until_us", sa.BigInteger, nullable=False),
        sa.Column("feeds_hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("poller", name="pollers_pkey"),
    )
    op.create_table(
        "poll_names",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("poller", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="poll_names_pkey"),
    )
    row_id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "poll_reports",
        sa.Column("report_id", row_id, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("report_id", name="poll_reports_pkey"),
    )
    op.create_table(
        "poll_told",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="poll_told_pkey"),
    )
