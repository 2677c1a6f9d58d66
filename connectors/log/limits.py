"""What every log refuses before it writes: wrong names, partitions that are not there, records that are too large."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from schemas.clock import Clock
from schemas.errors import ClockRefusedError, RecordTooLargeError, UnknownTopicError, UsageError
from schemas.ports.log import Entry

#: The largest value of a record; four times the largest record the project writes as JSON.
MAX_VALUE_BYTES = 4_194_304
#: The largest key; keys are ids.
MAX_KEY_BYTES = 16_384
#: A writer whose clock is further than this behind the log's newest stamps is refused.
CLOCK_TOLERANCE_MS = 120_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TOPIC = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


def check_topic_name(topic: str) -> None:
    """:raises UsageError: not letters, digits, dot, dash and underscore (what Kafka allows), 200 at most."""
    if not _TOPIC.fullmatch(topic):
        raise UsageError(f"{topic!r} cannot be the name of a topic", remedy="Use letters, digits, '.', '-' and '_'.")


def check_entries(topic: str, partitions: int, entries: Sequence[Entry]) -> None:
    """Refuse a group before any of it is written.

    :raises UnknownTopicError: a partition the topic does not have.
    :raises RecordTooLargeError: a value over 4 MiB or a key over 16 KiB.
    """
    for entry in entries:
        check_partition(topic, partitions, entry.partition)
        if len(entry.value) > MAX_VALUE_BYTES or len(entry.key) > MAX_KEY_BYTES:
            raise RecordTooLargeError(
                f"a record for {topic}/{entry.partition} has {len(entry.value):,} bytes and a key of {len(entry.key):,};"
                f" the limits are {MAX_VALUE_BYTES:,} and {MAX_KEY_BYTES:,}"
            )


def check_partition(topic: str, partitions: int, partition: int) -> None:
    """:raises UnknownTopicError: the topic has no such partition."""
    if not 0 <= partition < partitions:
        raise UnknownTopicError(f"topic {topic!r} has partitions 0 to {partitions - 1}, not {partition}")


def clock_ms(clock: Clock) -> int:
    """Return the clock's present in whole milliseconds since 1970."""
    return (clock.now() - _EPOCH) // timedelta(milliseconds=1)


def check_clock(topic: str, now_ms: int, log_ms: int) -> None:
    """:raises ClockRefusedError: ``now_ms`` lies more than two minutes behind ``log_ms``, the log's newest stamp."""
    if now_ms < log_ms - CLOCK_TOLERANCE_MS:
        behind_s = (log_ms - now_ms) / 1000
        raise ClockRefusedError(
            f"this machine's clock is {behind_s:,.0f} s behind the newest append time of {topic!r}",
            remedy="Set the clock right (NTP). If the log was written with a clock that ran ahead, wait until time"
            " has caught up with it, or start a new log.",
        )
