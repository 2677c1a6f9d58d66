"""The Kafka side of the suite: an outage is a broker killed with SIGKILL."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from kafka import KafkaAdminClient
from kafka.errors import UnknownTopicOrPartitionError

from tests.services.kafka.broker import KafkaBroker
from tests.services.kafka.external import ExternalBroker


class KafkaHarness:
    """A log under a prefix of its own on the session's broker."""

    def __init__(self, broker: KafkaBroker | ExternalBroker, base_url: str) -> None:
        self._broker = broker
        self._base_url = base_url
        self.silence_s = 6.0  # Brokers allow no less unless they are told to.

    @property
    def url(self) -> str:
        return self.with_patience(20)

    def with_patience(self, timeout_s: float) -> str:
        return f"{self._base_url}?timeout_s={timeout_s:g}&session_s={self.silence_s:g}"

    @contextlib.contextmanager
    def outage(self) -> Iterator[None]:
        """Nobody answers: the broker is killed at once and started again on its data afterwards."""
        self._broker.kill()
        try:
            yield
        finally:
            self._broker.start()

    def replace_log(self) -> None:
        """As when the topics are made anew and the groups' positions were brought over from elsewhere."""
        self.delete_topic("tocsin-log")

    def delete_topic(self, topic: str) -> None:
        """Delete a topic of the log and wait until it is gone."""
        name = f"{self._base_url.rpartition('/')[2]}.{topic}"
        admin = KafkaAdminClient(bootstrap_servers=self._broker.bootstrap)
        try:
            admin.delete_topics([name])
            deadline_s = time.monotonic() + 120
            while time.monotonic() < deadline_s:
                with contextlib.suppress(UnknownTopicOrPartitionError):
                    (found,) = admin.describe_topics([name])
                    if found["error_code"]:
                        return
                time.sleep(0.1)
            raise AssertionError(f"{name} does not go away")
        finally:
            admin.close()
