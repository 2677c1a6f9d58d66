"""What the poller looked at, minute by minute: the engine's clock and its measure of exposure."""

from __future__ import annotations

import base64
import bz2
import json
from typing import ClassVar, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from schemas.article import Source
from schemas.model import Part, Record, UtcDatetime
from schemas.reasons import FeedState


class FeedCoverage(Part):
    """One feed over the stretch of one Coverage record.

    ``reached_back_to`` is the instant from which this feed is known completely as of its last successful poll in the
    stretch: at or before the previous success when the two documents overlap (nothing scrolled off unseen), the oldest
    dated item on a first poll; ``None`` when no poll succeeded.
    """

    feed_id: str
    source: Source
    state: FeedState
    polls_due: int = 0
    polls_succeeded: int = 0
    reached_back_to: UtcDatetime | None = None
    items_seen: int = 0


class Coverage(Record):
    """Written each minute to every partition of ``articles``, after all articles observed before it are acknowledged.

    It speaks of the stretch ``(since, at]``, which lies in one UTC hour; time in no stretch was not watched. A delta
    names only the feeds with something to say; a ``full`` record (hourly, and the first of a process) names all, and a
    feed missing from it is removed. The same record goes to every partition, with its own ``partition`` number. With very
    many feeds it is written packed (:func:`packed`); whoever reads it through :mod:`schemas.wire` sees its feeds.
    """

    CURRENT_VERSION: ClassVar[int] = 2

    kind: Literal["coverage"] = "coverage"
    since: UtcDatetime
    at: UtcDatetime
    partition: int
    partitions: int
    full: bool
    feeds: tuple[FeedCoverage, ...] = ()
    #: Version 2 only: ``feeds``, which are left out then: JSON of one list a field, in their order, as bzip2, as base 85.
    packed_feeds: str | None = Field(default=None, exclude_if=lambda packed: packed is None)

    @model_validator(mode="after")
    def _check_stretch(self) -> Self:
        if not 0 <= self.partition < self.partitions:
            raise ValueError(f"partition {self.partition} is not one of {self.partitions}")
        if self.since > self.at:
            raise ValueError("since lies after at")
        if (self.at - self.since).total_seconds() > 3600:
            raise ValueError("a stretch is at most one hour long")
        return self


#: Records that name more feeds than this are written packed: twenty thousand feeds are 5 MB as they are.
MOST_PLAIN_FEEDS = 2_000
#: What is packed is never more than this unpacked.
_MOST_UNPACKED_BYTES = 64 * 1024 * 1024
_COLUMNS = tuple(FeedCoverage.model_fields)
_FEEDS: TypeAdapter[tuple[FeedCoverage, ...]] = TypeAdapter(tuple[FeedCoverage, ...])


def packed(coverage: Coverage) -> Coverage:
    """Return ``coverage`` as it is written: with its feeds packed where there are many."""
    if len(coverage.feeds) <= MOST_PLAIN_FEEDS:
        return coverage
    rows = json.loads(_FEEDS.dump_json(coverage.feeds))
    # A column of like values packs far better than rows do.
    columns = json.dumps([[row[name] for row in rows] for name in _COLUMNS], separators=(",", ":"))
    text = base64.b85encode(bz2.compress(columns.encode())).decode()
    return coverage.changed(schema_version=2, feeds=(), packed_feeds=text)


def unpacked(coverage: Coverage) -> Coverage:
    """Return ``coverage`` as it is used, with its feeds; :raises ValueError: what is packed cannot be read."""
    if coverage.packed_feeds is None:
        return coverage
    inflating = bz2.BZ2Decompressor()
    try:
        text = inflating.decompress(base64.b85decode(coverage.packed_feeds), _MOST_UNPACKED_BYTES)
    except OSError as error:
        raise ValueError(f"packed_feeds cannot be unpacked: {error}") from error
    if not inflating.eof:
        raise ValueError("packed_feeds are cut off, or too long")
    columns = json.loads(text)
    if not isinstance(columns, list) or len(columns) != len(_COLUMNS):
        raise ValueError(f"packed_feeds are not {len(_COLUMNS)} columns")
    rows = [dict(zip(_COLUMNS, row, strict=True)) for row in zip(*columns, strict=True)]
    return coverage.changed(schema_version=1, feeds=_FEEDS.validate_json(json.dumps(rows)), packed_feeds=None)
