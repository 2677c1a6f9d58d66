"""A time zone as a table of its offsets, made once when rules are read, so that deciding needs the log and no zone data.

Zone data differ between machines and change under way (a parliament moves summer time); a table that is compiled into the
rules is the same wherever and whenever the log is decided.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from schemas.ids import hour_of, hour_start

#: Hours since 1970 and the minutes local time is ahead of UTC from each on, until the next.
Offsets = tuple[tuple[int, int], ...]

_FIRST = hour_of(datetime(2000, 1, 1, tzinfo=UTC))
_END = hour_of(datetime(2046, 1, 1, tzinfo=UTC))

#: After so many hours days of the week fall on the same dates again, and with them the rules of summer time (until 2100).
_CYCLE_H = (28 * 365 + 7) * 24

_DAY_H = 24


def zone_exists(name: str) -> bool:
    """Tell whether this machine knows the time zone called ``name``."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def zone_meant(city: str) -> str:
    """Return the zone that is named after ``city``, which people write alone; "" where there is none."""
    wanted = "/" + city.strip().replace(" ", "_").lower()
    return min((name for name in available_timezones() if name.lower().endswith(wanted)), default="")


@lru_cache(maxsize=256)
def offsets_of(name: str) -> Offsets:
    """Return the offsets of the zone called ``name`` from 2000 to 2045, by the zone data of this machine; of UTC nothing.

    :raises ValueError: there is no such zone here.
    """
    if name == "UTC":
        return ()
    if not zone_exists(name):
        raise ValueError(f"the time zone {name!r} is not known on this machine (install its zone data)")
    zone = ZoneInfo(name)

    def minutes(hour: int) -> int:
        return round((hour_start(hour).astimezone(zone).utcoffset() or timedelta()).total_seconds() / 60)

    found = [(_FIRST, minutes(_FIRST))]
    for day in range(_FIRST, _END, _DAY_H):
        if minutes(day + _DAY_H) == found[-1][1]:
            continue
        changed = next(hour for hour in range(day, day + _DAY_H + 1) if minutes(hour) != found[-1][1])
        found.append((changed, minutes(changed)))
    return tuple(found)


def local_time(hour: int, offsets: Sequence[tuple[int, int]]) -> datetime:
    """Return local time, written as if it were UTC, at the beginning of ``hour`` (hours since 1970)."""
    if not offsets:
        return hour_start(hour)
    known = hour if hour < _END else hour - _CYCLE_H * -(-(hour - _END + 1) // _CYCLE_H)
    place = max(0, bisect_right(offsets, known, key=lambda entry: entry[0]) - 1)
    return hour_start(hour) + timedelta(minutes=offsets[place][1])
