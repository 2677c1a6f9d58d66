"""What the poller looked at, minute by minute: the engine's clock and its measure of exposure."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

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
    feed missing from it is removed. The same record goes to every partition, with its own ``partition`` number.
    """

    kind: Literal["coverage"] = "coverage"
    since: UtcDatetime
    at: UtcDatetime
    partition: int
    partitions: int
    full: bool
    feeds: tuple[FeedCoverage, ...] = ()

    @model_validator(mode="after")
    def _check_stretch(self) -> Self:
        if not 0 <= self.partition < self.partitions:
            raise ValueError(f"partition {self.partition} is not one of {self.partitions}")
        if self.since > self.at:
            raise ValueError("since lies after at")
        if (self.at - self.since).total_seconds() > 3600:
            raise ValueError("a stretch is at most one hour long")
        return self
