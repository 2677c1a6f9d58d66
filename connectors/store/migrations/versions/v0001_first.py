"""The first tables: ledger, outbox, deliveries, feeds, signs of life, rule sets; and the identity of the store."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out rather than imported: what a step once made must not change with the program.
_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORD = sa.String(32)


def upgrade() -> None:
    """Make all tables and the rows of which there is one."""
    _ledger()
    _outbox()
    _deliveries()
    _others()
    identity = op.create_table(
        "store_identity",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("store_id", sa.Text, nullable=False),
    )
    op.bulk_insert(identity, [{"id": 1, "store_id": uuid.uuid4().hex}])


def _ledger() -> None:
    op.create_table(
        "decider_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("log_id", sa.Text, nullable=False),
        sa.Column("next_offset", sa.BigInteger, nullable=False),
        sa.Column("engine_version", sa.Text, nullable=False),
        sa.Column("snapshot_hash", sa.Text, nullable=False),
        sa.Column("snapshot_offset", sa.BigInteger, nullable=False),
        sa.Column("events", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "chain_heads",
        sa.Column("rule", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("alert_id", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("log_offset", sa.BigInteger, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("recorded_at_us", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("rule", "seq", name="events_rule_key"),
    )
    op.create_index("events_alert_id", "events", ["alert_id"])
    op.create_index("events_log_offset", "events", ["log_offset"])
    op.create_table(
        "evidence",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("article_id", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("evidence_article_id", "evidence", ["article_id"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column(
            "position",
            sa.BigInteger,
            sa.ForeignKey("events.position", name="outbox_position_fkey"),
            primary_key=True,
            autoincrement=False,
        ),
    )
    cursor = op.create_table(
        "outbox_cursor",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(cursor, [{"id": 1, "position": 0}])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("delivery_id", _ROW_ID, primary_key=True),
        sa.Column(
            "position", sa.BigInteger, sa.ForeignKey("outbox.position", name="deliveries_position_fkey"), nullable=False
        ),
        sa.Column("event_hash", sa.Text, nullable=False),
        sa.Column("alert_id", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("receiver", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("status", _WORD, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at_us", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.Column("ended_at_us", sa.BigInteger),
        sa.Column("lease_owner", sa.Text),
        sa.Column("lease_until_us", sa.BigInteger),
        sa.UniqueConstraint("position", "receiver", name="deliveries_position_key"),
    )
    still_open = sa.text("ended_at_us IS NULL")
    op.create_index("deliveries_alert_id", "deliveries", ["alert_id"])
    op.create_index(
        "deliveries_open",
        "deliveries",
        ["subject", "receiver", "seq"],
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_index(
        "deliveries_due", "deliveries", ["next_attempt_at_us"], sqlite_where=still_open, postgresql_where=still_open
    )
    op.create_table(
        "attempts",
        sa.Column("attempt_id", _ROW_ID, primary_key=True),
        sa.Column(
            "delivery_id",
            sa.BigInteger,
            sa.ForeignKey("deliveries.delivery_id", name="attempts_delivery_id_fkey"),
            nullable=False,
        ),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("attempts_delivery_id", "attempts", ["delivery_id"])


def _others() -> None:
    op.create_table(
        "feeds",
        sa.Column("feed_id", sa.Text, primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("state_reason", sa.Text, nullable=False),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.Column("next_poll_at_us", sa.BigInteger),
        sa.Column("last_success_at_us", sa.BigInteger),
        sa.Column("last_error", sa.Text, nullable=False),
        sa.Column("consecutive_failures", sa.Integer, nullable=False),
        sa.Column("items_seen", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "heartbeats",
        sa.Column("job", sa.Text, primary_key=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_table(
        "rule_sets",
        sa.Column("rule_set_id", _ROW_ID, primary_key=True),
        sa.Column("rules_hash", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("compiled", sa.Text, nullable=False),
        sa.Column("activated_at_us", sa.BigInteger, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("log_offset", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("rules_hash", "log_offset", name="rule_sets_rules_hash_key"),
    )
