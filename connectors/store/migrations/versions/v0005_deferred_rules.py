"""Rule sets may wait for their new rules to be warmed before they take force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add whether a rule set was deferred, and when it took force then; those there are took force at once."""
    op.add_column("rule_sets", sa.Column("deferred", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("rule_sets", sa.Column("ready_offset", sa.BigInteger))
    op.add_column("rule_sets", sa.Column("ready_at_us", sa.BigInteger))
