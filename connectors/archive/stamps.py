"""How good the times of publication in a file are: missing, unreadable, a day alone, or suspiciously at midnight. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone, tzinfo

from schemas.timestamps import names_a_day_only, parse_timestamp

#: Of fewer stamps at 00:00 nothing is concluded.
_LEAST_MIDNIGHTS = 3

#: No place on earth is there: a time that is another one there says no zone.
_ELSEWHERE = timezone(timedelta(hours=-17, minutes=-17))


@dataclass(frozen=True, slots=True)
class StampShares:
    """Counts of stamps; one is counted in at most one of the last four. ``zoneless`` say a time of day and no zone."""

    all: int
    missing: int
    unreadable: int
    day_only: int
    midnight: int
    zoneless: int = 0

    @property
    def midnights_are_days(self) -> bool:
        """Whether 00:00 says no time: of the stamps that say one, more than half stand there, and more than one or two."""
        return (
            self.midnight >= _LEAST_MIDNIGHTS
            and self.midnight * 2 > self.all - self.missing - self.unreadable - self.day_only
        )


def share_of_stamps(stamps: Iterable[object], zone: tzinfo) -> StampShares:
    """Return what ``stamps`` are, times without a zone taken in ``zone``."""
    every = missing = unreadable = day_only = midnight = zoneless = 0
    for stamp in stamps:
        every += 1
        if stamp is None or stamp == "":
            missing += 1
        elif names_a_day_only(stamp):
            day_only += 1
        elif (moment := _read(stamp, zone)) is None:
            unreadable += 1
        else:
            zoneless += moment != _read(stamp, _ELSEWHERE)
            if moment.astimezone(zone).time() == time() or moment.time() == time():
                midnight += 1
    return StampShares(every, missing, unreadable, day_only, midnight, zoneless)


def _read(stamp: object, zone: tzinfo) -> datetime | None:
    if isinstance(stamp, datetime):
        return stamp if stamp.tzinfo else stamp.replace(tzinfo=zone)
    if not isinstance(stamp, str | int | float):
        return None
    try:
        return parse_timestamp(stamp, zone)
    except (ValueError, OverflowError):
        return None
