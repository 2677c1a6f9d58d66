"""Instants and days as files from elsewhere write them: ISO 8601, e-mail dates, months in words, and epochs."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from email.utils import parsedate_to_datetime

from schemas.ids import EPOCH

#: Digits, also as a table writes them that takes a column of whole numbers for fractions: 20200103.0.
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_WHOLE = re.compile(r"([0-9]+)(?:\.0*)?", re.ASCII)

#: A number this large or larger counts a smaller unit than the one before: 10^11 s is the year 5138.
_EPOCH_UNITS = ((1e17, 1_000_000_000), (1e14, 1_000_000), (1e11, 1_000), (0.0, 1))

#: Fourteen digits that begin like a year of news: 20200103141500. As milliseconds since 1970 they would be the year 2600.
_COMPACT = re.compile(r"(?:19|20)[0-9]{12}", re.ASCII)

#: Eight such digits are a day, 20200103; as seconds since 1970 they would all lie in 1970.
_COMPACT_DAY = re.compile(r"(?:19|20)[0-9]{6}", re.ASCII)

#: A day as ISO 8601 writes it: 2020-01-03, and by its week 2020-W01-5. (``date.fromisoformat`` is no test for it: of the ten
#: digits of an epoch it takes the first eight for a day.)
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-?W[0-9]{2}(?:-?[1-7])?", re.ASCII)

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip

#: How exports spell a day, and a time of day behind it. A day that could be two (03/01/2020) is not among them.
_DAYS = (
    r"(?P<y1>[0-9]{4})(?P<by>[-/.])(?P<m1>[0-9]{1,2})(?P=by)(?P<d1>[0-9]{1,2})"
    r"|(?:[a-z]{3,9},? +)?(?P<d2>[0-9]{1,2})[ -](?P<m2>[a-z]{3,9})[.,]?[ -](?P<y2>[0-9]{4})"
    r"|(?:[a-z]{3,9},? +)?(?P<m3>[a-z]{3,9})[.]? +(?P<d3>[0-9]{1,2}),? +(?P<y3>[0-9]{4})"
)
_TIME = (
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.](?P<part>[0-9]{1,6}))?)?"
    r" *(?P<half>[ap][.]?m[.]?)?"
)
_DAY_AND_TIME = re.compile(rf"(?:{_DAYS})(?:,? +(?:at +)?{_TIME})? *(?P<world>utc|gmt|z)?", re.ASCII | re.IGNORECASE)

#: An hour of a clock with twelve of them. The reader of e-mail dates would leave the half of the day away.
_HALF_OF_DAY = re.compile(r"\b[ap][.]?m\b", re.IGNORECASE)

#: Numbers nearer to 0 are a year, a day number or a sign for "not known", not seconds since 1970; this is March 1973.
_LEAST_EPOCH = 1e8


def parse_timestamp(value: str | int | float, zone: tzinfo = UTC) -> datetime:
    """Return the instant ``value`` names, aware UTC; a time without a zone is taken as local time of ``zone``.

    A day alone is its first instant there.

    :raises ValueError: it names none.
    """
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is no time")
    day = day_named(value)
    if day is not None:
        return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    text = str(value).strip()
    whole = _WHOLE.fullmatch(text)
    if whole and _COMPACT.fullmatch(whole[1]):
        return _compact(whole[1]).replace(tzinfo=zone).astimezone(UTC)
    if isinstance(value, int | float) or _NUMBER.fullmatch(text):
        if abs(float(value)) < _LEAST_EPOCH:
            raise ValueError(
                f"{text} is no time: a year or a day, a number of none, or no number of seconds since 1970"
            )
        return _from_epoch(float(value), text)
    moment = _from_words(text)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)


def names_a_day_only(value: object) -> bool:
    """Tell whether ``value`` is a date without a time of day."""
    return day_named(value) is not None


def day_named(value: object) -> date | None:
    """Return the day that ``value`` is, where it is a date without a time of day; None for anything else."""
    if isinstance(value, date):
        return None if isinstance(value, datetime) else value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value).strip()
    whole = _WHOLE.fullmatch(text)
    try:
        if whole:
            return date.fromisoformat(whole[1]) if _COMPACT_DAY.fullmatch(whole[1]) else None
        if _ISO_DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        return None
    spelt = _DAY_AND_TIME.fullmatch(text)
    return None if spelt is None or spelt["hour"] else _day(spelt)


def _from_epoch(number: float, shown: str) -> datetime:
    size = abs(number)
    per_second = next((unit for least, unit in _EPOCH_UNITS if size >= least), 1)
    try:
        return EPOCH + timedelta(seconds=number / per_second)
    except (OverflowError, ValueError) as error:
        raise ValueError(f"{shown} is no number of seconds since 1970") from error


def _from_words(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    spelt = _DAY_AND_TIME.fullmatch(text)
    try:
        if spelt is not None and spelt["hour"]:
            return _instant(spelt)
        if _HALF_OF_DAY.search(text):
            raise ValueError("a clock of twelve hours in a spelling that is not known")
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError) as error:
        raise ValueError(
            f"{text!r} is no time: write ISO 8601 (2025-01-22T10:00:00Z), an e-mail date or seconds since 1970"
        ) from error


def _day(spelt: re.Match[str]) -> date | None:
    """Return the day in ``spelt``; None where the calendar has none such."""
    year, month, day = (spelt[f"{part}1"] or spelt[f"{part}2"] or spelt[f"{part}3"] for part in "ymd")
    number = int(month) if month.isdecimal() else _month(month.lower())
    try:
        return date(int(year), number, int(day))
    except ValueError:
        return None


def _month(name: str) -> int:
    """Return the number of a month by its name, or three letters and more of it; 0 for any other word."""
    if name == "sept":
        return 9
    return next((number for number, month in enumerate(_MONTHS, start=1) if month.startswith(name)), 0)


def _instant(spelt: re.Match[str]) -> datetime:
    day, hour = _day(spelt), int(spelt["hour"])
    if day is None or (spelt["half"] and not 1 <= hour <= 12):
        raise ValueError("no day, or no hour, of that name")
    if spelt["half"]:
        hour = hour % 12 + (12 if spelt["half"][0] in "pP" else 0)
    micro = int((spelt["part"] or "0").ljust(6, "0"))
    zone = UTC if spelt["world"] else None
    return datetime.combine(day, time(hour, int(spelt["minute"]), int(spelt["second"] or 0), micro, tzinfo=zone))


def _compact(digits: str) -> datetime:
    return datetime.strptime(digits, "%Y%m%d%H%M%S")  # noqa: DTZ007  # the caller knows the zone
