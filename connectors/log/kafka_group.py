"""A member of a Kafka consumer group whose positions are bound to the log they were committed for."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping, Sequence

import connectors.log.kafka_client as client
from connectors.log.kafka_client import KafkaCluster
from connectors.log.kafka_reader import as_record, end_offset, start_offset
from connectors.log.kafka_shapes import Place
from connectors.log.kafka_topics import check_position, position_mark
from schemas.errors import OffsetOutOfRangeError
from schemas.ports.log import LogRecord

_POLL_S = 0.5


class KafkaSubscription:
    """:class:`~schemas.ports.log.Subscription` on Kafka.

    Partitions come and go while :meth:`poll` runs. A new one is held back (paused) until its committed position has
    been found to belong to this log and to lie inside it; only then is it read, and only then does it count as held.
    """

    def __init__(
        self, cluster: KafkaCluster, group: str, group_id: str, topic: str, full_name: str, log_id: str
    ) -> None:
        self._cluster = cluster
        self._group = group
        self._topic = topic
        self._full_name = full_name
        self._log_id = log_id
        self._consumer = cluster.consumer(group_id)
        self._lock = threading.Lock()
        #: Written by the client's thread: partitions given to this member and not yet looked at.
        self._arrived: set[Place] = set()
        #: The lowest offset that may be committed, by partition held.
        self._floor: dict[Place, int] = {}
        self._closed = False
        client.subscribe(self._consumer, full_name, self._on_assigned, self._on_lost)

    def poll(self, *, max_records: int, wait_s: float) -> Sequence[LogRecord]:
        """Return records of the partitions held; empty only when the broker said that all of them are at their end."""
        doing = f"reading {self._topic!r} as a member of {self._group!r}"
        deadline_s = time.monotonic() + wait_s
        with self._cluster.errors(doing):
            while max_records > 0:
                left_s = deadline_s - time.monotonic()
                records = self._poll_once(max_records, min(max(left_s, 0.02), _POLL_S))
                if records:
                    return records
                if left_s <= 0 and self._caught_up():
                    return []
                if left_s < -self._cluster.timeout_s:
                    raise self._cluster.unavailable(doing, "records are there, but none arrive")
        return []

    def _poll_once(self, max_records: int, wait_s: float) -> list[LogRecord]:
        self._admit()
        try:
            found = client.poll(self._consumer, int(wait_s * 1000), max_records)
        except client.NO_POSITION:
            return []  # A partition arrived that nobody has committed yet; it is admitted at its start.
        except client.OUT_OF_RANGE as error:
            raise OffsetOutOfRangeError(
                f"group {self._group!r} was reading {self._topic!r} where nothing is any more: {error}",
                remedy="The log was trimmed below a group that still reads it, or lost its end. See `tocsin verify`;"
                " set the group's position into the log.",
            ) from error
        with self._lock:
            held = set(self._floor) - self._arrived
        return [as_record(place.partition, record) for place in found if place in held for record in found[place]]

    def _admit(self) -> None:
        """Find out where each newly given partition goes on, and let it flow."""
        while True:
            with self._lock:
                place = next(iter(self._arrived), None)
            if place is None:
                return
            start = self._starting_point(place)
            with self._lock:
                if place not in self._arrived:
                    continue  # Taken away again meanwhile.
                self._consumer.seek(place, start)
                self._consumer.resume(place)
                self._floor[place] = start
                self._arrived.discard(place)

    def _starting_point(self, place: Place) -> int:
        position = self._consumer.committed(place, metadata=True, timeout_ms=self._cluster.timeout_ms)
        first = start_offset(self._cluster, self._consumer, place)
        if position is None:
            return first
        check_position(self._group, self._topic, place.partition, position, self._log_id)
        end = end_offset(self._cluster, self._consumer, place)
        if not first <= position.offset <= end:
            raise OffsetOutOfRangeError(
                f"group {self._group!r} has committed offset {position.offset} of {self._topic}/{place.partition},"
                f" which holds {first} to {end}",
                remedy="It was trimmed before it was read, or the log lost its end. See `tocsin verify`; set the"
                " group's position into that range.",
            )
        return position.offset

    def _caught_up(self) -> bool:
        """Ask the broker: an empty poll alone is the same in an outage."""
        with self._lock:
            held = list(self._floor)
        if not held:
            return True
        ends = self._consumer.end_offsets(held, timeout_ms=self._cluster.timeout_ms)
        with self._lock:
            still_held = [place for place in held if place in self._floor]
        positions = {place: self._consumer.position(place, timeout_ms=self._cluster.timeout_ms) for place in still_held}
        return all((position or 0) >= ends[place] for place, position in positions.items())

    def commit(self, offsets: Mapping[int, int]) -> bool:
        """Set positions if all these partitions are held here and none goes back; else change nothing: False."""
        places = {client.place(self._full_name, partition): offset for partition, offset in offsets.items()}
        with self._lock:
            held = {place: floor for place, floor in self._floor.items() if place not in self._arrived}
        if any(place not in held or offset < held[place] for place, offset in places.items()):
            self._start_over()
            return False
        mark = position_mark(self._log_id)
        positions = {place: client.position(offset, mark) for place, offset in places.items()}
        with self._cluster.errors(f"committing for {self._group!r}"):
            try:
                self._consumer.commit(positions, timeout_ms=self._cluster.timeout_ms)
            except client.LOST_MEMBERSHIP:
                self._start_over()
                return False
        with self._lock:
            self._floor.update((place, offset) for place, offset in places.items() if place in self._floor)
        return True

    def _start_over(self) -> None:
        """After a refused commit the caller forgets what it read, so whatever stays here is read again."""
        with self._lock:
            kept = [place for place in self._floor if place in self._consumer.assignment()]
            self._consumer.pause(*kept)
            self._arrived.update(kept)
            self._floor.clear()

    def assignment(self) -> frozenset[int]:
        """Return the partitions held."""
        with self._lock:
            return frozenset(place.partition for place in self._floor)

    def close(self) -> None:
        """Leave the group, so that the others need not wait for this member's silence."""
        if not self._closed:
            self._closed = True
            with self._cluster.passing_errors():
                self._consumer.close(autocommit=False, timeout_ms=min(5_000, self._cluster.timeout_ms))
            self._floor.clear()

    def _on_assigned(self, places: Collection[Place]) -> None:
        with self._lock:
            self._consumer.pause(*places)
            self._arrived.update(places)

    def _on_lost(self, places: Collection[Place]) -> None:
        with self._lock:
            for place in places:
                self._arrived.discard(place)
                self._floor.pop(place, None)
