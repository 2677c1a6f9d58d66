"""How a feed's row changes with each poll: its state, its next poll, what a person reads of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.feeds.cursor import FeedCursor, cursor_of
from connectors.feeds.schedule import next_poll_at
from connectors.feeds.settings import FeedSettings, shown_url
from schemas.ports.store import FeedRow
from schemas.reasons import FeedState

#: A feed asked again this soon speaks for itself then; one asked later (a long interval, or the server wishes it) is not
#: seen until it answers again, and says so after one failure.
_SOON = timedelta(minutes=40)
#: Answers "410 Gone" in a row after which a feed is believed to be gone.
GONE_AFTER = 2


@dataclass(frozen=True)
class FeedStanding:
    """A feed of the settings with its row and its cursor, read once."""

    feed: FeedSettings
    row: FeedRow
    cursor: FeedCursor

    @property
    def polled(self) -> bool:
        """Whether the feed is asked at all."""
        return self.row.state not in (FeedState.PAUSED, FeedState.MUTED)

    def due_at(self, now: datetime) -> datetime | None:
        """Return when the feed is to be asked next; None where it is not asked."""
        return (self.row.next_poll_at or now) if self.polled else None


def at_start(feed: FeedSettings, row: FeedRow | None, now: datetime) -> FeedStanding:
    """Return the standing of ``feed`` as a process begins: the stored one, seen through today's settings."""
    if row is None:
        row = FeedRow(feed_id=feed.id, url=feed.shown_url, state=FeedState.NEW, next_poll_at=now)
    cursor = cursor_of(row)
    changes: dict[str, object] = {}
    if row.url != feed.shown_url:
        cursor = cursor.forgetting_validators()
        changes = {"url": feed.shown_url, "next_poll_at": now, "consecutive_failures": 0, "cursor": cursor.to_json()}
    awake = row.state not in (FeedState.PAUSED, FeedState.REMOVED, FeedState.MUTED)
    if feed.paused:
        changes |= {"state": FeedState.PAUSED, "state_reason": "paused in the settings"}
    elif not awake and (row.state is not FeedState.MUTED or changes):
        state = FeedState.NEW if cursor.succeeded_ms is None else FeedState.OK
        changes |= {"state": state, "state_reason": "", "next_poll_at": now}
    elif row.next_poll_at is not None and not row.consecutive_failures:
        # A shorter interval in the settings holds from now on; the old one may have been a day.
        changes.setdefault("next_poll_at", min(row.next_poll_at, now + feed.interval * 1.25))
    return FeedStanding(feed, row.model_copy(update=changes), cursor)


def removed(row: FeedRow) -> FeedRow:
    """Return the row of a feed that is no longer in the settings; its cursor is kept, should it come back."""
    return row.model_copy(
        update={"state": FeedState.REMOVED, "state_reason": "no longer in the settings", "next_poll_at": None}
    )


def after_success(
    standing: FeedStanding,
    cursor: FeedCursor,
    now: datetime,
    *,
    new_entries: int = 0,
    remark: str | None = None,
    retry_after_s: float | None = None,
    jitter: float,
) -> FeedStanding:
    """Return the standing after a poll that succeeded with ``cursor``. ``remark`` is what a person should know of the
    document; None: it is the one known already, and what was said of it holds."""
    feed, row = standing.feed, standing.row
    said = row.state_reason if row.state is FeedState.OK else ""
    following = row.model_copy(
        update={
            "url": shown_url(feed.url),
            "state": FeedState.OK,
            "state_reason": said if remark is None else remark,
            "cursor": _text_of(cursor, standing),
            "next_poll_at": next_poll_at(feed.id, feed.interval, now, retry_after_s=retry_after_s, jitter=jitter),
            "last_success_at": now,
            "last_error": "",
            "consecutive_failures": 0,
            "items_seen": row.items_seen + new_entries,
        }
    )
    return FeedStanding(feed, following, cursor)


def after_failure(
    standing: FeedStanding,
    error: str,
    now: datetime,
    *,
    gone: bool = False,
    retry_after_s: float | None = None,
    jitter: float,
) -> FeedStanding:
    """Return the standing after a poll that failed with ``error``; ``gone``: the server answered 410."""
    feed, row = standing.feed, standing.row
    failures = row.consecutive_failures + 1
    cursor = standing.cursor
    if gone or cursor.gone:
        cursor = cursor.model_copy(update={"gone": cursor.gone + 1 if gone else 0})
    again_at = next_poll_at(feed.id, feed.interval, now, failures=failures, retry_after_s=retry_after_s, jitter=jitter)
    state = row.state
    if failures > 1 or row.state is not FeedState.OK or again_at - now > _SOON:
        state = FeedState.FAILING
    if cursor.gone >= GONE_AFTER:
        state = FeedState.MUTED
    following = row.model_copy(
        update={
            "state": state,
            "state_reason": "gone for good (410); correct its URL in the settings"
            if state is FeedState.MUTED
            else error,
            "cursor": _text_of(cursor, standing),
            "next_poll_at": None if state is FeedState.MUTED else again_at,
            "last_error": error,
            "consecutive_failures": failures,
        }
    )
    return FeedStanding(feed, following, cursor)


def _text_of(cursor: FeedCursor, standing: FeedStanding) -> str:
    return standing.row.cursor if cursor.tells_no_more_than(standing.cursor) else cursor.to_json()
