"""Every feed as one row: who is behind it, its state, how often it is asked and when next, what went wrong. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import ValidationError

from alerts.engine import Engine
from alerts.explanation.phrases import moment
from connectors.feeds.cursor import FeedCursor
from connectors.feeds.schedule import own_interval
from connectors.feeds.settings import FeedSettings
from schemas.ids import hour_start
from schemas.plain_text import plural
from schemas.ports.store import FeedRow
from schemas.reasons import FeedState

#: What needs a person comes first.
_ORDER = (
    FeedState.FAILING,
    FeedState.MUTED,
    FeedState.SILENT,
    FeedState.NEW,
    FeedState.OK,
    FeedState.PAUSED,
    FeedState.REMOVED,
)
_UNASKED = frozenset({FeedState.PAUSED, FeedState.MUTED, FeedState.REMOVED})


@dataclass(frozen=True)
class Joining:
    """A feed in shadow: its articles count for ``rules`` rules only from ``until`` on, the latest of them; until then they
    corroborate."""

    until: datetime
    rules: int

    #: What shadow means, behind the time in the words of :attr:`until_when`.
    MEANING: ClassVar[str] = "it corroborates and does not count yet"

    @property
    def until_when(self) -> str:
        """Return the words before the time; page and terminal write the time as each does."""
        return f"in shadow for {plural(self.rules, 'rule')} until"

    @property
    def words(self) -> str:
        """Return what a person reads of it."""
        return f"{self.until_when} {moment(self.until)}: {self.MEANING}"


@dataclass(frozen=True)
class FeedShown:
    """``every``: how often it is asked, before errors stretch that; None where it is not asked, or that cannot be known.
    ``fixed``: the settings say so, else its own rhythm does. ``usual_pause``: between two new items of it."""

    row: FeedRow
    feed: FeedSettings | None  # None: the settings know it no more
    every: timedelta | None
    fixed: bool
    usual_pause: timedelta | None
    next_poll_at: datetime | None
    joining: Joining | None


def joining_feeds(engine: Engine) -> dict[str, Joining]:
    """Return the feeds that are in shadow for some rule, by id."""
    hours: dict[str, list[int]] = {}
    for state in engine.rules.values():
        for feed, hour in state.shadows().items():
            hours.setdefault(feed, []).append(hour)
    return {feed: Joining(hour_start(max(mine)), len(mine)) for feed, mine in hours.items()}


def in_order(rows: Iterable[FeedRow], *, words: str = "", state: str = "") -> list[FeedRow]:
    """Return the rows of ``state`` whose id or error holds each of ``words``, what needs a person first."""
    wanted = words.casefold().split()
    found = [
        row
        for row in rows
        if (not state or row.state.value == state)
        and all(word in f"{row.feed_id} {row.state_reason} {row.last_error}".casefold() for word in wanted)
    ]
    return sorted(found, key=lambda row: (_ORDER.index(row.state), row.feed_id))


def shown_feeds(
    rows: Sequence[FeedRow], settings: Mapping[str, FeedSettings], joining: Mapping[str, Joining], now: datetime
) -> list[FeedShown]:
    """Return ``rows`` with what the settings, the engine (both by feed id) and the poller's cursor say of them."""
    return [_shown(row, settings.get(row.feed_id), joining.get(row.feed_id), now) for row in rows]


def _shown(row: FeedRow, feed: FeedSettings | None, joining: Joining | None, now: datetime) -> FeedShown:
    asked = row.state not in _UNASKED
    cursor = _cursor(row)
    fixed = feed.interval if feed is not None else None
    own = own_interval(cursor, now) if cursor is not None and row.last_success_at is not None else None
    return FeedShown(
        row=row,
        feed=feed,
        every=(fixed or own) if asked else None,
        fixed=fixed is not None,
        usual_pause=cursor.rhythm.usual_pause if cursor is not None and cursor.rhythm is not None else None,
        next_poll_at=row.next_poll_at if asked else None,
        joining=joining if asked else None,
    )


def _cursor(row: FeedRow) -> FeedCursor | None:
    """Return the cursor without its entries; None where it cannot be read, which the poller itself tells."""
    try:
        return FeedCursor.model_validate_json(row.cursor)
    except ValidationError:
        return None
