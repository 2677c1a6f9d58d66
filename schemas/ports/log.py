"""The port of the log: topics of partitions of records, each with an offset, kept until trimmed.

Two implementations (SQLite and Apache Kafka) pass one contract suite. Times are milliseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import NamedTuple, Protocol, Self


class Entry(NamedTuple):
    """A record to append."""

    partition: int
    value: bytes
    key: bytes = b""


class LogRecord(NamedTuple):
    """A record as read. ``append_time_ms`` is the log's own stamp and never decreases within a partition."""

    partition: int
    offset: int
    key: bytes
    value: bytes
    append_time_ms: int


class Log(Protocol):
    """An append-only log.

    * **Order**: records of a partition are read in the order of their offsets; entries of one ``append`` keep their
      order within a partition. Offsets grow but need not be dense (Kafka spends some on markers).
    * **Durability**: ``append`` returns only when all its entries are durable; on an error all, some or none may be
      written, and appending again is the caller's right (ids make duplicates harmless). SQLite writes all or none.
    * **Sharing**: any number of processes may read and append at once. An instance belongs to one thread.
    * **Errors**: :class:`~schemas.errors.LogUnavailableError` and :class:`~schemas.errors.LogFullError` (retry),
      :class:`~schemas.errors.RecordTooLargeError` (before anything is written: value over 4 MiB),
      :class:`~schemas.errors.UnknownTopicError`, :class:`~schemas.errors.OffsetOutOfRangeError`,
      :class:`~schemas.errors.ClockRefusedError`.
    """

    @property
    def log_id(self) -> str:
        """An id made when the log was made; a deleted and remade log has another."""
        ...

    def create_topic(self, topic: str, partitions: int) -> None:
        """Make ``topic`` if it is missing; an existing one with another number of partitions is a FatalError."""
        ...

    def partitions(self, topic: str) -> int:
        """Return the number of partitions; :raises UnknownTopicError:"""
        ...

    def append(self, topic: str, entries: Sequence[Entry]) -> tuple[int, ...]:
        """Write ``entries`` durably as one group; return their offsets in the order given."""
        ...

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
        """Return up to ``max_records`` (at least one, if there is one, whatever its size) from ``offset`` on.

        Waits up to ``wait_s`` for the first; empty when there is none. ``offset`` equal to the end is not an error.

        :raises OffsetOutOfRangeError: ``offset`` is before the start (trimmed) or after the end (lost tail).
        """
        ...

    def start_offset(self, topic: str, partition: int) -> int:
        """Return the first offset not trimmed."""
        ...

    def end_offset(self, topic: str, partition: int) -> int:
        """Return the offset the next record will get, or a smaller one past every record visible now."""
        ...

    def offset_at(self, topic: str, partition: int, append_time_ms: int) -> int:
        """Return the first offset appended at or after the time, or the end offset."""
        ...

    def trim(self, topic: str, partition: int, before_offset: int) -> None:
        """Forget records below ``before_offset``; idempotent; never beyond the end."""
        ...

    def now_ms(self) -> int:
        """Return the log's append clock."""
        ...

    def subscribe(self, group: str, topic: str) -> Subscription:
        """Join ``group`` on ``topic``; its members share the partitions."""
        ...

    def committed(self, group: str, topic: str) -> Mapping[int, int]:
        """Return per partition the offset the group goes on from; partitions never committed are absent.

        :raises ForeignLogError: committed for another log_id.
        """
        ...

    def commit(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        """Set positions of a group that no subscription is reading now (an operator's repair, a restore)."""
        ...

    def close(self) -> None:
        """Release everything; idempotent."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class Subscription(Protocol):
    """A member of a consumer group. A partition has one member at a time; after a takeover the new member goes on from
    the committed offset, so records may be seen twice and none is lost."""

    def poll(self, *, max_records: int, wait_s: float) -> Sequence[LogRecord]:
        """Return records of the partitions held now, in offset order within each; empty after ``wait_s``.

        Starts at the committed offset, else at the start of the log. Each record is returned once per assignment.

        :raises OffsetOutOfRangeError: the committed offset is outside the log (the message names the remedy).
        :raises ForeignLogError: the committed offset belongs to another log.
        """
        ...

    def commit(self, offsets: Mapping[int, int]) -> bool:
        """Durably record per partition the next offset to read. False: a partition is no longer held here, and nothing
        of what was read since may be assumed to be this member's."""
        ...

    def assignment(self) -> frozenset[int]:
        """Return the partitions held now."""
        ...

    def close(self) -> None:
        """Leave the group without committing; idempotent."""
        ...
