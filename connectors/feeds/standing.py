"""How a feed's row changes with each poll: its state, its next poll, what a person reads of it. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from connectors.feeds.cursor import FeedCursor, brought_up_to, cursor_of
from connectors.feeds.schedule import (
    FIRST_INTERVAL,
    MOST_STRETCHED,
    MOST_STRETCHED_RETRY,
    next_poll_at,
    outside_rest,
    own_interval,
)
from connectors.feeds.settings import FeedSettings
from schemas.ids import from_milliseconds
from schemas.ports.store import FeedRow
from schemas.reasons import FeedState

#: A feed asked again this soon speaks for itself then; one asked later (a long interval, or the server wishes it) is not
#: seen until it answers again, and says so after one failure.
_SOON = timedelta(minutes=40)
#: Answers "410 Gone" in a row after which a feed is believed to be gone.
GONE_AFTER = 2
#: So long people are told of entries that were probably missed.
_GAP_SHOWN = timedelta(days=1)
_ANSWERING = frozenset({FeedState.OK, FeedState.SILENT})
_UNASKED = frozenset({FeedState.PAUSED, FeedState.MUTED})


class FeedStanding(NamedTuple):
    """A feed of the settings with what is known of it. While polls find nothing new, only the two times move.

    ``told`` is the row as of the last poll that changed more than the times, without the text of the cursor: hundreds of
    entries a feed are held once.
    """

    feed: FeedSettings
    told: FeedRow
    cursor: FeedCursor
    next_poll_at: datetime | None
    last_success_at: datetime | None

    @property
    def row(self) -> FeedRow:
        """Return the row without the text of the cursor."""
        times = {"next_poll_at": self.next_poll_at, "last_success_at": self.last_success_at}
        return self.told.model_copy(update=times)

    @property
    def stored(self) -> FeedRow:
        """Return the row as the store keeps it."""
        return self.row.model_copy(update={"cursor": self.cursor.to_json()})

    @property
    def state(self) -> FeedState:
        """Return the state that a person reads."""
        return self.told.state

    @property
    def cursor_now(self) -> FeedCursor:
        """Return the cursor with the time of the last success."""
        return brought_up_to(self.cursor, self.last_success_at)

    def moved_only_in_time(self, before: FeedStanding) -> bool:
        """Return whether nothing but the times (and what a restart may forget) came since ``before``."""
        return self.told is before.told and self.cursor.tells_no_more_than(before.cursor)

    @property
    def address(self) -> str:
        """Return where the feed is asked: where it moved for good, else where the settings say."""
        return self.cursor.moved_to or self.feed.url

    @property
    def polled(self) -> bool:
        """Whether the feed is asked at all."""
        return self.told.state not in _UNASKED

    def due_at(self, now: datetime) -> datetime | None:
        """Return when the feed is to be asked next; None where it is not asked."""
        return (self.next_poll_at or now) if self.polled else None


def at_start(feed: FeedSettings, row: FeedRow | None, now: datetime) -> FeedStanding:
    """Return the standing of ``feed`` as a process begins: the stored one, seen through today's settings."""
    if row is None:
        row = FeedRow(feed_id=feed.id, url=feed.shown_url, state=FeedState.NEW, next_poll_at=now)
    cursor = cursor_of(row)
    changes: dict[str, object] = {}
    if row.url != feed.shown_url:
        cursor = cursor.forgetting_validators()
        changes = {"url": feed.shown_url, "next_poll_at": now, "consecutive_failures": 0}
    state = state_at_start(feed, row)
    if feed.paused:
        changes |= {"state": FeedState.PAUSED, "state_reason": "paused in the settings"}
    elif state is not row.state:
        changes |= {"state": state, "state_reason": "", "next_poll_at": now}
    elif row.next_poll_at is not None and feed.interval is not None and feed.interval_ms != cursor.fixed_ms:
        # Another interval in the settings holds from now on; the old one may have been a day.
        changes.setdefault("next_poll_at", min(row.next_poll_at, now + feed.interval * 1.25))
    return _standing(feed, row.model_copy(update=changes), cursor)


def state_at_start(feed: FeedSettings, row: FeedRow | None) -> FeedState:
    """Return the state of ``feed`` as a process begins; the cursor in ``row`` is not looked at."""
    if feed.paused:
        return FeedState.PAUSED
    if row is None:
        return FeedState.NEW
    asleep = row.state in (FeedState.PAUSED, FeedState.REMOVED, FeedState.MUTED)
    if not asleep or (row.state is FeedState.MUTED and row.url == feed.shown_url):
        return row.state
    return FeedState.NEW if row.last_success_at is None else FeedState.OK


def _standing(feed: FeedSettings, row: FeedRow, cursor: FeedCursor) -> FeedStanding:
    told = row.model_copy(update={"cursor": "{}"})
    return FeedStanding(feed, told, cursor, row.next_poll_at, row.last_success_at)


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
    feed, row = standing.feed, standing.told
    if cursor.errors or cursor.gone or cursor.fixed_ms != feed.interval_ms:
        cursor = cursor.model_copy(update={"errors": 0.0, "gone": 0, "fixed_ms": feed.interval_ms})
    said = row.state_reason if row.state is FeedState.OK else ""
    if remark is not None:
        said = "; ".join(filter(None, (_gap_told(feed, cursor, now), remark)))
    silence = _silence_told(cursor, now)
    state = FeedState.SILENT if silence else FeedState.OK
    said = silence or said
    if new_entries or (row.state, row.state_reason, row.last_error, row.consecutive_failures) != (state, said, "", 0):
        row = row.model_copy(
            update={
                "state": state,
                "state_reason": said,
                "last_error": "",
                "consecutive_failures": 0,
                "items_seen": row.items_seen + new_entries,
            }
        )
    return FeedStanding(feed, row, cursor, _next_poll_at(feed, cursor, now, retry_after_s, jitter), now)


def after_failure(
    standing: FeedStanding,
    error: str,
    now: datetime,
    *,
    gone: bool = False,
    weight: float = 1.0,
    retry_after_s: float | None = None,
    jitter: float,
) -> FeedStanding:
    """Return the standing after a poll that failed with ``error``, which counts by its ``weight``; ``gone``: the server
    answered 410. Where it had been asked at the address it moved to, the next request goes to that of the settings."""
    feed, row = standing.feed, standing.told
    failures = row.consecutive_failures + 1
    cursor = standing.cursor.model_copy(
        update={"errors": standing.cursor.errors + weight, "fixed_ms": feed.interval_ms}
    )
    if cursor.moved_to is not None and weight >= 1.0:
        cursor = cursor.forgetting_validators()
    elif gone or cursor.gone:
        cursor = cursor.model_copy(update={"gone": cursor.gone + 1 if gone else 0})
    again_at = _next_poll_at(feed, cursor, now, retry_after_s, jitter)
    state = row.state
    if failures > 1 or row.state not in _ANSWERING or again_at - now > _SOON:
        state = FeedState.FAILING
    if cursor.gone >= GONE_AFTER:
        state = FeedState.MUTED
    following = row.model_copy(
        update={
            "state": state,
            "state_reason": "gone for good (410); correct its URL in the settings"
            if state is FeedState.MUTED
            else error,
            "last_error": error,
            "consecutive_failures": failures,
        }
    )
    next_at = None if state is FeedState.MUTED else again_at
    return FeedStanding(feed, following, cursor, next_at, standing.last_success_at)


def not_before(standing: FeedStanding, until: datetime) -> FeedStanding:
    """Return the standing of a feed whose host is left alone until then; its row says so, also after a restart."""
    due_at = standing.next_poll_at
    if not standing.polled or (due_at is not None and due_at >= until):
        return standing
    return FeedStanding(standing.feed, standing.told, standing.cursor, until, standing.last_success_at)


def _next_poll_at(
    feed: FeedSettings, cursor: FeedCursor, now: datetime, retry_after_s: float | None, jitter: float
) -> datetime:
    """Return when to ask next; an interval of the settings is obeyed as it is."""
    errors = cursor.errors
    if feed.interval is not None:
        return next_poll_at(feed.id, feed.interval, now, errors=errors, retry_after_s=retry_after_s, jitter=jitter)
    interval, most = own_interval(cursor, now), MOST_STRETCHED
    if errors:
        interval, most = min(interval, FIRST_INTERVAL), MOST_STRETCHED_RETRY
    at = next_poll_at(
        feed.id, interval, now, errors=errors, most_stretched=most, retry_after_s=retry_after_s, jitter=jitter
    )
    return outside_rest(at, cursor.pace, now)


def _silence_told(cursor: FeedCursor, now: datetime) -> str:
    """Return how silent the feed is, in words; empty where it is not more so than it ever was."""
    since = cursor.rhythm.silent_since(now) if cursor.rhythm is not None else None
    if since is None or cursor.rhythm is None:
        return ""
    before = timedelta(milliseconds=cursor.rhythm.longest_ms)
    return f"it brings nothing new since {since:%Y-%m-%d %H:%M} UTC; its longest pause before was {_span(before)}"


def not_taken(since: datetime, until: datetime) -> str:
    """Return what is to be said of a push that was paused, or that nobody took."""
    return (
        f"nothing was taken between {since:%Y-%m-%d %H:%M} and {until:%Y-%m-%d %H:%M} UTC: what was sent then and not again since"
        " is missing"
    )


def _gap_told(feed: FeedSettings, cursor: FeedCursor, now: datetime) -> str:
    """Return what was probably missed of late, in words, and how often that happened."""
    if cursor.gap is None:
        return ""
    since, until = map(from_milliseconds, cursor.gap)
    if now - until > _GAP_SHOWN:
        return ""
    if feed.is_pushed:
        return not_taken(since, until)
    often = f", {cursor.gaps:,} times so far" if cursor.gaps > 1 else ""
    return f"entries between {since:%Y-%m-%d %H:%M} and {until:%Y-%m-%d %H:%M} UTC were probably missed{often}"


def _span(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} hours"
