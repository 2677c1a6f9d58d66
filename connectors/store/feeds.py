"""Feed cursors and what a person reads of a feed, one row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from connectors.store.database import Database
from connectors.store.tables import feeds
from connectors.store.upsert import insert_or_replace
from schemas.ports.store import FeedRow

_MOMENTS = ("next_poll_at", "last_success_at")
_PLAIN = tuple(name for name in FeedRow.model_fields if name not in _MOMENTS)


class Feeds:
    """Implements :class:`schemas.ports.store.FeedStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def feed_rows(self) -> Mapping[str, FeedRow]:
        """Return all feeds by id."""
        with self._database.reading() as connection:
            rows = connection.execute(select(feeds).order_by(feeds.c.feed_id)).mappings().all()
        return {
            row["feed_id"]: FeedRow(
                **{name: row[name] for name in _PLAIN}, **{name: row[f"{name}_us"] for name in _MOMENTS}
            )
            for row in rows
        }

    def save_feeds(self, rows: Sequence[FeedRow]) -> None:
        """Insert or replace ``rows`` in one transaction."""
        by_id = {row.feed_id: row for row in rows}
        values = [
            {
                **{name: getattr(row, name) for name in _PLAIN},
                **{f"{name}_us": getattr(row, name) for name in _MOMENTS},
            }
            # In one order, so that two pollers that share feeds never wait for each other in a ring.
            for row in sorted(by_id.values(), key=lambda row: row.feed_id)
        ]
        with self._database.writing() as connection:
            insert_or_replace(connection, feeds, values)
