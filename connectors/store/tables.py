"""The tables, as they are now; ``migrations/`` holds the way here and a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from connectors.store.columns import FreeText, UtcMicroseconds, words
from schemas.reasons import DeliveryStatus, FeedState, Judgement
from schemas.standing import StandingKind

#: The newest migration; it is read at each start without importing Alembic.
SCHEMA_VERSION = "0008"

#: Where the database says which migration it has had.
VERSION_TABLE = "schema_version"

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

# SQLite numbers rows by itself only where the type is INTEGER, which there has 64 bits anyway.
_ROW_ID = BigInteger().with_variant(Integer, "sqlite")

store_identity = Table(
    "store_identity",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("store_id", Text, nullable=False),
)

decider_head = Table(
    "decider_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1: there is one
    Column("log_id", Text, nullable=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("engine_version", Text, nullable=False),
    Column("snapshot_hash", Text, nullable=False),
    Column("snapshot_offset", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),  # also the position of the last event
)

chain_heads = Table(
    "chain_heads",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 … over all rules
    Column("rule", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("alert_id", Text, nullable=False, index=True),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the canonical JSON that was hashed, byte for byte
    # Provenance: beside the event, never part of its hash.
    Column("log_offset", BigInteger, nullable=False, index=True),
    Column("host", Text, nullable=False),
    Column("recorded_at_us", UtcMicroseconds, nullable=False),
    UniqueConstraint("rule", "seq"),
)

# What stands after the events, beside them: it can be made anew from them. Numbers are positions.
standings = Table(
    "standings",
    metadata,
    Column("kind", words(StandingKind), primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("first", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("latest", BigInteger, nullable=False),
    Column("newest", BigInteger, nullable=False),
    Column("open", Boolean, nullable=False),
)
# Alerts that ended stay for ever; what is open is asked for.
_stands = standings.c.open.is_(True)
Index("standings_open", standings.c.rule, sqlite_where=_stands, postgresql_where=_stands)
Index("standings_subject", standings.c.subject)

standings_read = Table(
    "standings_read",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("position", BigInteger, nullable=False),  # of the last event that the standings were told
)

evidence = Table(
    "evidence",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("article_id", Text, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("position", BigInteger, ForeignKey("events.position"), primary_key=True, autoincrement=False),
)

outbox_cursor = Table(
    "outbox_cursor",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("position", BigInteger, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", _ROW_ID, primary_key=True),
    Column("position", BigInteger, ForeignKey("outbox.position"), nullable=False),
    Column("event_hash", Text, nullable=False),
    Column("alert_id", Text, nullable=False, index=True),
    # What is kept in order: the alert; for an event of a rule, which has no alert, the rule.
    Column("subject", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("status", words(DeliveryStatus), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at_us", UtcMicroseconds, nullable=False),
    Column("reason", FreeText, nullable=False),
    Column("created_at_us", UtcMicroseconds, nullable=False),
    Column("ended_at_us", UtcMicroseconds),  # open while NULL
    Column("lease_owner", Text),
    Column("lease_until_us", UtcMicroseconds),
    UniqueConstraint("position", "receiver"),
)
# Ended deliveries pile up for ever; what claiming looks at stays as small as what is open.
_open = deliveries.c.ended_at_us.is_(None)
Index(
    "deliveries_open",
    deliveries.c.subject,
    deliveries.c.receiver,
    deliveries.c.seq,
    sqlite_where=_open,
    postgresql_where=_open,
)
Index("deliveries_message_id", deliveries.c.message_id)
Index("deliveries_receiver_created_at_us", deliveries.c.receiver, deliveries.c.created_at_us)
Index("deliveries_due", deliveries.c.next_attempt_at_us, sqlite_where=_open, postgresql_where=_open)

attempts = Table(
    "attempts",
    metadata,
    Column("attempt_id", _ROW_ID, primary_key=True),
    Column("delivery_id", BigInteger, ForeignKey("deliveries.delivery_id"), nullable=False, index=True),
    Column("at_us", UtcMicroseconds, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", FreeText, nullable=False),
)

# The hours of a key when an event was decided: for charts, in no hash.
event_hours = Table(
    "event_hours",
    metadata,
    Column("event_hash", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("alert_id", Text, primary_key=True),
    Column("at_us", UtcMicroseconds, nullable=False),
    Column("author", FreeText, nullable=False),
    Column("comment", FreeText, nullable=False),
)

silences = Table(
    "silences",
    metadata,
    Column("silence_id", Text, primary_key=True),
    Column("created_at_us", UtcMicroseconds, nullable=False),
    Column("author", FreeText, nullable=False),
    Column("comment", FreeText, nullable=False),
    Column("alert_id", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("ends_at_us", UtcMicroseconds),
    Column("until_stories", BigInteger),
    Column("articles", Text, nullable=False),  # a JSON list of article ids
    Column("lifted_at_us", UtcMicroseconds),
    Column("lifted_by", FreeText, nullable=False),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("alert_id", Text, primary_key=True),
    Column("at_us", UtcMicroseconds, primary_key=True),
    Column("author", FreeText, nullable=False),
    Column("judgement", words(Judgement), nullable=False),
    Column("note", FreeText, nullable=False),
)

feeds = Table(
    "feeds",
    metadata,
    Column("feed_id", Text, primary_key=True),
    Column("url", FreeText, nullable=False),
    Column("state", words(FeedState), nullable=False),
    Column("state_reason", FreeText, nullable=False),
    Column("cursor", FreeText, nullable=False),
    Column("next_poll_at_us", UtcMicroseconds),
    Column("last_success_at_us", UtcMicroseconds),
    Column("last_error", FreeText, nullable=False),
    Column("consecutive_failures", Integer, nullable=False),
    Column("items_seen", BigInteger, nullable=False),
)

# What moves in a feed when a poll finds nothing new, beside the feed: its own row holds the cursor, which is large, and a
# database writes a row anew as a whole. In the order of its key, so that one step finds and changes it.
feed_times = Table(
    "feed_times",
    metadata,
    Column("feed_id", Text, primary_key=True),
    Column("next_poll_at_us", UtcMicroseconds),
    Column("last_success_at_us", UtcMicroseconds),
    sqlite_with_rowid=False,
)

# Who polls, with what each holds: a name is held for as long as its poller is in the table.
pollers = Table(
    "pollers",
    metadata,
    Column("poller", Text, primary_key=True),
    Column("instance", Text, nullable=False),
    Column("until_us", UtcMicroseconds, nullable=False),
    Column("settled_until_us", UtcMicroseconds, nullable=False),
    Column("feeds_hash", Text, nullable=False),
)

poll_names = Table(
    "poll_names",
    metadata,
    Column("name", Text, primary_key=True),
    Column("poller", Text, nullable=False),
)

# What was polled, until coverage tells it.
poll_reports = Table(
    "poll_reports",
    metadata,
    Column("report_id", _ROW_ID, primary_key=True),
    Column("body", Text, nullable=False),
)

poll_told = Table(
    "poll_told",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("until_us", UtcMicroseconds, nullable=False),
)

# New articles that several pollers may meet at once: whose they are, for a day.
article_claims = Table(
    "article_claims",
    metadata,
    Column("name", Text, primary_key=True),
    Column("feed_id", Text, nullable=False),
    Column("body", FreeText, nullable=False),
    Column("at_us", UtcMicroseconds, nullable=False, index=True),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("job", Text, primary_key=True),
    Column("at_us", UtcMicroseconds, nullable=False),
    Column("detail", FreeText, nullable=False),
)

rule_sets = Table(
    "rule_sets",
    metadata,
    Column("rule_set_id", _ROW_ID, primary_key=True),
    Column("rules_hash", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("compiled", Text, nullable=False),
    Column("activated_at_us", UtcMicroseconds, nullable=False),
    Column("author", FreeText, nullable=False),
    Column("comment", FreeText, nullable=False),
    Column("log_offset", BigInteger, nullable=False),
    Column("deferred", Boolean, nullable=False, server_default=false()),
    Column("ready_offset", BigInteger),
    Column("ready_at_us", UtcMicroseconds),
    UniqueConstraint("rules_hash", "log_offset"),
)
