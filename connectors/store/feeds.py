"""Feed cursors and what a person reads of a feed, one row each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, select

from connectors.store.database import Database
from connectors.store.tables import feeds
from connectors.store.upsert import insert_or_replace
from schemas.ports.store import FeedRow

_MOMENTS = ("next_poll_at", "last_success_at")
#: Feeds asked for by id in one statement; SQLite takes no more than 32,766 values.
_AT_ONCE = 5_000
_PLAIN = tuple(name for name in FeedRow.model_fields if name not in _MOMENTS)


class Feeds:
    """Implements :class:`schemas.ports.store.FeedStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def feed_rows(self, feed_ids: Collection[str] | None = None, *, with_cursors: bool = True) -> Mapping[str, FeedRow]:
        """Return feeds by id: those of ``feed_ids``, else all."""
        columns = [column for column in feeds.c if with_cursors or column.name != "cursor"]
        query = select(*columns).order_by(feeds.c.feed_id)
        names = _PLAIN if with_cursors else tuple(name for name in _PLAIN if name != "cursor")
        with self._database.reading() as connection:
            if feed_ids is None:
                rows = list(connection.execute(query).mappings())
            else:
                asked = sorted(feed_ids)
                some = (asked[at : at + _AT_ONCE] for at in range(0, len(asked), _AT_ONCE))
                rows = [
                    row for ids in some for row in connection.execute(query.where(feeds.c.feed_id.in_(ids))).mappings()
                ]
        return {
            row["feed_id"]: FeedRow(
                **{name: row[name] for name in names}, **{name: row[f"{name}_us"] for name in _MOMENTS}
            )
            for row in rows
        }

    def save_feeds(self, rows: Sequence[FeedRow]) -> None:
        """Insert or replace ``rows`` in one transaction."""
        with self._database.writing() as connection:
            write_rows(connection, rows)


def write_rows(connection: Connection, rows: Sequence[FeedRow]) -> None:
    """Insert or replace ``rows`` within the transaction of ``connection``."""
    by_id = {row.feed_id: row for row in rows}
    values = [
        {
            **{name: getattr(row, name) for name in _PLAIN},
            **{f"{name}_us": getattr(row, name) for name in _MOMENTS},
        }
        # In one order, so that two pollers that share feeds never wait for each other in a ring.
        for row in sorted(by_id.values(), key=lambda row: row.feed_id)
    ]
    insert_or_replace(connection, feeds, values)
