"""Reads any partition of Kafka from any offset, outside of consumer groups, and knows silence from an outage."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

import connectors.log.kafka_client as client
from connectors.log.kafka_client import KafkaCluster
from connectors.log.kafka_shapes import Consumer, Fetched, Place
from schemas.errors import OffsetOutOfRangeError
from schemas.ports.log import LogRecord

#: One wait for the broker at most; in between the end of the partition is looked up.
_POLL_S = 0.25


class KafkaReader:
    """One consumer that is moved about. Reading on where the last read ended costs no request but the fetch itself."""

    def __init__(self, cluster: KafkaCluster) -> None:
        self._cluster = cluster
        self._consumer = cluster.consumer()
        self._next: dict[Place, int] = {}
        self._held_back: dict[Place, deque[LogRecord]] = {}
        self._active: Place | None = None

    def read(
        self, full_name: str, partition: int, offset: int, *, max_records: int, max_bytes: int, wait_s: float
    ) -> Sequence[LogRecord]:
        """As :meth:`schemas.ports.log.Log.read`; empty only when the broker said that there is nothing there yet."""
        if max_records <= 0:
            return []
        place = client.place(full_name, partition)
        doing = f"reading {full_name}/{partition}"
        deadline_s = time.monotonic() + wait_s
        with self._cluster.errors(doing):
            try:
                self._turn_to(place, offset)
                held_back = self._held_back[place]
                while not held_back:
                    left_s = deadline_s - time.monotonic()
                    held_back.extend(self._fetch(place, max_records, min(max(left_s, 0.0), _POLL_S)))
                    if held_back:
                        break
                    if left_s <= 0:
                        if self._caught_up(place, offset):
                            return []
                        if left_s < -self._cluster.timeout_s:
                            raise self._cluster.unavailable(doing, "records are there, but none arrive")
                return self._take(place, max_records, max_bytes)
            except client.OUT_OF_RANGE as error:
                self._leave(place)
                raise self.out_of_range(full_name, partition, offset) from error
            except BaseException:
                self._leave(place)
                raise

    def _turn_to(self, place: Place, offset: int) -> None:
        if place not in self._held_back:
            self._held_back[place] = deque()
            self._consumer.assign(list(self._held_back))
        if self._next.get(place) != offset:
            self._consumer.seek(place, max(0, offset))
            self._held_back[place].clear()
            self._next[place] = offset
        if self._active != place:
            self._consumer.pause(*(other for other in self._held_back if other != place))
            self._consumer.resume(place)
            self._active = place

    def _leave(self, place: Place) -> None:
        """After an error nothing is known about where the consumer stands: seek next time."""
        self._next.pop(place, None)
        self._held_back.get(place, deque()).clear()

    def _fetch(self, place: Place, max_records: int, wait_s: float) -> list[LogRecord]:
        found = client.poll(self._consumer, int(wait_s * 1000), max_records)
        return [as_record(place.partition, record) for record in found.get(place, ())]

    def _caught_up(self, place: Place, offset: int) -> bool:
        """Ask the broker: an empty poll alone is the same in an outage."""
        end = self._consumer.end_offsets([place], timeout_ms=self._cluster.timeout_ms)[place]
        if offset > end or offset < 0:
            raise self.out_of_range(place.topic, place.partition, offset)
        # The position moves past markers, which use up offsets without being records.
        position = self._consumer.position(place, timeout_ms=self._cluster.timeout_ms)
        return position is not None and position >= end

    def _take(self, place: Place, max_records: int, max_bytes: int) -> list[LogRecord]:
        held_back = self._held_back[place]
        taken = [held_back.popleft()]
        left_bytes = max_bytes - len(taken[0].value)
        while held_back and len(taken) < max_records and len(held_back[0].value) <= left_bytes:
            taken.append(held_back.popleft())
            left_bytes -= len(taken[-1].value)
        self._next[place] = taken[-1].offset + 1
        return taken

    def out_of_range(self, full_name: str, partition: int, offset: int) -> OffsetOutOfRangeError:
        """Return the error that tells what the log holds instead."""
        start, end = self.start_offset(full_name, partition), self.end_offset(full_name, partition)
        return OffsetOutOfRangeError(
            f"offset {offset} of {full_name}/{partition} is outside the log, which holds {start} to {end}",
            remedy="It was trimmed before it was read, or the log lost its end. See `tocsin verify`; a job goes on"
            " after its position has been set into that range.",
        )

    def start_offset(self, full_name: str, partition: int) -> int:
        """Return the first offset not trimmed."""
        return start_offset(self._cluster, self._consumer, client.place(full_name, partition))

    def end_offset(self, full_name: str, partition: int) -> int:
        """Return the offset of the next record."""
        return end_offset(self._cluster, self._consumer, client.place(full_name, partition))

    def offset_at(self, full_name: str, partition: int, append_time_ms: int) -> int:
        """Return the first offset of that append time or later, else the end."""
        place = client.place(full_name, partition)
        with self._cluster.errors(f"looking for a time in {full_name}/{partition}"):
            found = self._consumer.offsets_for_times(
                {place: max(0, append_time_ms)}, timeout_ms=self._cluster.timeout_ms
            )[place]
        return self.end_offset(full_name, partition) if found is None else found.offset

    def close(self) -> None:
        """Close the consumer; idempotent."""
        self._consumer.close(autocommit=False, timeout_ms=1_000)


def start_offset(cluster: KafkaCluster, consumer: Consumer, place: Place) -> int:
    """Ask for the first offset of a partition."""
    with cluster.errors(f"asking where {place.topic}/{place.partition} starts"):
        return consumer.beginning_offsets([place], timeout_ms=cluster.timeout_ms)[place]


def end_offset(cluster: KafkaCluster, consumer: Consumer, place: Place) -> int:
    """Ask for the end offset of a partition."""
    with cluster.errors(f"asking where {place.topic}/{place.partition} ends"):
        return consumer.end_offsets([place], timeout_ms=cluster.timeout_ms)[place]


def as_record(partition: int, record: Fetched) -> LogRecord:
    """Return a fetched record as the port's; other programs may have left out key or value."""
    return LogRecord(partition, record.offset, record.key or b"", record.value or b"", record.timestamp)
