"""The edge to kafka-python, which carries no types: its clients behind typed protocols, and its errors in our words.

Nothing else imports ``kafka``; what has no type there has one here.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import kafka
import kafka.errors
from kafka.admin import ConfigResource, NewTopic
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.record.util import crc32c_c

from connectors.log.kafka_shapes import Admin, Consumer, Fetched, Place, Position, Producer
from connectors.log.patience import Patience
from schemas.errors import FatalError, LogUnavailableError, RecordTooLargeError, TocsinError

T = TypeVar("T")

#: A record batch on the wire: the largest value the log takes, and room for its key and framing.
MAX_BATCH_BYTES = 4_194_304 + 65_536
_FETCH_BYTES = 16_777_216
_RETRY_S = 0.1
#: A client that cannot learn where topics are tells its caller so after this long, who tries again or stops.
_LONGEST_BLOCK_S = 10.0
#: How long a producer that is given up has to end its thread, which looks at nothing else while it waits for a broker.
_LONGEST_ABANDONING_S = 1.0


def _never() -> bool:
    return False


@dataclass(frozen=True)
class KafkaCluster:
    """Where the brokers are and how patient the clients are.

    :param brokers: ``host:port`` each.
    :param timeout_s: how long any call may take before LogUnavailableError.
    :param session_s: after how long a silent member of a consumer group loses its partitions.
    :param stopping: whether the job that calls is to stop; then a call waits no longer than a log that works needs.
    """

    brokers: tuple[str, ...]
    timeout_s: float
    session_s: float
    stopping: Callable[[], bool] = field(default=_never, compare=False)

    @property
    def timeout_ms(self) -> int:
        """The patience of any call."""
        return int(self.timeout_s * 1000)

    def patience(self, more_s: float = 0.0) -> Patience:
        """Return how long a call that begins now may wait."""
        return Patience(self.timeout_s + more_s, self.stopping)

    def admin(self) -> Admin:
        """Open a client for topics and groups."""
        return cast(Admin, self._opened(kafka.KafkaAdminClient))

    def producer(self) -> Producer:
        """Open an idempotent producer that waits for all replicas."""
        return cast(
            Producer,
            self._opened(
                kafka.KafkaProducer,
                acks="all",
                enable_idempotence=True,
                compression_type="zstd",
                batch_size=131_072,
                linger_ms=20,
                max_request_size=2 * MAX_BATCH_BYTES,
                delivery_timeout_ms=self.timeout_ms,
                bootstrap_timeout_ms=int(min(_LONGEST_BLOCK_S, self.timeout_s) * 1000),
                max_block_ms=int(min(_LONGEST_BLOCK_S, self.timeout_s) * 1000),
                allow_auto_create_topics=False,
            ),
        )

    def consumer(self, group: str | None = None) -> Consumer:
        """Open a consumer that never commits or resets by itself; with ``group``, one that can be a member."""
        return cast(
            Consumer,
            self._opened(
                kafka.KafkaConsumer,
                group_id=group,
                enable_auto_commit=False,
                auto_offset_reset="none",
                isolation_level="read_committed",
                allow_auto_create_topics=False,
                fetch_max_bytes=_FETCH_BYTES,
                max_partition_fetch_bytes=MAX_BATCH_BYTES,
                # A fetch for one partition waits at the broker while nothing comes; the next partition waits behind it.
                fetch_max_wait_ms=100,
                session_timeout_ms=int(self.session_s * 1000),
                heartbeat_interval_ms=int(min(3.0, self.session_s / 3) * 1000),
                max_poll_interval_ms=max(600_000, int(self.session_s * 1000)),
                partition_assignment_strategy=[CooperativeStickyAssignor],
            ),
        )

    def _opened(self, client: Callable[..., object], **settings: object) -> object:
        self._knock()
        with self.errors("opening a connection"):
            return client(
                bootstrap_servers=list(self.brokers),
                # Less than the whole, so that one lost answer leaves time to ask again.
                request_timeout_ms=min(10_000, self.timeout_ms * 3 // 4),
                reconnect_backoff_max_ms=1_000,
                **{"bootstrap_timeout_ms": self.timeout_ms, **settings},
            )

    def _knock(self) -> None:
        """A client that never reaches a broker leaves its thread behind, so look first whether one listens."""
        reasons = []
        for broker in self.brokers:
            host, _, port = broker.rpartition(":")
            try:
                socket.create_connection((host.strip("[]"), int(port)), timeout=min(5.0, self.timeout_s)).close()
            except OSError as error:
                reasons.append(f"{broker}: {error.strerror or error}")
            else:
                return
        raise self.unavailable("opening a connection", "; ".join(reasons))

    def retried(self, doing: str, call: Callable[[], T]) -> T:
        """Return what ``call`` returns, repeated while the cluster asks for patience and there is some left."""
        patience = self.patience()
        while True:
            try:
                return call()
            except kafka.errors.KafkaError as error:
                if not is_retriable(error) or not patience.left_s:
                    raise self._translated(doing, error) from error
            time.sleep(_RETRY_S)

    @contextlib.contextmanager
    def errors(self, doing: str) -> Iterator[None]:
        """Say kafka-python's errors in the words of the port."""
        try:
            yield
        except kafka.errors.KafkaError as error:
            raise self._translated(doing, error) from error
        except OSError as error:
            raise self.unavailable(doing, str(error)) from error

    @contextlib.contextmanager
    def passing_errors(self) -> Iterator[None]:
        """For closing what is given up anyway: a cluster that is away takes note by itself, later."""
        with contextlib.suppress(kafka.errors.KafkaError, OSError):
            yield

    def abandon(self, producer: Producer) -> None:
        """Close ``producer`` so that nothing it still holds is sent any more; what is on the wire may yet be written.

        The library's own ``close`` first waits for what is under way, fails at that, and leaves all as it was: the
        thread would go on and write it once the broker is back, after what its caller has appended since.
        """
        sender = cast(Any, producer)._sender  # The one way to stop it with something in hand.
        sender.force_close()
        sender.join(_LONGEST_ABANDONING_S)
        with self.passing_errors():
            producer.close(0)

    def unavailable(self, doing: str, why: str) -> LogUnavailableError:
        """Return the error of a cluster that did not answer in time."""
        return LogUnavailableError(
            f"Kafka at {', '.join(self.brokers)} did not answer while {doing}: {why}",
            remedy="It is tried again; if it stays so, look whether the broker runs and can be reached from here.",
        )

    def _translated(self, doing: str, error: kafka.errors.KafkaError) -> TocsinError:
        name = type(error).__name__
        if isinstance(error, kafka.errors.MessageSizeTooLargeError | kafka.errors.RecordListTooLargeError):
            return RecordTooLargeError(
                f"Kafka refused a record as too large while {doing}",
                remedy=f"Set max.message.bytes of the topic to {MAX_BATCH_BYTES}.",
            )
        if isinstance(error, kafka.errors.AuthorizationError):
            return FatalError(
                f"Kafka at {', '.join(self.brokers)} does not allow {doing}: {name}",
                remedy="Give this user the rights to describe, create, read, write and delete records of its topics.",
            )
        if is_retriable(error):
            return self.unavailable(doing, name)
        return FatalError(f"Kafka at {', '.join(self.brokers)} failed while {doing}: {name}: {error}")


def is_retriable(error: Exception) -> bool:
    """Whether the same call may succeed later; a producer that lost its sequence counts, for a new one is made."""
    return bool(getattr(error, "retriable", False)) or isinstance(error, _PASSING)


#: Not called retriable by the library, yet they pass: by another attempt or with a new producer.
_PASSING = (
    kafka.errors.KafkaConnectionError,
    kafka.errors.BrokerNotAvailableError,
    kafka.errors.OutOfOrderSequenceNumberError,
    kafka.errors.UnknownProducerIdError,
    kafka.errors.InvalidProducerEpochError,
    kafka.errors.UnknownError,
)
#: A commit of a member that is none any more.
LOST_MEMBERSHIP: tuple[type[Exception], ...] = (
    kafka.errors.CommitFailedError,
    kafka.errors.RebalanceInProgressError,
    kafka.errors.IllegalGenerationError,
    kafka.errors.UnknownMemberIdError,
    kafka.errors.FencedInstanceIdError,
)
OUT_OF_RANGE: tuple[type[Exception], ...] = (kafka.errors.OffsetOutOfRangeError, kafka.errors.LogTruncationError)
#: Waiting for acknowledgements took longer than it was given; they may still come.
STILL_ON_ITS_WAY: tuple[type[Exception], ...] = (kafka.errors.KafkaTimeoutError,)
NO_POSITION: tuple[type[Exception], ...] = (kafka.errors.NoOffsetForPartitionError,)
TOPIC_EXISTS: tuple[type[Exception], ...] = (kafka.errors.TopicAlreadyExistsError,)
GROUP_IN_USE: tuple[type[Exception], ...] = (kafka.errors.UnknownMemberIdError, kafka.errors.NonEmptyGroupError)


def check_library() -> None:
    """Refuse to run on the pure-Python checksum, which is five times slower; quiet the library's own messages.

    It reports every broken connection, which outages bring by the hundred, at ERROR; what matters is raised.
    """
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    if crc32c_c is None:
        raise FatalError(
            "the package crc32c is missing: Kafka would run at a fifth of its speed", remedy="pip install crc32c"
        )


def position(offset: int, metadata: str) -> Position:
    """Return what a commit takes."""
    return cast(Position, kafka.OffsetAndMetadata(offset, metadata, -1))


def new_topic(name: str, partitions: int, configs: Mapping[str, str]) -> object:
    """Return what ``create_topics`` takes; replication is the cluster's default."""
    return NewTopic(name, partitions, -1, topic_configs=dict(configs))


def topic_resource(name: str) -> object:
    """Return what ``describe_configs`` takes."""
    return ConfigResource("TOPIC", name)


def subscribe(
    consumer: Consumer,
    topic: str,
    taken: Callable[[Collection[Place]], None],
    lost: Callable[[Collection[Place]], None],
) -> None:
    """Make ``consumer`` a member for ``topic``; the callbacks run on the client's own thread."""

    class Listener(kafka.ConsumerRebalanceListener):  # type: ignore[misc]
        def on_partitions_assigned(self, assigned: Collection[Place]) -> None:
            taken(assigned)

        def on_partitions_revoked(self, revoked: Collection[Place]) -> None:
            lost(revoked)

        def on_partitions_lost(self, gone: Collection[Place]) -> None:
            lost(gone)

    cast(Any, consumer).subscribe([topic], listener=Listener())


def poll(consumer: Consumer, timeout_ms: int, max_records: int) -> Mapping[Place, Sequence[Fetched]]:
    """Poll, having put right two states in which kafka-python (3.0.12) would wait for ever.

    * A join that was begun because the topic's metadata changed, and that outlasts the poll, is forgotten: by its own
      bookkeeping nothing is left to join. Asked to rejoin, it takes up the join under way.
    * Records of a paused partition are laid aside, and taken up again only when none are half read; those of another
      partition that were read to their end still count as such.
    """
    inside = cast(Any, consumer)
    coordinator, fetcher = inside._coordinator, inside._fetcher
    if getattr(coordinator, "_join_task", None) is not None:
        coordinator.request_rejoin()
    half_read = getattr(fetcher, "_next_partition_records", None)
    if half_read is not None and not half_read:
        fetcher._next_partition_records = None
    return cast(Mapping[Place, Sequence[Fetched]], inside.poll(timeout_ms=timeout_ms, max_records=max_records))


def place(topic: str, partition: int) -> Place:
    """Return kafka-python's own pair."""
    return cast(Place, kafka.TopicPartition(topic, partition))
