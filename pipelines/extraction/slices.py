"""What flows between the transforms: slices of records, each record with its place in the log and its original bytes.

Slices, because a step of Beam costs more than the work on one short article. A slice travels as JSON records in frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from schemas.article import Article
from schemas.model import Part
from schemas.ports.log import LogRecord
from schemas.reasons import DeadLetterReason
from schemas.wire import ArticlesRecord, SignalsRecord

R_co = TypeVar("R_co", covariant=True)

#: Records in a slice: enough to make Beam cheap and the model for names fast, few enough for the caches of a core.
SLICE_RECORDS = 250


class Placed(NamedTuple, Generic[R_co]):
    """A record, where in ``articles`` it stood or came from, and its bytes there."""

    partition: int
    offset: int
    record: R_co
    original: bytes


@dataclass(frozen=True)
class RecordSlice:
    """Records as they lie in a topic."""

    items: Sequence[Placed[bytes]]


@dataclass(frozen=True)
class ArticleSlice:
    """Records of ``articles``."""

    items: Sequence[Placed[ArticlesRecord]]


@dataclass(frozen=True)
class SignalSlice:
    """Records of ``signals``."""

    items: Sequence[Placed[SignalsRecord]]


class Failure(Part):
    """A record that a step could not handle, and why: a dead letter but for what only the job knows."""

    partition: int
    offset: int
    reason: DeadLetterReason
    error: str
    article_id: str | None = None
    feed_id: str | None = None
    original: bytes


@dataclass(frozen=True)
class FailureSlice:
    """Records that could not be handled."""

    items: Sequence[Failure]


def slices_of(records: Sequence[LogRecord]) -> list[RecordSlice]:
    """Return ``records`` cut into slices, in order."""
    placed = [Placed(record.partition, record.offset, record.value, record.value) for record in records]
    return [RecordSlice(placed[start : start + SLICE_RECORDS]) for start in range(0, len(placed), SLICE_RECORDS)]


def article_slices_of(articles: Sequence[Article]) -> list[ArticleSlice]:
    """Return ``articles``, which lie in no log, cut into slices; the offset of each is its index."""
    placed = [Placed(0, index, article, b"") for index, article in enumerate(articles)]
    return [ArticleSlice(placed[start : start + SLICE_RECORDS]) for start in range(0, len(placed), SLICE_RECORDS)]
