"""What makes a Kafka log one log: an id kept in a topic of its own, which changes when any of its topics is remade."""

from __future__ import annotations

import hashlib
import json

from connectors.log.kafka_reader import KafkaReader
from connectors.log.kafka_topics import KafkaTopics
from connectors.log.kafka_writer import KafkaWriter
from schemas.errors import FatalError
from schemas.ports.log import Entry

#: One record per topic and life of it: ``{"topic": name, "topic_id": the cluster's id of it}``. A handful in all.
_IDENTITY = "tocsin-log"


class KafkaIdentity:
    """The identity of one log.

    The id is computed from the records of the identity topic alone, in their order, so every process that has read
    them to the end knows the same one; recording the same life of a topic twice changes nothing.
    """

    def __init__(self, topics: KafkaTopics, reader: KafkaReader, writer: KafkaWriter) -> None:
        self._topics = topics
        self._reader = reader
        self._writer = writer
        topics.make(_IDENTITY, 1)
        recorded = self._read()
        for topic, topic_ids in recorded.items():
            now = topics.describe(topic)
            if now is not None and now.topic_id not in topic_ids:
                self._record(topic, now.topic_id)
        if recorded:
            self._read()

    def add(self, topic: str) -> None:
        """Record a topic that was made just now or is there already."""
        now = self._topics.describe(topic)
        if now is None:
            raise FatalError(f"topic {topic!r} went away while it was being made", remedy="Start again.")
        if now.topic_id not in self._read().get(topic, set()):
            self._record(topic, now.topic_id)
            self._read()

    def _record(self, topic: str, topic_id: str) -> None:
        value = json.dumps({"topic": topic, "topic_id": topic_id}).encode()
        self._writer.append(self._topics.full_name(_IDENTITY), [Entry(0, value)])

    def _read(self) -> dict[str, set[str]]:
        """Read all records, set :attr:`log_id`, and return the ids each topic has had."""
        name = self._topics.full_name(_IDENTITY)
        identity = self._topics.describe(_IDENTITY)
        if identity is None:
            raise FatalError(f"topic {name!r} was deleted while the log was open", remedy="Stop all jobs, start again.")
        lives: dict[str, set[str]] = {}
        digest = _digest(self._topics.cluster_id(), identity.topic_id)
        offset = self._reader.start_offset(name, 0)
        while records := self._reader.read(name, 0, offset, max_records=500, max_bytes=1_000_000, wait_s=0.0):
            offset = records[-1].offset + 1
            for record in records:
                fields = json.loads(record.value)
                topic, topic_id = str(fields["topic"]), str(fields["topic_id"])
                if topic in lives and topic_id not in lives[topic]:
                    digest = _digest(digest, topic, topic_id)  # Deleted and made again: another log from here on.
                lives.setdefault(topic, set()).add(topic_id)
        self.log_id = digest
        return lives


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
