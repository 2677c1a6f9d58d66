"""How often a feed brings something, kept in five numbers; and when its silence is longer than it ever was. Pure.

What is counted are arrivals: entries of one batch, dated within minutes of each other, are one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from schemas.ids import from_milliseconds, milliseconds

_MINUTE_MS = 60_000
_DAY_MS = 86_400_000
#: Entries closer than this arrived together.
_TOGETHER_MS = 5 * _MINUTE_MS
#: What is older than this counts half for how often the feed brings something now.
_HALF_LIFE_MS = 7 * _DAY_MS
_LEAST_KEPT = 0.9
#: A feed has a rhythm after three pauses, which their discount makes a little less.
LEAST_ARRIVALS = 2.5
#: A silence so many times as long as the longest one before is one.
_FAR_LONGER = 3
#: Nights are quiet, and where a whole week has not been seen yet, so may weekends be.
_SHORTEST_SILENCE_MS = _DAY_MS
_SHORTEST_SILENCE_OF_UNKNOWN_MS = 3 * _DAY_MS
_WEEK_SEEN_MS = 8 * _DAY_MS


class Rhythm(NamedTuple):
    """Times in milliseconds. ``arrivals`` came in ``span_ms``, both discounted with age; ``longest_ms`` never is."""

    since_ms: int  # the first arrival known
    newest_ms: int  # the last one
    arrivals: float = 0.0  # after the first
    span_ms: float = 0.0
    longest_ms: int = 0  # the longest pause between two

    @property
    def newest_at(self) -> datetime:
        """Return when the feed last brought something."""
        return from_milliseconds(self.newest_ms)

    @property
    def usual_pause(self) -> timedelta | None:
        """Return how long the feed pauses between two arrivals on average; None where too little is known."""
        return timedelta(milliseconds=self.span_ms / self.arrivals) if self._is_known else None

    @property
    def _is_known(self) -> bool:
        return self.arrivals >= LEAST_ARRIVALS and self.span_ms > 0

    def pause_s(self, now: datetime) -> float | None:
        """Return the usual pause, or half the present one where it is longer than any before; None: too little is known."""
        if not self._is_known:
            return None
        usual_ms, silent_ms = self.span_ms / self.arrivals, milliseconds(now) - self.newest_ms
        return (max(usual_ms, silent_ms / 2) if silent_ms > self.longest_ms else usual_ms) / 1000

    def silent_since(self, now: datetime) -> datetime | None:
        """Return since when the feed has brought nothing, where that is far longer than it ever did; else None."""
        if not self._is_known:
            return None
        whole_week = self.newest_ms - self.since_ms >= _WEEK_SEEN_MS
        floor_ms = _SHORTEST_SILENCE_MS if whole_week else _SHORTEST_SILENCE_OF_UNKNOWN_MS
        silent_ms = milliseconds(now) - self.newest_ms
        return self.newest_at if silent_ms > max(_FAR_LONGER * self.longest_ms, floor_ms) else None


def following(rhythm: Rhythm | None, arrived_ms: Iterable[int]) -> Rhythm | None:
    """Return the rhythm after arrivals at ``arrived_ms``; what is older than the newest known changes nothing."""
    for at_ms in sorted(arrived_ms):
        if rhythm is None:
            rhythm = Rhythm(at_ms, at_ms)
            continue
        pause_ms = at_ms - rhythm.newest_ms
        if pause_ms < _TOGETHER_MS:
            continue
        # Even the rarest feed keeps what its last pauses were: discounted by its own long ones, nothing would be left.
        kept = max(0.5 ** (pause_ms / _HALF_LIFE_MS), _LEAST_KEPT)
        rhythm = Rhythm(
            since_ms=rhythm.since_ms,
            newest_ms=at_ms,
            arrivals=round(rhythm.arrivals * kept + 1, 3),
            span_ms=round(rhythm.span_ms * kept + pause_ms),
            longest_ms=max(rhythm.longest_ms, pause_ms),
        )
    return rhythm
