"""Topics and groups of a Kafka log: made with the right settings, checked, trimmed; positions set and read at rest."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from typing import NamedTuple

import connectors.log.kafka_client as client
from connectors.log.kafka_client import KafkaCluster
from connectors.log.kafka_shapes import Position
from schemas.errors import FatalError, ForeignLogError, UnknownTopicError

#: Append times of the broker's clock, nothing deleted but by trimming, and room for the largest record.
_SETTINGS = {
    "cleanup.policy": "delete",
    "max.message.bytes": str(client.MAX_BATCH_BYTES),
    "message.timestamp.type": "LogAppendTime",
    "retention.bytes": "-1",
    "retention.ms": "-1",
}
_METADATA_MARK = "tocsin log_id="


class TopicState(NamedTuple):
    """A topic as the cluster knows it; ``topic_id`` changes when it is deleted and made again."""

    topic_id: str
    partitions: int


class KafkaTopics:
    """The topics of one log, all under one prefix."""

    def __init__(self, cluster: KafkaCluster, prefix: str) -> None:
        self._cluster = cluster
        self._prefix = f"{prefix}." if prefix else ""
        self._admin = cluster.admin()
        self._known: dict[str, int] = {}

    def full_name(self, topic: str) -> str:
        """Return the topic's name in the cluster."""
        return self._prefix + topic

    def group_id(self, group: str, topic: str) -> str:
        """Return the group's name in the cluster: one for each topic, so that topics do not rebalance each other."""
        return f"{self._prefix}{group}.{topic}"

    def cluster_id(self) -> str:
        """Return the id the cluster was formatted with."""
        return str(self._cluster.retried("naming the cluster", self._admin.describe_cluster)["cluster_id"])

    def make(self, topic: str, partitions: int, **other_settings: str) -> None:
        """Make the topic, or check that the present one is as it would be made."""
        settings = _SETTINGS | {name.replace("_", "."): value for name, value in other_settings.items()}
        present = self.describe(topic)
        if present is None:
            new = client.new_topic(self.full_name(topic), partitions, settings)
            self._cluster.retried(f"making the topic {topic!r}", lambda: self._create(new))
            present = self.describe(topic)
            if present is None:
                raise self._cluster.unavailable(f"making the topic {topic!r}", "it does not appear")
        if present.partitions != partitions:
            raise FatalError(
                f"topic {self.full_name(topic)!r} has {present.partitions} partitions, not {partitions}",
                remedy=f"Set its number of partitions to {present.partitions}; it cannot change while the log lives.",
            )
        self._check_settings(topic, settings)

    def _create(self, new: object) -> None:
        # Another process may be faster; what it made is checked like everything present.
        with contextlib.suppress(*client.TOPIC_EXISTS):
            self._admin.create_topics([new], timeout_ms=self._cluster.timeout_ms, wait_for_metadata=True)

    def _check_settings(self, topic: str, wanted: Mapping[str, str]) -> None:
        name = self.full_name(topic)
        resource = [client.topic_resource(name)]
        answer = self._cluster.retried(
            f"reading the settings of {topic!r}", lambda: self._admin.describe_configs(resource, config_filter="all")
        )
        present = {key: str(entry["value"]) for key, entry in answer["topic"][name].items()}
        wrong = {
            key: value
            for key, value in wanted.items()
            if present.get(key) != value and not (key == "max.message.bytes" and int(present.get(key, 0)) > int(value))
        }
        if wrong:
            settings = ",".join(f"{key}={value}" for key, value in sorted(wrong.items()))
            raise FatalError(
                f"topic {name!r} would lose or mangle records: it has "
                + ", ".join(f"{key}={present.get(key)}" for key in sorted(wrong)),
                remedy=f"kafka-configs.sh --alter --entity-type topics --entity-name {name} --add-config {settings}",
            )

    def describe(self, topic: str) -> TopicState | None:
        """Return the topic's state; None: there is no such topic."""
        name = self.full_name(topic)
        answer = self._cluster.retried(f"looking for {topic!r}", lambda: self._admin.describe_topics([name]))
        for found in answer:
            if found["name"] == name and not found["error_code"]:
                self._known[topic] = len(found["partitions"])
                return TopicState(str(found["topic_id"]), self._known[topic])
        self._known.pop(topic, None)
        return None

    def partitions(self, topic: str) -> int:
        """Return the number of partitions, looked up once; :raises UnknownTopicError:"""
        if topic not in self._known and self.describe(topic) is None:
            raise UnknownTopicError(
                f"Kafka at {', '.join(self._cluster.brokers)} has no topic {self.full_name(topic)!r}",
                remedy="Is `log` the one that `tocsin run` made? A new log gets its topics at the first start.",
            )
        return self._known[topic]

    def forget(self, topic: str) -> None:
        """Look the topic up again before it is used next: it may have been deleted."""
        self._known.pop(topic, None)

    def trim(self, topic: str, partition: int, before_offset: int) -> None:
        """Delete records below ``before_offset``, which lies within the log."""
        records = {client.place(self.full_name(topic), partition): before_offset}
        self._cluster.retried(
            f"trimming {topic}/{partition}",
            lambda: self._admin.delete_records(records, timeout_ms=self._cluster.timeout_ms),
        )

    def committed(self, group: str, topic: str, log_id: str) -> dict[int, int]:
        """Return the positions of a group by partition; :raises ForeignLogError: they belong to another log."""
        name = self.group_id(group, topic)
        answer = self._cluster.retried(
            f"reading positions of {group!r}", lambda: self._admin.list_group_offsets(name)
        ).get(name, {})
        for place, position in answer.items():
            check_position(group, topic, place.partition, position, log_id)
        return {place.partition: position.offset for place, position in answer.items()}

    def commit(self, group: str, topic: str, offsets: Mapping[int, int], log_id: str) -> None:
        """Set positions of a group at rest; :raises FatalError: it has members."""
        name = self.group_id(group, topic)
        positions = {
            client.place(self.full_name(topic), partition): client.position(offset, position_mark(log_id))
            for partition, offset in offsets.items()
        }

        def outcomes() -> Collection[type[Exception]]:
            """Set them; :raises KafkaError: a broker that has just begun still reads in what it knows of groups."""
            found = list(self._admin.alter_group_offsets(name, positions).values())
            passing = [one for one in found if client.is_retriable(one()) and not issubclass(one, client.GROUP_IN_USE)]
            if passing:
                raise passing[0]()
            return found

        for outcome in self._cluster.retried(f"setting positions of {group!r}", outcomes):
            if issubclass(outcome, client.GROUP_IN_USE):
                raise FatalError(
                    f"group {group!r} is reading {topic!r} now; its position was not changed",
                    remedy=f"Stop its jobs; after {self._cluster.session_s:g} s without a sign of them it can be set.",
                )
            if outcome.__name__ != "NoError":
                raise self._cluster.unavailable(f"setting positions of {group!r}", outcome.__name__)

    def close(self) -> None:
        """Close the connection; idempotent."""
        self._admin.close()


def position_mark(log_id: str) -> str:
    """Return the text that binds a committed offset to its log."""
    return f"{_METADATA_MARK}{log_id}"


def check_position(group: str, topic: str, partition: int, position: Position, log_id: str) -> None:
    """:raises ForeignLogError: the position was committed for another log, or by another program."""
    if position.metadata == position_mark(log_id):
        return
    whose = position.metadata.removeprefix(_METADATA_MARK) if position.metadata else "none: another tool set it"
    raise ForeignLogError(
        f"group {group!r} has committed offset {position.offset} of {topic}/{partition} for another log ({whose});"
        f" this is the log {log_id}",
        remedy="Open the log it belongs to, or set the group's position anew for this one.",
    )
