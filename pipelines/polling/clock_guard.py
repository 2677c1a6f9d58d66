"""Judges our clock by the log's and by those of the servers that feeds come from. Pure: every time is passed in.

What servers said is carried on by a monotonic clock, so that a step of ours shows at once and its correction too.
"""

from __future__ import annotations

import statistics
from datetime import datetime

from connectors.feeds.answer_headers import ServerTime
from schemas.ids import milliseconds

#: Servers' clocks may be wrong too: fewer than this many hosts say nothing.
LEAST_HOSTS = 3
#: So many hosts, those heard last, are asked for the median: a few new answers outvote what was heard before a sleep.
HEARD_HOSTS = 9


class ClockGuard:
    """Remembers per host what its clock said. ``tolerance_s``: so far ours may be off."""

    def __init__(self, tolerance_s: float) -> None:
        self._tolerance_s = tolerance_s
        self._told: dict[str, ServerTime] = {}  # by host

    @property
    def hosts(self) -> int:
        """Return how many hosts have told the time."""
        return len(self._told)

    def hear(self, host: str, time: ServerTime) -> None:
        """Take in what the clock of ``host`` said; the oldest of too many is forgotten."""
        self._told.pop(host, None)
        self._told[host] = time
        if len(self._told) > HEARD_HOSTS:
            del self._told[next(iter(self._told))]

    def fault(self, now: datetime, monotonic_s: float, log_ms: int) -> str:
        """Return what is wrong with our clock at ``now``, in words; empty where nothing is known to be."""
        log_offset_s = (log_ms - milliseconds(now)) / 1000
        if abs(log_offset_s) > self._tolerance_s:
            return f"this machine's clock is {_spoken(log_offset_s)} the log's"
        if len(self._told) < LEAST_HOSTS:
            return ""
        ahead_s = [told_s + monotonic_s - heard_s - now.timestamp() for told_s, heard_s in self._told.values()]
        offset_s = statistics.median(ahead_s)
        if abs(offset_s) > self._tolerance_s:
            return (
                f"this machine's clock is {_spoken(offset_s)} the clocks of {len(ahead_s)} hosts that feeds come from"
            )
        return ""


def _spoken(offset_s: float) -> str:
    """Return ``offset_s``, by which the other clock is ahead, as said of ours."""
    return f"{abs(offset_s):,.0f} s {'behind' if offset_s > 0 else 'ahead of'}"
