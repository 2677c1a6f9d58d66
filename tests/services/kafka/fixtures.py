"""The session's broker and a fresh log on it for each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest

from tests.services.kafka.broker import KafkaBroker, NotAvailableError
from tests.services.kafka.external import ExternalBroker
from tests.services.not_run import not_run


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker | ExternalBroker]:
    """A running broker: ``$KAFKA_BOOTSTRAP``, else one of our own, started once for the whole run."""
    named = os.environ.get("KAFKA_BOOTSTRAP")
    if named:
        yield ExternalBroker(named)
        return
    try:
        broker = KafkaBroker(tmp_path_factory.mktemp("kafka"))
        broker.start()
    except NotAvailableError as error:
        not_run("everything on a real Apache Kafka", str(error))
    try:
        yield broker
    finally:
        broker.stop()


@pytest.fixture
def kafka_url(kafka_broker: KafkaBroker | ExternalBroker) -> str:
    """The URL of a log nobody has used."""
    return f"kafka://{kafka_broker.bootstrap}/test-{uuid.uuid4().hex[:12]}"
