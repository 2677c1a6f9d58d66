"""The shapes of kafka-python's clients and records, as far as they are used: types for what comes without."""

# ruff: noqa: D102 — what each call does is kafka-python's to document.

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol


class Place(Protocol):
    """A partition of a topic; made by :func:`connectors.log.kafka_client.place`, because kafka-python insists on its own pair."""

    @property
    def topic(self) -> str: ...

    @property
    def partition(self) -> int: ...


class Position(Protocol):
    """A committed offset and the text beside it."""

    offset: int
    metadata: str


class Fetched(Protocol):
    """A record as kafka-python gives it; ``timestamp`` is the append time in ms."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class Stamped(Protocol):
    """An offset with the append time of its record, in ms; of an acknowledged or a found record."""

    offset: int
    timestamp: int


class Sent(Protocol):
    """A record on its way."""

    def get(self, timeout: float) -> Stamped: ...


class Producer(Protocol):
    """The calls of KafkaProducer that are used."""

    def send(self, topic: str, value: bytes, key: bytes, *, partition: int) -> Sent: ...
    def flush(self, timeout: float) -> None: ...
    def close(self, timeout: float) -> None: ...


class Consumer(Protocol):
    """The calls of KafkaConsumer that are used."""

    def assign(self, partitions: Sequence[Place]) -> None: ...
    def assignment(self) -> Collection[Place]: ...
    def seek(self, partition: Place, offset: int) -> None: ...
    def pause(self, *partitions: Place) -> None: ...
    def resume(self, *partitions: Place) -> None: ...
    def position(self, partition: Place, timeout_ms: int) -> int | None: ...
    def committed(self, partition: Place, metadata: bool, timeout_ms: int) -> Position | None: ...
    def commit(self, offsets: Mapping[Place, Position], timeout_ms: int) -> None: ...
    def beginning_offsets(self, partitions: Sequence[Place], timeout_ms: int) -> Mapping[Place, int]: ...
    def end_offsets(self, partitions: Sequence[Place], timeout_ms: int) -> Mapping[Place, int]: ...
    def offsets_for_times(self, timestamps: dict[Place, int], timeout_ms: int) -> Mapping[Place, Stamped | None]: ...
    def close(self, autocommit: bool, timeout_ms: int) -> None: ...


class Admin(Protocol):
    """The calls of KafkaAdminClient that are used; answers are as the broker's, in dictionaries."""

    def create_topics(self, new_topics: Sequence[object], timeout_ms: int, wait_for_metadata: bool) -> object: ...
    def describe_topics(self, topics: Sequence[str]) -> Sequence[Mapping[str, Any]]: ...
    def describe_configs(
        self, config_resources: Sequence[object], config_filter: str
    ) -> Mapping[str, Mapping[str, Mapping[str, Mapping[str, Any]]]]: ...
    def describe_cluster(self) -> Mapping[str, Any]: ...
    def delete_records(self, records_to_delete: Mapping[Place, int], timeout_ms: int) -> object: ...
    def list_group_offsets(self, group: str) -> Mapping[str, Mapping[Place, Position]]: ...
    def alter_group_offsets(self, group: str, offsets: Mapping[Place, Position]) -> Mapping[Place, type[Exception]]: ...
    def close(self) -> None: ...
