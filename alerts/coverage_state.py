"""What a snapshot of the engine says of coverage, and back."""

from __future__ import annotations

from alerts.coverage import CoverageBook, FeedStanding, HourCoverage
from schemas.article import Source
from schemas.model import Part, UtcDatetime
from schemas.reasons import FeedState


class _Standing(Part):
    feed_id: str
    source: Source
    state: FeedState
    known_since: int
    changed_at: int | None
    complete_since: UtcDatetime | None
    complete_until: UtcDatetime | None
    last_success: UtcDatetime | None


class _Hour(Part):
    hour: int
    watched: bool
    polls: dict[str, tuple[int, int]]
    down: tuple[str, ...]
    restored: tuple[str, ...]


class CoverageState(Part):
    """A :class:`alerts.coverage.CoverageBook` in a snapshot."""

    newest: dict[int, UtcDatetime]
    partitions: int
    applied_until: UtcDatetime | None
    first_since: UtcDatetime | None
    feeds: tuple[_Standing, ...]
    hours: tuple[_Hour, ...]


def coverage_state(book: CoverageBook) -> CoverageState:
    """Return ``book`` as it is now."""
    return CoverageState(
        newest=book.newest,
        partitions=book.partitions,
        applied_until=book.applied_until,
        first_since=book.first_since,
        feeds=tuple(
            _Standing(
                feed_id=feed_id,
                source=standing.source,
                state=standing.state,
                known_since=standing.known_since,
                changed_at=standing.changed_at,
                complete_since=standing.complete_since,
                complete_until=standing.complete_until,
                last_success=standing.last_success,
            )
            for feed_id, standing in book.feeds.items()
        ),
        hours=tuple(
            _Hour(
                hour=hour,
                watched=row.watched,
                polls=row.polls,
                down=tuple(sorted(row.down)),
                restored=tuple(sorted(row.restored)),
            )
            for hour, row in book.hours.items()
        ),
    )


def coverage_book(document: CoverageState) -> CoverageBook:
    """Return the book that ``document`` describes."""
    book = CoverageBook()
    book.newest = dict(document.newest)
    book.partitions = document.partitions
    book.applied_until = document.applied_until
    book.first_since = document.first_since
    for feed in document.feeds:
        book.feeds[feed.feed_id] = FeedStanding(
            source=feed.source,
            state=feed.state,
            known_since=feed.known_since,
            changed_at=feed.changed_at,
            complete_since=feed.complete_since,
            complete_until=feed.complete_until,
            last_success=feed.last_success,
        )
    for row in document.hours:
        book.hours[row.hour] = HourCoverage(
            watched=row.watched, polls=dict(row.polls), down=set(row.down), restored=set(row.restored)
        )
    return book
