"""A record that could not be handled, whole, with the reason and what is needed to replay it."""

from __future__ import annotations

from typing import Literal

from schemas.ids import digest
from schemas.model import Record, UtcDatetime
from schemas.reasons import DeadLetterReason


class DeadLetter(Record):
    """``original`` holds the bytes as they were (at most 512 KiB, ``original_bytes`` tells the true size)."""

    kind: Literal["dead_letter"] = "dead_letter"
    dead_letter_id: str
    stage: str  # poll, extract, decide, notify
    reason: DeadLetterReason
    error: str
    topic: str
    partition: int
    offset: int
    article_id: str | None = None
    feed_id: str | None = None
    original: bytes
    original_bytes: int
    status: Literal["open", "replayed"] = "open"
    recorded_at: UtcDatetime


#: How much of an original a dead letter carries, in bytes (base64 adds a third; the record stays below 1 MiB).
MAX_ORIGINAL_BYTES = 524_288


def dead_letter_id(log_id: str, topic: str, partition: int, offset: int) -> str:
    """Return the id of the dead letter of one log position: 24 hex digits, the same on every attempt."""
    return digest("dead-letter", log_id, topic, str(partition), str(offset), length=24)
