"""The log in one SQLite file: dense offsets, one transaction per group, readers and writers in any number of processes."""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from connectors.log.limits import check_clock, check_entries, check_partition, check_topic_name, clock_ms
from connectors.log.sqlite_file import LogFile, damaged
from connectors.log.sqlite_group import GroupTable, SqliteSubscription
from schemas.clock import Clock
from schemas.errors import FatalError, OffsetOutOfRangeError, UnknownTopicError
from schemas.ports.log import Entry, LogRecord

#: Waiting readers look again after 1 ms, then ever later, but at least this often.
_LONGEST_NAP_S = 0.05
#: Records forgotten in one transaction: writers get their turn in between.
_TRIM_STEP = 1_000


class _Extent(NamedTuple):
    start_offset: int
    end_offset: int
    newest_append_ms: int


class SqliteLog:
    """:class:`~schemas.ports.log.Log` in the file ``path``.

    Appending is refused with ClockRefusedError when ``clock`` is over two minutes behind the topic's newest append
    time; a smaller step back stands still at that time. Waiting is real waiting: it never moves ``clock``.

    :param timeout_s: how long a call waits for other processes' writes before LogUnavailableError.
    :param lease_s: after how long a silent member of a consumer group loses its partitions.
    :param max_pages: a bound for the file, in pages of 16 KiB; None: the disk.
    """

    def __init__(
        self, path: Path, clock: Clock, *, timeout_s: float = 10.0, lease_s: float = 10.0, max_pages: int | None = None
    ) -> None:
        self._clock = clock
        self._lease_s = lease_s
        self._file = LogFile(path, timeout_s=timeout_s, max_pages=max_pages)
        self._groups = GroupTable(self._file)
        self._streams: dict[str, tuple[int, ...]] = {}
        self._subscriptions: list[SqliteSubscription] = []

    @property
    def log_id(self) -> str:
        """Return the id that was made with the file."""
        return self._file.log_id

    def create_topic(self, topic: str, partitions: int) -> None:
        """Make ``topic`` if it is missing."""
        check_topic_name(topic)
        with self._file.writing() as connection:
            (present,) = connection.execute("SELECT count(*) FROM stream WHERE topic = ?", (topic,)).fetchone()
            if present not in {0, partitions}:
                raise FatalError(
                    f"topic {topic!r} of {self._file.path} has {present} partitions, not {partitions}",
                    remedy=f"Set its number of partitions to {present}; it cannot change while the log lives.",
                )
            for partition in range(0 if not present else partitions, partitions):
                stream = connection.execute(
                    "INSERT INTO stream (topic, partition) VALUES (?, ?)", (topic, partition)
                ).lastrowid
                # A table of its own lets SQLite fill pages in order; the value comes last because reading a time or
                # a key must not walk through it.
                connection.execute(
                    f"CREATE TABLE record_{stream} (record_offset INTEGER PRIMARY KEY, append_time_ms INTEGER NOT NULL,"
                    " checksum INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL)"
                )

    def partitions(self, topic: str) -> int:
        """Return the number of partitions."""
        return len(self._topic(topic))

    def append(self, topic: str, entries: Sequence[Entry]) -> tuple[int, ...]:
        """Write all of ``entries`` or nothing, in one transaction."""
        check_entries(topic, self.partitions(topic), entries)
        if not entries:
            return ()
        self._file.check_same_file()
        with self._file.writing() as connection:
            # Read in the transaction: a group waiting for its turn is stamped when it is written.
            now_ms = clock_ms(self._clock)
            (newest_ms,) = connection.execute(
                "SELECT max(newest_append_ms) FROM stream WHERE topic = ?", (topic,)
            ).fetchone()
            check_clock(topic, now_ms, newest_ms)
            offsets = [0] * len(entries)
            for partition in {entry.partition for entry in entries}:
                places = [index for index, entry in enumerate(entries) if entry.partition == partition]
                extent = self._extent(topic, partition)
                stamp_ms = max(now_ms, extent.newest_append_ms)
                stream = self._stream(topic, partition)
                connection.executemany(
                    f"INSERT INTO record_{stream} VALUES (?, ?, ?, ?, ?)",
                    [
                        (offset, stamp_ms, _checksum(entry.key, entry.value), entry.key, entry.value)
                        for offset, entry in enumerate((entries[index] for index in places), extent.end_offset)
                    ],
                )
                connection.execute(
                    "UPDATE stream SET end_offset = ?, newest_append_ms = ? WHERE stream_id = ?",
                    (extent.end_offset + len(places), stamp_ms, stream),
                )
                for offset, index in enumerate(places, extent.end_offset):
                    offsets[index] = offset
        self._file.bound_wal()
        return tuple(offsets)

    def read(
        self,
        topic: str,
        partition: int,
        offset: int,
        *,
        max_records: int,
        max_bytes: int = 16_777_216,
        wait_s: float = 0.0,
    ) -> Sequence[LogRecord]:
        """Return records from ``offset`` on; while there are none, look again at growing intervals up to 50 ms."""
        deadline_s = time.monotonic() + wait_s
        nap_s = 0.001
        while True:
            records = self.read_now(topic, partition, offset, max_records=max_records, max_bytes=max_bytes)
            left_s = deadline_s - time.monotonic()
            if records or left_s <= 0 or max_records <= 0:
                return records
            time.sleep(min(nap_s, left_s))
            nap_s = min(nap_s * 2, _LONGEST_NAP_S)

    def read_now(
        self, topic: str, partition: int, offset: int, *, max_records: int, max_bytes: int
    ) -> Sequence[LogRecord]:
        """Read without waiting (for :class:`~connectors.log.sqlite_group.SqliteSubscription`)."""
        stream = self._stream(topic, partition)
        records: list[LogRecord] = []
        read_bytes = 0
        with self._file.reading() as connection:
            cursor = connection.execute(
                f"SELECT record_offset, key, value, append_time_ms, checksum FROM record_{stream}"
                " WHERE record_offset >= ? ORDER BY record_offset LIMIT ?",
                (offset, max(0, max_records)),
            )
            try:
                for found, key, value, append_time_ms, checksum in cursor:
                    if found != offset + len(records):
                        break  # Trimmed below `found`, or a hole: told apart below.
                    if records and read_bytes + len(value) > max_bytes:
                        break
                    if _checksum(key, value) != checksum:
                        raise damaged(self._file.path, f"{topic}/{partition} offset {found} has another checksum")
                    read_bytes += len(value)
                    records.append(LogRecord(partition, found, key, value, append_time_ms))
            finally:
                cursor.close()  # Ends the read transaction, which would hold up checkpoints.
        if not records:
            self._check_offset(topic, partition, offset)
        return records

    def _check_offset(self, topic: str, partition: int, offset: int) -> None:
        """Tell an offset that has no record yet from one that never will have."""
        extent = self._extent(topic, partition)
        if not extent.start_offset <= offset <= extent.end_offset:
            raise OffsetOutOfRangeError(
                f"offset {offset} of {topic}/{partition} is outside the log {self._file.path}, which holds"
                f" {extent.start_offset} to {extent.end_offset}",
                remedy="It was trimmed before it was read, or the log lost its end. See `tocsin verify`; a job goes on"
                " after its position has been set into that range.",
            )
        if offset == extent.end_offset:
            return
        stream = self._stream(topic, partition)
        with self._file.reading() as connection:
            found = connection.execute(f"SELECT 1 FROM record_{stream} WHERE record_offset = ?", (offset,)).fetchone()
        if found is None and self.start_offset(topic, partition) <= offset:
            raise damaged(self._file.path, f"{topic}/{partition} has no record at offset {offset}")

    def start_offset(self, topic: str, partition: int) -> int:
        """Return the first offset not trimmed."""
        return self._extent(topic, partition).start_offset

    def end_offset(self, topic: str, partition: int) -> int:
        """Return the offset of the next record."""
        return self._extent(topic, partition).end_offset

    def offset_at(self, topic: str, partition: int, append_time_ms: int) -> int:
        """Return the first offset of that append time or later, else the end."""
        stream = self._stream(topic, partition)
        extent = self._extent(topic, partition)
        low, high = extent.start_offset, extent.end_offset
        # Offsets are dense and their times never decrease, so no index is needed.
        with self._file.reading() as connection:
            while low < high:
                middle = (low + high) // 2
                row = connection.execute(
                    f"SELECT append_time_ms FROM record_{stream} WHERE record_offset = ?", (middle,)
                ).fetchone()
                if row is None or row[0] < append_time_ms:  # None: trimmed meanwhile, from the low end.
                    low = middle + 1
                else:
                    high = middle
        return low

    def trim(self, topic: str, partition: int, before_offset: int) -> None:
        """Forget records below ``before_offset``; the file keeps its size and fills the gap with new records."""
        stream = self._stream(topic, partition)
        self._file.check_same_file()
        while True:
            with self._file.writing() as connection:
                extent = self._extent(topic, partition)
                start = min(before_offset, extent.end_offset, extent.start_offset + _TRIM_STEP)
                if start <= extent.start_offset:
                    return
                connection.execute(f"DELETE FROM record_{stream} WHERE record_offset < ?", (start,))
                connection.execute("UPDATE stream SET start_offset = ? WHERE stream_id = ?", (start, stream))
            self._file.bound_wal()

    def now_ms(self) -> int:
        """Return the clock's present: the log has no clock of its own."""
        return clock_ms(self._clock)

    def subscribe(self, group: str, topic: str) -> SqliteSubscription:
        """Return a member of ``group``, which takes partitions from its first poll on."""
        partitions = self.partitions(topic)
        subscription = SqliteSubscription(self, self._groups, self._clock, group, topic, partitions, self._lease_s)
        self._subscriptions.append(subscription)
        return subscription

    def committed(self, group: str, topic: str) -> Mapping[int, int]:
        """Return the positions of ``group`` by partition."""
        self._topic(topic)
        return self._groups.committed(group, topic)

    def commit(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        """Set positions of a group without live members; :raises FatalError: it has some."""
        for partition in offsets:
            check_partition(topic, self.partitions(topic), partition)
        self._file.check_same_file()
        self._groups.commit_unread(group, topic, offsets, clock_ms(self._clock), self._lease_s)

    def close(self) -> None:
        """Leave all groups and close the file."""
        try:
            for subscription in self._subscriptions:
                subscription.close()
            self._subscriptions.clear()
        finally:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _topic(self, topic: str) -> tuple[int, ...]:
        """Return the ids of the topic's streams by partition; they never change while the file lives."""
        if topic not in self._streams:
            with self._file.reading() as connection:
                rows = connection.execute(
                    "SELECT stream_id FROM stream WHERE topic = ? ORDER BY partition", (topic,)
                ).fetchall()
            if not rows:
                raise UnknownTopicError(
                    f"the log {self._file.path} has no topic {topic!r}",
                    remedy="Is `log` the one that `tocsin run` made? A new log gets its topics at the first start.",
                )
            self._streams[topic] = tuple(stream for (stream,) in rows)
        return self._streams[topic]

    def _stream(self, topic: str, partition: int) -> int:
        streams = self._topic(topic)
        check_partition(topic, len(streams), partition)
        return streams[partition]

    def _extent(self, topic: str, partition: int) -> _Extent:
        with self._file.reading() as connection:
            row = connection.execute(
                "SELECT start_offset, end_offset, newest_append_ms FROM stream WHERE stream_id = ?",
                (self._stream(topic, partition),),
            ).fetchone()
        return _Extent(*row)


def _checksum(key: bytes, value: bytes) -> int:
    """CRC-32 of key and value: SQLite itself does not notice a flipped bit inside a value."""
    return zlib.crc32(value, zlib.crc32(key))
