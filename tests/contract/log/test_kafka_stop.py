"""A job that is to stop while the broker is away."""

from __future__ import annotations

import threading
import time

import pytest

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
    with open_log(harness.with_patience(PATIENCE_S), SystemClock(), stopping=told.is_set) as log:
        topic = fresh_topic(log)
        log.append(topic, [Entry(0, b"before")])
        told.set()
        log.append(topic, [Entry(0, b"with the last breath")])
        told.clear()
        with harness.outage():
            threading.Timer(0.5, told.set).start()
            started_s = time.monotonic()
            with pytest.raises(LogUnavailableError):
                log.append(topic, [Entry(0, b"during")])
            assert time.monotonic() - started_s < PATIENCE_S / 3
        told.clear()
        append_in_the_end(log, topic, b"after")
        values = [record.value for record in read_all(log, topic)]
    assert values[:2] == [b"before", b"with the last breath"]
    assert values[-1] == b"after"
