"""What the headers of an answer say of the document and of when to ask again: headers in, plain values out. Pure.

Headers come from outside: what cannot be read says nothing.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from aiohttp import hdrs

_UNSENDABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_LONGEST_RETRY_S = 7 * 86_400.0
_LONGEST_AGE_S = 999_999_999


class ServerTime(NamedTuple):
    """What a server's clock said, and when that arrived by our monotonic one."""

    told_s: float  # since 1970
    heard_s: float


def told(headers: Mapping[str, str], name: str) -> str | None:
    """Return a header as it came; None for one that can be neither stored nor sent back byte for byte."""
    value = headers.get(name)
    if value is None or (value.isascii() and value.isprintable()):
        return value
    return None if _UNSENDABLE.search(value) else value


def server_time_s(headers: Mapping[str, str]) -> float | None:
    """Return the server's clock, in seconds since 1970: Date, and the Age of an answer that a cache has kept."""
    stamp_s = _date_s(headers.get(hdrs.DATE))
    return None if stamp_s is None else stamp_s + _age_s(headers)


def max_age_s(headers: Mapping[str, str], now: Callable[[], datetime]) -> int:
    """Return for how long from now the answer is good: Cache-Control's max-age without its Age, else Expires; 0: no word.
    ``now`` is asked where the server does not tell the time."""
    control = headers.get(hdrs.CACHE_CONTROL)
    if control:
        good_s = _allowed_age_s(control)
        return max(0, good_s - _age_s(headers)) if good_s else 0
    until_s = _date_s(headers.get(hdrs.EXPIRES))
    if until_s is None:
        return 0
    served_s = _date_s(headers.get(hdrs.DATE))  # By the server's own clock, which may be another.
    if served_s is None:
        served_s = now().timestamp()
    return min(max(0, int(until_s - served_s)), _LONGEST_AGE_S)


def retry_after_s(headers: Mapping[str, str], now: Callable[[], datetime]) -> float | None:
    """Return in how many seconds to ask again, at most a week; ``now`` is asked where a moment is named."""
    value = headers.get(hdrs.RETRY_AFTER)
    if value is None:
        return None
    if value.isascii() and value.strip().isdigit():
        return min(float(value.strip()[:9]), _LONGEST_RETRY_S)
    until_s = _date_s(value)
    return None if until_s is None else min(max(0.0, until_s - now().timestamp()), _LONGEST_RETRY_S)


def _age_s(headers: Mapping[str, str]) -> int:
    age = headers.get(hdrs.AGE)
    return int(age) if age and age.isascii() and age.isdigit() and len(age) < 10 else 0


@functools.lru_cache(maxsize=256)  # Few servers have one of their own.
def _allowed_age_s(control: str) -> int:
    found = _MAX_AGE.search(control)
    return 0 if found is None or "no-cache" in control or "no-store" in control else int(found[1])


@functools.lru_cache(maxsize=64)  # Answers of one second say the same.
def _date_s(value: str | None) -> float | None:
    if value is None:
        return None
    try:
        parsed = parsedate_to_datetime(value)
        return (parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
