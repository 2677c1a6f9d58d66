"""When a feed is asked again: by its own rhythm and its publisher's wishes, spread by jitter, later after errors. Pure."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta

from connectors.feeds.cursor import FeedCursor
from connectors.feeds.wire import Pace
from schemas.ids import milliseconds

LONGEST_WAIT = timedelta(days=1)
SHORTEST_OWN_INTERVAL = timedelta(minutes=5)
#: Asked this often until a feed has shown its rhythm.
FIRST_INTERVAL = timedelta(minutes=15)
#: Asked so many times in the pause between two arrivals: what is new is seen after an eighth of it on average.
_LOOKS_PER_PAUSE = 4
#: Asked so many times, whatever the publisher wishes, while an entry moves through the document.
_LOOKS_PER_DOCUMENT = 3
#: Errors in a row, by weight, after which the wait grows no more: news that comes back is to be seen within hours.
MOST_STRETCHED = 4.0
#: The same for a feed that is asked by its own rhythm: after an error it is tried again soon, and then ever less.
MOST_STRETCHED_RETRY = 16.0
#: How far the interval is halved where entries may scroll off: from a day down to below the shortest one.
MOST_HURRIED = 9
#: Reckoned in seconds: a timedelta costs more to multiply than all the rest.
_LONGEST_WAIT_S = LONGEST_WAIT.total_seconds()
_SHORTEST_OWN_INTERVAL_S = SHORTEST_OWN_INTERVAL.total_seconds()
_FIRST_INTERVAL_S = FIRST_INTERVAL.total_seconds()


def own_interval(cursor: FeedCursor, now: datetime) -> timedelta:
    """Return how often to ask a feed for which the settings say nothing.

    A quarter of its usual pause, or what the publisher wishes where that is longer, but never longer than a third of the
    time its document reaches back; halved for each document that had to be hurried after. From five minutes to a day.
    """
    pause_s = cursor.rhythm.pause_s(now) if cursor.rhythm is not None else None
    own_s = _FIRST_INTERVAL_S if pause_s is None else pause_s / _LOOKS_PER_PAUSE
    interval_s = max(own_s, min(max(cursor.pace.period_s, cursor.max_age_s), _LONGEST_WAIT_S))
    if cursor.reach_ms:
        interval_s = min(interval_s, cursor.reach_ms / 1000 / _LOOKS_PER_DOCUMENT)
    return timedelta(seconds=min(max(interval_s / 2**cursor.hurry, _SHORTEST_OWN_INTERVAL_S), _LONGEST_WAIT_S))


def next_poll_at(
    feed_id: str,
    interval: timedelta,
    now: datetime,
    *,
    errors: float = 0.0,
    most_stretched: float = MOST_STRETCHED,
    retry_after_s: float | None = None,
    jitter: float = 0.25,
) -> datetime:
    """Return when to poll next: ``interval`` × (1 to 1 + ``jitter``), times the weight of the ``errors`` in a row (linear,
    up to ``most_stretched``), not before what the server asked for, and at most a day away. The jitter follows from feed
    and time, not from chance."""
    share = zlib.crc32(f"{feed_id} {milliseconds(now)}".encode()) / 0xFFFF_FFFF
    wait_s = interval.total_seconds() * (1 + jitter * share)
    if errors > 1.0:
        wait_s *= min(errors, most_stretched)
    if retry_after_s is not None:
        wait_s = max(wait_s, retry_after_s)
    return now + timedelta(seconds=min(wait_s, _LONGEST_WAIT_S))


def outside_rest(moment: datetime, pace: Pace, now: datetime) -> datetime:
    """Return the first moment from ``moment`` on in which the publisher does not rest (its skipHours and skipDays are
    GMT), at most a day after ``now``: who rests always is asked once a day."""
    if not pace.rests:
        return moment
    latest = now + LONGEST_WAIT
    while moment < latest and (moment.hour in pace.skip_hours or moment.weekday() in pace.skip_days):
        moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return min(moment, max(latest, now))
