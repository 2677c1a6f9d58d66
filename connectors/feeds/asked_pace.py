"""How often a document wishes to be asked for: RSS ttl, skipHours and skipDays, the syndication module of RDF. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from connectors.feeds.wire import Pace

#: Everything a channel says of itself stands before its entries in nearly every feed; no more than this is looked at.
_HEAD_BYTES = 20_000
_HOURS = re.compile(rb"<skipHours>(.{0,2000}?)</skipHours>", re.IGNORECASE | re.DOTALL)
_HOUR = re.compile(rb"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_DAYS = re.compile(rb"<skipDays>(.{0,2000}?)</skipDays>", re.IGNORECASE | re.DOTALL)
_DAY = re.compile(rb"<day>\s*([a-z]{3})[a-z]*\s*</day>", re.IGNORECASE)
_DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PERIODS_S = {"hourly": 3_600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
#: No wish is longer; what is beyond is a slip.
_LONGEST_S = 31_536_000


def asked_pace(body: bytes, channel: Mapping[str, str]) -> Pace:
    """Return the pace in ``body``; ``channel``: the texts of its elements ttl, sy_updateperiod and sy_updatefrequency."""
    head = body[:_HEAD_BYTES]
    ttl_s = _number(channel.get("ttl", "")) * 60
    period_s = _PERIODS_S.get(channel.get("sy_updateperiod", "").strip().lower(), 0)
    update_s = period_s // max(1, _number(channel.get("sy_updatefrequency", "")))
    hours = {int(hour) % 24 for hour in _HOUR.findall(_inside(_HOURS, head)) if int(hour) <= 24}
    days = {
        _DAY_NAMES.index(name)
        for day in _DAY.findall(_inside(_DAYS, head))
        if (name := day.decode().lower()) in _DAY_NAMES
    }
    return Pace(
        period_s=min(max(ttl_s, update_s), _LONGEST_S),
        skip_hours=tuple(sorted(hours)),
        skip_days=tuple(sorted(days)),
    )


def _inside(pattern: re.Pattern[bytes], head: bytes) -> bytes:
    found = pattern.search(head)
    return found[1] if found else b""


def _number(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
