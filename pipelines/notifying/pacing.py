"""When a receiver may be rung: quiet hours and so many messages in a stretch of time. Pure; local time by zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from schemas.reasons import Severity

_RANK = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True)
class DailySpan:
    """A span of each day in local time, ``start`` to ``end`` (exclusive); it may pass midnight."""

    start: time
    end: time
    zone: ZoneInfo

    def around(self, now: datetime) -> tuple[datetime, datetime] | None:
        """Return when the span that holds ``now`` began and will end, in UTC; None outside of it."""
        local = now.astimezone(self.zone)
        for day in (local.date() - timedelta(days=1), local.date()):
            begun = datetime.combine(day, self.start, self.zone).astimezone(UTC)
            last = day if self.start < self.end else day + timedelta(days=1)
            ends = datetime.combine(last, self.end, self.zone).astimezone(UTC)
            if begun <= now < ends:
                return begun, ends
        return None


@dataclass(frozen=True)
class QuietHours:
    """What comes within ``span`` is held and told at its end in one message; what is as grave as ``passes`` rings."""

    span: DailySpan
    passes: Severity = Severity.CRITICAL

    def until(self, now: datetime, severity: Severity) -> datetime | None:
        """Return when something of ``severity`` may ring; None: now."""
        around = self.span.around(now)
        return None if around is None or _RANK[severity] >= _RANK[self.passes] else around[1]


@dataclass(frozen=True)
class AtMost:
    """At most ``count`` messages ``per`` hour, day or night (``night`` is its span); what is as grave as ``passes`` rings all
    the same. The rest comes in one message at the end of the stretch, or is dropped with a reason."""

    count: int
    per: Literal["hour", "day", "night"]
    night: DailySpan
    rest: Literal["digest", "drop"] = "digest"
    passes: Severity = Severity.CRITICAL

    def stretch(self, now: datetime) -> tuple[datetime, datetime] | None:
        """Return the stretch ``now`` lies in, in UTC; None where nothing is limited now (by day, for ``night``)."""
        if self.per == "night":
            return self.night.around(now)
        if self.per == "hour":
            begun = now.replace(minute=0, second=0, microsecond=0)
            return begun, begun + timedelta(hours=1)
        local = now.astimezone(self.night.zone)
        begun = datetime.combine(local.date(), time(), self.night.zone).astimezone(UTC)
        next_day = local.date() + timedelta(days=1)
        return begun, datetime.combine(next_day, time(), self.night.zone).astimezone(UTC)

    def limits(self, severity: Severity) -> bool:
        """Return whether something of ``severity`` counts against the limit."""
        return _RANK[severity] < _RANK[self.passes]
