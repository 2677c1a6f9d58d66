"""Appends groups of records to Kafka and waits until all replicas have them."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.log.kafka_client import STILL_ON_ITS_WAY, KafkaCluster
from connectors.log.kafka_shapes import Producer, Sent, Stamped
from schemas.ports.log import Entry

#: Sent and not yet acknowledged at most: the library itself would take in records without end while a broker is away.
_IN_FLIGHT_BYTES = 33_554_432


class KafkaWriter:
    """One idempotent producer, made when first needed and made anew after any failure.

    A failed one is thrown away with all it still holds: it may be spoilt for good, and what it held the caller appends
    again.
    """

    def __init__(self, cluster: KafkaCluster) -> None:
        self._cluster = cluster
        self._producer: Producer | None = None

    def append(self, full_name: str, entries: Sequence[Entry]) -> list[Stamped]:
        """Write ``entries``, already checked, and return offset and append time of each."""
        if self._producer is None:
            self._producer = self._cluster.producer()
        with self._cluster.errors(f"appending to {full_name!r}"):
            try:
                return self._send(self._producer, full_name, entries)
            except BaseException:
                self._discard()
                raise

    def _send(self, producer: Producer, full_name: str, entries: Sequence[Entry]) -> list[Stamped]:
        acknowledged: list[Stamped] = []
        on_the_way: list[Sent] = []
        in_flight_bytes = 0
        for entry in entries:
            record_bytes = len(entry.value) + len(entry.key)
            if on_the_way and in_flight_bytes + record_bytes > _IN_FLIGHT_BYTES:
                acknowledged.extend(self._wait(producer, on_the_way))
                on_the_way, in_flight_bytes = [], 0
            on_the_way.append(producer.send(full_name, entry.value, entry.key, partition=entry.partition))
            in_flight_bytes += record_bytes
        acknowledged.extend(self._wait(producer, on_the_way))
        return acknowledged

    def _wait(self, producer: Producer, on_the_way: Sequence[Sent]) -> list[Stamped]:
        # Every record has failed for good once its delivery time is over; the second more is for hearing of it.
        patience = self._cluster.patience(1.0)
        while True:
            try:
                producer.flush(patience.slice_s)
                break
            except STILL_ON_ITS_WAY:
                if not patience.left_s:
                    raise
        return [sent.get(0.1) for sent in on_the_way]

    def _discard(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            self._cluster.abandon(producer)

    def close(self) -> None:
        """Close the producer, which holds nothing between two groups; idempotent."""
        self._discard()
