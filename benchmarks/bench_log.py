"""The Kafka log against bare kafka-python with the same settings, on the same broker, in turns.

`./run bench log` prints `name ours reference ratio` (records a second) for appending in durable groups and for reading.
"""

from __future__ import annotations

import contextlib
import os
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast  # kafka-python has no types; the reference calls it without our edge.

from benchmarks.figures import Figure, report
from connectors.clock import SystemClock
from connectors.log import kafka_client as client
from connectors.log.kafka import KafkaLog
from connectors.log.kafka_client import KafkaCluster
from schemas.ports.log import Entry
from tests.services.kafka import KafkaBroker, NotAvailableError

RECORDS = 30_000
GROUP = 1_000
VALUE_BYTES = 2_000
ROUNDS = 5
AT_LEAST = 0.8

_WORDS = [
    "talks",
    "visit",
    "border",
    "gas",
    "minister",
    "embassy",
    "troops",
    "statement",
    "Baku",
    "Kyiv",
    "Moscow",
    "London",
    "agreed",
    "rejected",
    "Tuesday",
]


def main(_data: Path | None = None) -> int:
    """Run both benchmarks; return 1 if one stays below its floor, 2 when there is no broker."""
    try:
        with broker() as bootstrap:
            return _report(KafkaCluster((bootstrap,), timeout_s=30.0, session_s=10.0))
    except NotAvailableError as error:
        print(f"NOT RUN: bench log — {error}", file=sys.stderr)
        return 2


@contextlib.contextmanager
def broker() -> Iterator[str]:
    """Give ``host:port`` of ``$KAFKA_BOOTSTRAP``, else of a broker started for this."""
    named = os.environ.get("KAFKA_BOOTSTRAP")
    if named:
        yield named
        return
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        own = KafkaBroker(Path(folder))
        own.start()
        try:
            yield own.bootstrap
        finally:
            own.stop()


def _report(cluster: KafkaCluster) -> int:
    prefix = f"bench-{uuid.uuid4().hex[:8]}"
    values = _values()
    with KafkaLog(cluster, prefix, SystemClock()) as log:
        for topic in ("ours", "reference"):
            log.create_topic(topic, 1)
        appending = _in_turns(
            lambda: _append_ours(log, values), lambda: _append_reference(cluster, f"{prefix}.reference", values)
        )
        reading = _in_turns(lambda: _read_ours(log), lambda: _read_reference(cluster, f"{prefix}.reference"))
    measured = (("log_append_records/s", appending), ("log_read_records/s", reading))
    return report(Figure(name, ours, other, ours / other, AT_LEAST) for name, (ours, other) in measured)


def _values() -> list[bytes]:
    """Texts that compress about as news do, each another."""
    choose = random.Random(1)
    return [" ".join(choose.choices(_WORDS, k=VALUE_BYTES // 6)).encode()[:VALUE_BYTES] for _ in range(RECORDS)]


def _in_turns(ours: Callable[[], float], reference: Callable[[], float]) -> tuple[float, float]:
    """Return the median records a second of each; the first turn of both warms up and does not count."""
    rates = [(ours(), reference()) for _ in range(ROUNDS + 1)][1:]
    return statistics.median(rate for rate, _ in rates), statistics.median(rate for _, rate in rates)


def _append_ours(log: KafkaLog, values: list[bytes]) -> float:
    started_s = time.perf_counter()
    for start in range(0, len(values), GROUP):
        log.append("ours", [Entry(0, value, b"key") for value in values[start : start + GROUP]])
    return len(values) / (time.perf_counter() - started_s)


def _append_reference(cluster: KafkaCluster, topic: str, values: list[bytes]) -> float:
    """As durable: after each group everything is acknowledged by all replicas, and failures are looked for."""
    producer = cluster.producer()
    producer.send(topic, b"first", b"key", partition=0).get(30)  # Connecting does not count.
    started_s = time.perf_counter()
    for start in range(0, len(values), GROUP):
        sent = [producer.send(topic, value, b"key", partition=0) for value in values[start : start + GROUP]]
        producer.flush(30)
        for record in sent:
            record.get(0.1)
    took_s = time.perf_counter() - started_s
    producer.close(5)
    return len(values) / took_s


def _read_ours(log: KafkaLog) -> float:
    offset, seen = log.end_offset("ours", 0) - RECORDS, 0
    started_s = time.perf_counter()
    while seen < RECORDS:
        records = log.read("ours", 0, offset, max_records=GROUP, wait_s=5.0)
        offset = records[-1].offset + 1
        seen += len(records)
    return seen / (time.perf_counter() - started_s)


def _read_reference(cluster: KafkaCluster, topic: str) -> float:
    consumer = cluster.consumer()
    place = client.place(topic, 0)
    consumer.assign([place])
    offset, seen = consumer.end_offsets([place], timeout_ms=30_000)[place] - RECORDS, 0
    consumer.seek(place, offset)
    started_s = time.perf_counter()
    while seen < RECORDS:
        found = cast(Any, consumer).poll(timeout_ms=5_000, max_records=GROUP)
        seen += sum(len(records) for records in found.values())
    took_s = time.perf_counter() - started_s
    consumer.close(autocommit=False, timeout_ms=1_000)
    return seen / took_s
