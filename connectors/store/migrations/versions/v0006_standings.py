"""What stands after the events of the ledger is kept beside them; whoever migrates tells it the events there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, empty, and where it says how many events it was told: none.

    Neither waits for those who write events: no key of theirs is referred to.
    """
    op.create_table(
        "standings",
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("latest", sa.BigInteger, nullable=False),
        sa.Column("newest", sa.BigInteger, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("kind", "rule", "subject", name="standings_pkey"),
    )
    stands = sa.column("open", sa.Boolean).is_(True)
    op.create_index("standings_open", "standings", ["rule"], sqlite_where=stands, postgresql_where=stands)
    op.create_index("standings_subject", "standings", ["subject"])
    read = op.create_table(
        "standings_read",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="standings_read_pkey"),
    )
    op.bulk_insert(read, [{"id": 1, "position": 0}])
