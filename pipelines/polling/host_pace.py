"""How often one host is asked, whatever number of feeds it has, and how long it is left alone. Pure: times are passed in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

#: Refusals (429, 403) in a row after which a host is slowed; one alone may be one feed's own.
_BURST = 3
_FIRST_PAUSE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(hours=1)
#: What a server asks for is granted up to here.
_LONGEST_GRANTED = timedelta(days=1)


@dataclass(slots=True)
class _Host:
    asked_at: datetime | None = None  # promised to somebody, who sends then or a little later
    sent_at: datetime | None = None
    quiet_until: datetime | None = None
    refusals: int = 0


class HostPace:
    """Remembers when each host was asked last. ``gap_s``: at least so many seconds lie between two requests; 0: no such
    rule, as for servers of one's own. ``ours``: what is looked into and is no server at all."""

    def __init__(self, gap_s: float, ours: Collection[str] = ()) -> None:
        self._gap = timedelta(seconds=gap_s)
        self._ours = frozenset(ours)
        self._hosts: dict[str, _Host] = {}

    def may_be_asked(self, host: str, now: datetime) -> bool:
        """Return whether a request may begin at ``now``."""
        return host not in self._hosts or self.free_at(host, now) <= now

    def free_at(self, host: str, now: datetime) -> datetime:
        """Return when a request may begin, as far as is known ``now``."""
        known = self._hosts.get(host)
        if known is None:
            return now
        free_at = now
        if known.quiet_until is not None:
            free_at = max(free_at, known.quiet_until)
        if known.asked_at is not None and self._gap:
            free_at = max(free_at, known.asked_at + self._gap)
        return free_at

    def asked(self, host: str, now: datetime) -> None:
        """Promise ``host`` to one request, which :meth:`send` is asked about as it begins."""
        if host in self._ours:
            return
        known = self._hosts.get(host)
        if known is None:
            self._hosts[host] = _Host(asked_at=now)
        else:
            known.asked_at = now

    def send(self, host: str, now: datetime) -> bool:
        """Take in that a request is sent at ``now``; False: it may not be."""
        known = self._hosts.get(host)
        if known is None:
            if host not in self._ours:
                self._hosts[host] = _Host(now, now)
            return True
        sent_at = known.sent_at
        if sent_at is not None and now - sent_at < self._gap:
            return False
        if known.quiet_until is not None and known.quiet_until > now:
            return False
        known.asked_at = known.sent_at = now
        return True

    def answered(self, host: str) -> None:
        """Take in an answer that was no refusal."""
        known = self._hosts.get(host)
        if known is not None:
            known.refusals = 0

    def refused(self, host: str, now: datetime, retry_after_s: float | None) -> datetime | None:
        """Take in a refusal; return until when the whole host is left alone, None: it is not."""
        known = self._hosts.setdefault(host, _Host())
        known.refusals += 1
        pause = timedelta(seconds=retry_after_s or 0.0)
        if known.refusals >= _BURST:
            pause = max(pause, min(_FIRST_PAUSE * (known.refusals - _BURST + 1), _LONGEST_PAUSE))
        if not pause:
            return None
        until = now + min(pause, _LONGEST_GRANTED)
        known.quiet_until = max(known.quiet_until or until, until)
        return known.quiet_until
