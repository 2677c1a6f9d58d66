"""What people answer (acknowledgements, silences), the hours beside an event, and ways to find deliveries told together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make three tables and two indexes."""
    op.create_table(
        "event_hours",
        sa.Column("event_hash", sa.Text, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "acknowledgements",
        sa.Column("alert_id", sa.Text, primary_key=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
    )
    op.create_table(
        "silences",
        sa.Column("silence_id", sa.Text, primary_key=True),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("alert_id", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("ends_at_us", sa.BigInteger),
        sa.Column("until_stories", sa.BigInteger),
        sa.Column("articles", sa.Text, nullable=False),
        sa.Column("lifted_at_us", sa.BigInteger),
        sa.Column("lifted_by", sa.Text, nullable=False),
    )
    op.create_index("deliveries_message_id", "deliveries", ["message_id"])
    op.create_index("deliveries_receiver_created_at_us", "deliveries", ["receiver", "created_at_us"])
