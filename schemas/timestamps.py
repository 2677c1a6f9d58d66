"""Instants as files from elsewhere write them: ISO 8601, e-mail dates, and epochs in seconds to nanoseconds."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime

from schemas.ids import EPOCH

_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?", re.ASCII)

#: A number this large or larger counts a smaller unit than the one before: 10^11 s is the year 5138.
_EPOCH_UNITS = ((1e17, 1_000_000_000), (1e14, 1_000_000), (1e11, 1_000), (0.0, 1))

#: Fourteen digits that begin like a year of news: 20200103141500. As milliseconds since 1970 they would be the year 2600.
_COMPACT = re.compile(r"(?:19|20)[0-9]{12}", re.ASCII)

#: Spellings of services that export articles. Those that could mean two days are not among them.
_SPELLINGS = (
    "%d-%b-%Y %I:%M%p",
    "%d-%b-%Y %I:%M %p",
    "%d %b %Y %I:%M %p",
    "%d %B %Y %H:%M",
    "%Y-%m-%d %I:%M %p",
    "%Y-%m-%d %I:%M%p",
)

#: Digits alone shorter than this are a year or a day number, not seconds since 1970.
_LEAST_EPOCH_DIGITS = 9


def parse_timestamp(value: str | int | float, zone: tzinfo = UTC) -> datetime:
    """Return the instant ``value`` names, aware UTC; a time without a zone is taken as local time of ``zone``.

    :raises ValueError: it names none.
    """
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is no time")
    if isinstance(value, int | float) and not _COMPACT.fullmatch(str(value)):
        return _from_epoch(float(value), repr(value))
    text = str(value).strip()
    if _COMPACT.fullmatch(text):
        return _spelt(text, "%Y%m%d%H%M%S").replace(tzinfo=zone).astimezone(UTC)
    if _NUMBER.fullmatch(text) and len(text.lstrip("+-").split(".")[0]) >= _LEAST_EPOCH_DIGITS:
        return _from_epoch(float(text), text)
    moment = _from_words(text)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)


def names_a_day_only(value: str | int | float) -> bool:
    """Tell whether ``value`` is a date without a time of day."""
    if not isinstance(value, str):
        return False
    try:
        date.fromisoformat(value.strip())
    except ValueError:
        return False
    return True


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
    for spelling in _SPELLINGS:
        try:
            return _spelt(text, spelling)
        except ValueError:
            continue
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError) as error:
        raise ValueError(
            f"{text!r} is no time: write ISO 8601 (2025-01-22T10:00:00Z), an e-mail date or seconds since 1970"
        ) from error


def _spelt(text: str, spelling: str) -> datetime:
    return datetime.strptime(text, spelling)  # noqa: DTZ007  # the caller knows the zone
