"""Tries and their outcomes → since when a receiver cannot be reached, and whether the others must hear of it. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass
class _Outage:
    since: datetime
    told_at: datetime | None = None


class Outages:
    """The receivers whose last try failed and is made again. It begins anew with each start of the notifier.

    The others are told when a try fails ``tell_after_s`` seconds or more after the first that failed, and every
    ``tell_again_s`` seconds from then on: a delivery is tried for a day, and in that time nobody else would know.
    """

    def __init__(self, tell_after_s: float, tell_again_s: float) -> None:
        self._tell_after_s = tell_after_s
        self._tell_again_s = tell_again_s
        self._outages: dict[str, _Outage] = {}

    def begins(self, receiver: str, now: datetime) -> bool:
        """Note that a try to reach ``receiver`` failed at ``now``; return whether it is the first one in a row."""
        begins = receiver not in self._outages
        self._outages.setdefault(receiver, _Outage(now))
        return begins

    def since(self, receiver: str) -> datetime:
        """Return when the first try failed; :raises KeyError: the last one did not."""
        return self._outages[receiver].since

    def due(self, receiver: str, now: datetime) -> bool:
        """Return whether the others must be told at ``now`` that ``receiver`` cannot be reached."""
        outage = self._outages[receiver]
        if outage.told_at is not None:
            return (now - outage.told_at).total_seconds() >= self._tell_again_s
        return (now - outage.since).total_seconds() >= self._tell_after_s

    def told(self, receiver: str, now: datetime) -> None:
        """Note that at least one other receiver was told."""
        self._outages[receiver].told_at = now

    def ends(self, receiver: str) -> tuple[datetime, bool] | None:
        """Note that ``receiver`` took a message; return since when it could not be reached and whether others were told of
        it, None where the try before this one did not fail."""
        outage = self._outages.pop(receiver, None)
        return (outage.since, outage.told_at is not None) if outage is not None else None
