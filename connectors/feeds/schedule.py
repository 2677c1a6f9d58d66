"""When a feed is asked again: its interval, spread by jitter, stretched after failures. Pure and repeatable."""

from __future__ import annotations

from datetime import datetime, timedelta

from schemas.ids import digest, milliseconds

LONGEST_WAIT = timedelta(days=1)
#: After this many failures in a row the wait grows no more: news that comes back is to be seen within hours.
MOST_STRETCHED = 4


def next_poll_at(
    feed_id: str,
    interval: timedelta,
    now: datetime,
    *,
    failures: int = 0,
    retry_after_s: float | None = None,
    jitter: float = 0.25,
) -> datetime:
    """Return when to poll next: ``interval`` × (1 to 1 + ``jitter``), times the failures in a row (linear, up to 4), not
    before what the server asked for, and at most a day away. The jitter follows from feed and time, not from chance."""
    share = int(digest("jitter", feed_id, str(milliseconds(now)), length=8), 16) / 0xFFFF_FFFF
    wait = interval * (1 + jitter * share) * max(1, min(failures, MOST_STRETCHED))
    if retry_after_s is not None:
        wait = max(wait, timedelta(seconds=retry_after_s))
    return now + min(wait, LONGEST_WAIT)
