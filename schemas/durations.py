"""Stretches of time as people write them: `15m`, `6h`, `14d`, `2w`."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_SPELLING = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*([smhdw])", re.IGNORECASE | re.ASCII)


def parse_duration(text: str) -> timedelta:
    """Return the stretch ``text`` names: a number and one of s, m, h, d, w; :raises ValueError: it is none."""
    found = _SPELLING.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no duration: write a number and a unit, for example 15m, 6h, 14d or 2w")
    return float(found[1]) * _UNITS[found[2].lower()]


def show_duration(stretch: timedelta) -> str:
    """Return ``stretch`` in the largest unit it is a whole number of."""
    for letter in "wdhm":
        if stretch and not stretch % _UNITS[letter]:
            return f"{stretch // _UNITS[letter]}{letter}"
    return f"{stretch.total_seconds():g}s"
