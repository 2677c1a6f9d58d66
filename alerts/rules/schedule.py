"""When a rule may ring: hours of weekdays in local time, as Alertmanager's time intervals. Pure: the zone comes as a table.

Deciding goes by whole hours of UTC: an hour belongs to the local hour it begins in, so daylight saving time moves nothing but the
hours themselves, and in a zone half an hour off a span begins and ends half an hour later.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache

from pydantic import Field

from alerts.rules.zone_table import Offsets, local_time, offsets_of
from schemas.model import Part

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_WEEK_H = 168


class ActiveTime(Part):
    """``begin_h`` to ``end_h`` (exclusive; 24 = midnight) on ``days`` (0 = Monday), in ``zone``. A span that passes midnight
    (begin > end) belongs to the day it begins on. ``offsets`` are those of the zone, by which alone it is decided."""

    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    begin_h: int = 0
    end_h: int = 24
    zone: str = "UTC"
    # Written into compiled rules: the zone data of the machine that reads them may be older or newer, or none at all.
    offsets: Offsets = Field(
        default_factory=lambda written: offsets_of(written["zone"]), exclude_if=lambda offsets: not offsets
    )

    def holds(self, hour: int) -> bool:
        """Tell whether ``hour`` begins within it."""
        local = local_time(hour, self.offsets)
        if self.begin_h < self.end_h:
            return local.weekday() in self.days and self.begin_h <= local.hour < self.end_h
        before = (local - timedelta(days=1)).weekday()
        return (local.weekday() in self.days and local.hour >= self.begin_h) or (
            before in self.days and local.hour < self.end_h
        )


@lru_cache(maxsize=4096)
def is_active(times: tuple[ActiveTime, ...], hour: int) -> bool:
    """Tell whether a rule with ``times`` may ring in ``hour``; without any it always may."""
    return not times or any(time.holds(hour) for time in times)


def active_since(times: tuple[ActiveTime, ...], hour: int) -> int | None:
    """Return the first hour of the active stretch that ``hour`` lies in, at most a week back; None outside of one."""
    if not is_active(times, hour):
        return None
    first = hour
    while hour - first < _WEEK_H and is_active(times, first - 1):
        first -= 1
    return first


def schedule_in_words(times: Sequence[ActiveTime]) -> str:
    """Return "mon–fri 07:00–22:00 (Europe/London) or sat …"."""
    return " or ".join(
        f"{_days_in_words(time.days)} {time.begin_h:02d}:00–{time.end_h:02d}:00 ({time.zone})" for time in times
    )


def _days_in_words(days: Sequence[int]) -> str:
    if len(days) == len(WEEKDAYS):
        return "every day"
    runs: list[list[int]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(WEEKDAYS[r[0]] if len(r) == 1 else f"{WEEKDAYS[r[0]]}–{WEEKDAYS[r[-1]]}" for r in runs)
