"""When a permanent redirect is believed: after three successes by it in a row, within a day. Pure.

A feed that is asked once a day has no three successes within one: there the day is as long as three of its intervals. The
settings are not written; the cursor remembers where the feed is asked instead, and drops that when it fails.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from connectors.feeds.cursor import FeedCursor, Move
from connectors.feeds.schedule import LONGEST_WAIT, own_interval
from connectors.feeds.settings import FeedSettings
from schemas.ids import from_milliseconds, milliseconds

BELIEVED_AFTER = 3
_WITHIN = timedelta(days=1)
#: How far jitter stretches an interval, at most.
_STRETCHED = 1.25


def after_redirect(cursor: FeedCursor, feed: FeedSettings, moved_to: str | None, now: datetime) -> FeedCursor:
    """Return ``cursor`` after a success that permanent redirects led to ``moved_to``; None: there were none."""
    if moved_to is None and cursor.move is None:
        return cursor
    if moved_to is None or not _may_be_believed(feed.url, moved_to):
        return cursor.model_copy(update={"move": None})
    move = cursor.move
    if move is None or move.url != moved_to or now - from_milliseconds(move.first_ms) > _within(cursor, feed, now):
        move = Move(moved_to, milliseconds(now), 0)
    move = move._replace(times=move.times + 1)
    if move.times < BELIEVED_AFTER:
        return cursor.model_copy(update={"move": move})
    return cursor.model_copy(update={"move": None, "moved_to": moved_to})


def _within(cursor: FeedCursor, feed: FeedSettings, now: datetime) -> timedelta:
    """Return how far the first and the last success may lie apart: a day, or three intervals where those are longer, of which
    two lie between them and one is for a poll that failed or a machine that was off."""
    interval = own_interval(cursor, now) if feed.interval is None else feed.interval
    return max(_WITHIN, BELIEVED_AFTER * min(interval * _STRETCHED, LONGEST_WAIT))


def _may_be_believed(url: str, moved_to: str) -> bool:
    """Return whether the redirect may replace ``url``: not one that gives up TLS, and none of an address with a password,
    which would have to be stored with it."""
    ours, theirs = urlsplit(url), urlsplit(moved_to)
    if "@" in ours.netloc or "@" in theirs.netloc or len(moved_to) > 4096:
        return False
    return theirs.scheme == "https" or ours.scheme == "http"
