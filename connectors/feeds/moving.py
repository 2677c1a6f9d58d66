"""When a permanent redirect is believed: after three successes by it within a day. Pure.

The settings are not written; the cursor remembers where the feed is asked instead, and drops that when it fails.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from connectors.feeds.cursor import FeedCursor, Move
from connectors.feeds.settings import FeedSettings
from schemas.ids import from_milliseconds, milliseconds

BELIEVED_AFTER = 3
_WITHIN = timedelta(days=1)


def after_redirect(cursor: FeedCursor, feed: FeedSettings, moved_to: str | None, now: datetime) -> FeedCursor:
    """Return ``cursor`` after a success that permanent redirects led to ``moved_to``; None: there were none."""
    if moved_to is None and cursor.move is None:
        return cursor
    if moved_to is None or not _may_be_believed(feed.url, moved_to):
        return cursor.model_copy(update={"move": None})
    move = cursor.move
    if move is None or move.url != moved_to or now - from_milliseconds(move.first_ms) > _WITHIN:
        move = Move(moved_to, milliseconds(now), 0)
    move = move._replace(times=move.times + 1)
    if move.times < BELIEVED_AFTER:
        return cursor.model_copy(update={"move": move})
    return cursor.model_copy(update={"move": None, "moved_to": moved_to})


def _may_be_believed(url: str, moved_to: str) -> bool:
    """Return whether the redirect may replace ``url``: not one that gives up TLS, and none of an address with a password,
    which would have to be stored with it."""
    ours, theirs = urlsplit(url), urlsplit(moved_to)
    if "@" in ours.netloc or "@" in theirs.netloc or len(moved_to) > 4096:
        return False
    return theirs.scheme == "https" or ours.scheme == "http"
