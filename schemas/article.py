"""An article as a connector saw it, before anything was found in it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from schemas.ids import milliseconds
from schemas.model import Part, Record, UtcDatetime
from schemas.reasons import ArticleStatus, CutReason, EventTimeReason, SourceKind


class Source(Part):
    """A publisher. ``group`` joins outlets of one owner or agency: they count as one publisher. ``kind`` says who stands
    behind it; where nobody said so it is not written either, so that records and their hashes stay as they were."""

    id: str
    name: str = ""
    country: str | None = None  # ISO 3166-1 alpha-3
    group: str | None = None
    kind: SourceKind | None = Field(default=None, exclude_if=lambda kind: kind is None)

    @property
    def publisher(self) -> str:
        """What is counted once: the group where there is one, else the source."""
        return self.group or self.id


class Article(Record):
    """One revision of one item. ``revision`` is ``revised_at`` in milliseconds: an observation time, not a counter."""

    kind: Literal["article"] = "article"
    article_id: str
    revision: int
    revised_at: UtcDatetime
    status: ArticleStatus = ArticleStatus.LIVE
    source: Source
    feed_id: str
    guid: str | None = None
    url: str | None = None
    title: str = ""
    summary: str = ""
    text: str = ""
    language: str | None = None  # as declared by the feed or the operator, ISO 639-1
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    published_at: UtcDatetime | None = None  # as claimed by this revision
    observed_at: UtcDatetime  # when the item was first seen
    event_time: UtcDatetime  # fixed by the first accepted revision
    event_time_reason: EventTimeReason
    content_hash: str
    cuts: tuple[CutReason, ...] = ()

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if self.revision != milliseconds(self.revised_at):
            raise ValueError("revision must be revised_at in milliseconds since 1970")
        if self.revised_at < self.observed_at:
            raise ValueError("revised_at lies before observed_at: an item cannot be revised before it was first seen")
        return self
