"""A job that is to stop while the broker is away."""

from __future__ import annotations

import threading
import time

import pytest
from kafka.producer.sender import Sender

from connectors.clock import SystemClock
from connectors.log.open import open_log
from schemas.errors import LogUnavailableError
from schemas.ports.log import Entry
from tests.contract.log.harness import fresh_topic
from tests.contract.log.kafka_harness import KafkaHarness
from tests.contract.log.test_failures import append_in_the_end
from tests.contract.log.test_records import read_all
from tests.services.kafka.broker import KafkaBroker
from tests.services.kafka.external import ExternalBroker

#: How long a call would wait that nobody told to stop.
PATIENCE_S = 120.0


@pytest.mark.kafka
def test_who_is_to_stop_does_not_wait_out_an_outage(kafka_broker: KafkaBroker | ExternalBroker, kafka_url: str) -> None:
    harness = KafkaHarness(kafka_broker, kafka_url)
    told = threading.Event()
    others = producers()
    with open_log(harness.with_patience(PATIENCE_S), SystemClock(), stopping=told.is_set) as log:
        topic = fresh_topic(log)
        log.append(topic, [Entry(0, b"before")])
        told.set()
        log.append(topic, [Entry(0, b"with the last breath")])
        before = producers() - others
        assert before
        told.clear()
        with harness.outage():
            threading.Timer(0.5, told.set).start()
            started_s = time.monotonic()
            with pytest.raises(LogUnavailableError):
                log.append(topic, [Entry(0, b"during")])
            assert time.monotonic() - started_s < PATIENCE_S / 3
            # Given up: whoever was to write it must not do so once the broker is back, after what was appended since.
            assert ended(before), "the producer that was given up lives on"
        told.clear()
        append_in_the_end(log, topic, b"after")
        values = [record.value for record in read_all(log, topic)]
    assert values == [b"before", b"with the last breath", b"after"]


def producers() -> set[threading.Thread]:
    """Return the threads that send."""
    return {thread for thread in threading.enumerate() if isinstance(thread, Sender)}


def ended(threads: set[threading.Thread]) -> bool:
    """Whether all of ``threads`` end by themselves."""
    for thread in threads:
        thread.join(30)
    return not any(thread.is_alive() for thread in threads)
