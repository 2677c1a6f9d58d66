"""The log on Apache Kafka: durable on all replicas, stamped by the broker's clock, shared by consumer groups."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from connectors.log.kafka_client import KafkaCluster, check_library
from connectors.log.kafka_group import KafkaSubscription
from connectors.log.kafka_identity import KafkaIdentity
from connectors.log.kafka_reader import KafkaReader
from connectors.log.kafka_topics import KafkaTopics
from connectors.log.kafka_writer import KafkaWriter
from connectors.log.limits import check_clock, check_entries, check_partition, check_topic_name, clock_ms
from schemas.clock import Clock
from schemas.errors import LogUnavailableError
from schemas.ports.log import Entry, LogRecord

#: Kafka tells its time only on records; this topic takes one when nothing else was appended lately.
_CLOCK = "tocsin-clock"
_CLOCK_SETTINGS = {"retention_ms": "3600000", "segment_ms": "600000"}
#: How long a time told by the broker is carried on by this machine's monotonic clock.
_TIME_TOLD_S = 30.0


class KafkaLog:
    """:class:`~schemas.ports.log.Log` on the cluster, its topics named ``prefix.topic``.

    Appending is refused with ClockRefusedError when ``clock`` is over two minutes behind the broker's. A failed append
    may have been written in part. Positions of a group that rests longer than the brokers keep offsets (7 days unless
    set) are forgotten by them, and it starts again at the start of the log.
    """

    def __init__(self, cluster: KafkaCluster, prefix: str, clock: Clock) -> None:
        check_library()
        self._cluster = cluster
        self._clock = clock
        self._told: tuple[int, float] | None = None
        self._subscriptions: list[KafkaSubscription] = []
        self._writer = KafkaWriter(cluster)
        self._topics = KafkaTopics(cluster, prefix)
        try:
            self._reader = KafkaReader(cluster)
        except BaseException:
            self._topics.close()
            raise
        try:
            self._identity = KafkaIdentity(self._topics, self._reader, self._writer)
            self._topics.make(_CLOCK, 1, **_CLOCK_SETTINGS)
        except BaseException:
            self.close()
            raise

    @property
    def log_id(self) -> str:
        """Return the id of this log; another one after any of its topics was deleted and made again."""
        return self._identity.log_id

    def create_topic(self, topic: str, partitions: int) -> None:
        """Make ``topic``; :raises FatalError: the present one has other partitions or settings that lose records."""
        check_topic_name(topic)
        self._topics.make(topic, partitions)
        self._identity.add(topic)

    def partitions(self, topic: str) -> int:
        """Return the number of partitions."""
        return self._topics.partitions(topic)

    def append(self, topic: str, entries: Sequence[Entry]) -> tuple[int, ...]:
        """Write ``entries`` to all replicas; return their offsets."""
        check_entries(topic, self.partitions(topic), entries)
        if not entries:
            return ()
        check_clock(topic, clock_ms(self._clock), self.now_ms())
        try:
            acknowledged = self._writer.append(self._topics.full_name(topic), entries)
        except LogUnavailableError:
            self._topics.forget(topic)
            raise
        self._hear_time(max(stamped.timestamp for stamped in acknowledged))
        return tuple(stamped.offset for stamped in acknowledged)

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
        """Return records from ``offset`` on; empty only when the broker confirmed that there are none."""
        check_partition(topic, self.partitions(topic), partition)
        name = self._topics.full_name(topic)
        try:
            return self._reader.read(
                name, partition, offset, max_records=max_records, max_bytes=max_bytes, wait_s=wait_s
            )
        except LogUnavailableError:
            self._topics.forget(topic)
            raise

    def start_offset(self, topic: str, partition: int) -> int:
        """Return the first offset not trimmed."""
        check_partition(topic, self.partitions(topic), partition)
        return self._reader.start_offset(self._topics.full_name(topic), partition)

    def end_offset(self, topic: str, partition: int) -> int:
        """Return the offset of the next record."""
        check_partition(topic, self.partitions(topic), partition)
        return self._reader.end_offset(self._topics.full_name(topic), partition)

    def offset_at(self, topic: str, partition: int, append_time_ms: int) -> int:
        """Return the first offset of that append time or later, else the end."""
        check_partition(topic, self.partitions(topic), partition)
        return self._reader.offset_at(self._topics.full_name(topic), partition, append_time_ms)

    def trim(self, topic: str, partition: int, before_offset: int) -> None:
        """Delete records below ``before_offset``; the broker frees the space by whole segments."""
        before_offset = min(before_offset, self.end_offset(topic, partition))
        if before_offset > self.start_offset(topic, partition):
            self._topics.trim(topic, partition, before_offset)

    def now_ms(self) -> int:
        """Return the broker's clock, asked for by a record of its own if nothing was appended in the last 30 s."""
        if self._told is None or time.monotonic() - self._told[1] > _TIME_TOLD_S:
            (probe,) = self._writer.append(self._topics.full_name(_CLOCK), [Entry(0, b"now")])
            self._hear_time(probe.timestamp)
        assert self._told is not None
        stamp_ms, heard_at_s = self._told
        return stamp_ms + int((time.monotonic() - heard_at_s) * 1000)

    def _hear_time(self, stamp_ms: int) -> None:
        self._told = (stamp_ms, time.monotonic())

    def subscribe(self, group: str, topic: str) -> KafkaSubscription:
        """Return a member of ``group``, which is given partitions from its first poll on."""
        self.partitions(topic)
        subscription = KafkaSubscription(
            self._cluster,
            group,
            self._topics.group_id(group, topic),
            topic,
            self._topics.full_name(topic),
            self.log_id,
        )
        self._subscriptions.append(subscription)
        return subscription

    def committed(self, group: str, topic: str) -> Mapping[int, int]:
        """Return the positions of ``group`` by partition."""
        self.partitions(topic)
        return self._topics.committed(group, topic, self.log_id)

    def commit(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        """Set positions of a group without members; :raises FatalError: it has some."""
        for partition in offsets:
            check_partition(topic, self.partitions(topic), partition)
        self._topics.commit(group, topic, offsets, self.log_id)

    def close(self) -> None:
        """Leave all groups and close all connections."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions.clear()
        self._writer.close()
        self._reader.close()
        self._topics.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
