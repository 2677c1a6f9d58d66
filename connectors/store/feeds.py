"""Feed cursors and what a person reads of a feed, one row each; beside it the times of its polls, which move far more often.

A row of ``feeds`` has the times as of when it was written as a whole, one of ``feed_times`` those of the last poll. Only
where a program from before that table has polled a feed since does its row know of a later success, and holds then.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from operator import itemgetter

from sqlalchemy import Connection, RowMapping, select

from connectors.store.database import Database
from connectors.store.tables import feed_times, feeds
from connectors.store.upsert import insert_or_replace
from schemas.ids import EPOCH
from schemas.ports.pollers import FeedTimes
from schemas.ports.store import FeedRow

_MICROSECOND = timedelta(microseconds=1)
_MOMENTS = ("next_poll_at", "last_success_at")
#: Feeds asked for by id in one statement; SQLite takes no more than 32,766 values.
_AT_ONCE = 5_000
_PLAIN = tuple(name for name in FeedRow.model_fields if name not in _MOMENTS)
_TIMES = (
    feed_times.c.feed_id.label("moved"),
    feed_times.c.next_poll_at_us.label("moved_next_poll_at_us"),
    feed_times.c.last_success_at_us.label("moved_last_success_at_us"),
)
#: As the driver takes it: a thousand feeds with nothing new cost a thousand steps of the database and little more.
_MOVE = (
    "INSERT INTO feed_times (feed_id, next_poll_at_us, last_success_at_us) VALUES ({0}, {0}, {0}) ON CONFLICT (feed_id)"
    " DO UPDATE SET next_poll_at_us = excluded.next_poll_at_us, last_success_at_us = excluded.last_success_at_us"
)


class Feeds:
    """Implements :class:`schemas.ports.store.FeedStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def feed_rows(self, feed_ids: Collection[str] | None = None, *, with_cursors: bool = True) -> Mapping[str, FeedRow]:
        """Return feeds by id: those of ``feed_ids``, else all."""
        names = _PLAIN if with_cursors else tuple(name for name in _PLAIN if name != "cursor")
        columns = [feeds.c[name] for name in names] + [feeds.c[f"{name}_us"] for name in _MOMENTS]
        joined = feeds.outerjoin(feed_times, feed_times.c.feed_id == feeds.c.feed_id)
        query = select(*columns, *_TIMES).select_from(joined).order_by(feeds.c.feed_id)
        with self._database.reading() as connection:
            if feed_ids is None:
                rows = list(connection.execute(query).mappings())
            else:
                asked = sorted(feed_ids)
                some = (asked[at : at + _AT_ONCE] for at in range(0, len(asked), _AT_ONCE))
                rows = [
                    row for ids in some for row in connection.execute(query.where(feeds.c.feed_id.in_(ids))).mappings()
                ]
        return {row["feed_id"]: _feed_row(row, names) for row in rows}

    def save_feeds(self, rows: Sequence[FeedRow]) -> None:
        """Insert or replace ``rows`` in one transaction."""
        with self._database.writing() as connection:
            write_rows(connection, rows)


def write_rows(connection: Connection, rows: Sequence[FeedRow]) -> None:
    """Insert or replace ``rows`` within the transaction of ``connection``."""
    by_id = {row.feed_id: row for row in rows}
    # In one order, so that two pollers that share feeds never wait for each other in a ring.
    last = sorted(by_id.values(), key=lambda row: row.feed_id)
    values = [
        {
            **{name: getattr(row, name) for name in _PLAIN},
            **{f"{name}_us": getattr(row, name) for name in _MOMENTS},
        }
        for row in last
    ]
    insert_or_replace(connection, feeds, values)
    move_times(connection, [FeedTimes(row.feed_id, row.next_poll_at, row.last_success_at) for row in last])


def move_times(connection: Connection, times: Sequence[FeedTimes]) -> None:
    """Keep ``times`` within the transaction of ``connection``; those of feeds that have no row are never seen."""
    if times:
        move = _MOVE.format("?" if connection.dialect.name == "sqlite" else "%s")
        connection.exec_driver_sql(move, [_moved(one) for one in sorted(times, key=itemgetter(0))])


def _feed_row(row: RowMapping, names: Sequence[str]) -> FeedRow:
    succeeded, moved = row["last_success_at_us"], row["moved_last_success_at_us"]
    by_row = row["moved"] is None or (succeeded is not None and (moved is None or succeeded > moved))
    times = {name: row[f"{name}_us" if by_row else f"moved_{name}_us"] for name in _MOMENTS}
    return FeedRow(**{name: row[name] for name in names}, **times)


def _moved(times: FeedTimes) -> tuple[str, int | None, int | None]:
    return times.feed_id, _microseconds(times.next_poll_at), _microseconds(times.last_success_at)


def _microseconds(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - EPOCH) // _MICROSECOND
