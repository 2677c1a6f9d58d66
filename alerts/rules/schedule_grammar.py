"""Times a rule may ring, in a rule file: ``{days: [mon-fri], hours: "07:00-22:00", timezone: Europe/London}``, or several."""

from __future__ import annotations

import re

from alerts.rules.fields import Check, Fields, Key, Values
from alerts.rules.mistakes import clipped
from alerts.rules.readers import Items, JsonSchema, Reader, Text
from alerts.rules.reading import Reading
from alerts.rules.schedule import WEEKDAYS, ActiveTime
from alerts.rules.yaml_tree import Node
from alerts.rules.zone_table import zone_exists, zone_meant

_DAY = re.compile(r"([a-z]{3})[a-z]*(?:\s*-\s*([a-z]{3})[a-z]*)?")
_LONG = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPAN = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})")
_TEXT = Text(max_characters=100)

#: Words people have for several days.
_DAYS_MEANT = {
    **dict.fromkeys(("weekday", "weekdays", "workdays"), "write mon-fri"),
    **dict.fromkeys(("weekend", "weekends"), "write sat-sun"),
    **dict.fromkeys(("all", "daily", "every day", "*"), "leave days out for every day"),
}


class _Days(Reader[tuple[int, ...]]):
    """``mon``, ``friday``, or a run of them that may pass Sunday: ``fri-mon``."""

    def read(self, node: Node, path: str, reading: Reading) -> tuple[int, ...] | None:
        text = _TEXT.read(node, path, reading)
        if text is None:
            return None
        ends = [_weekday(part) for part in text.lower().split("-")]
        if len(ends) > 2 or any(end is None for end in ends):
            remedy = _DAYS_MEANT.get(text.lower(), "write mon, tue, wed, thu, fri, sat, sun, or a run of them: mon-fri")
            reading.wrong(node, path, f"{clipped(text)!r} is no day of the week", remedy)
            return None
        first, last = ends[0] or 0, ends[-1] or 0
        return tuple((first + n) % 7 for n in range((last - first) % 7 + 1))

    def schema(self) -> JsonSchema:
        return {"type": "string", "pattern": r"^\s*[A-Za-z]{3,9}(\s*-\s*[A-Za-z]{3,9})?\s*$"}


def _weekday(word: str) -> int | None:
    word = word.strip()
    return next((n for n, name in enumerate(_LONG) if word in (name, name[:3])), None)


def _span_meant(text: str) -> str:
    """Return what to write instead of ``text``: 9-17, 9:00 – 17:00."""
    found = re.fullmatch(r"([01]?[0-9]|2[0-3])(?::?00)?\s*[-–—]\s*([01]?[0-9]|2[0-4])(?::?00)?", text)
    begin, end = (int(found[1]), int(found[2])) if found is not None else (7, 22)
    return f'write {"" if found is not None else "for example "}"{begin:02d}:00-{end:02d}:00"'


class _Span(Reader[tuple[int, int]]):
    """``07:00-22:00``, in whole hours; 24:00 is midnight at the end."""

    def read(self, node: Node, path: str, reading: Reading) -> tuple[int, int] | None:
        text = _TEXT.read(node, path, reading)
        if text is None:
            return None
        found = _SPAN.fullmatch(text)
        if found is None:
            reading.wrong(node, path, f"{clipped(text)!r} is no span of hours", _span_meant(text))
            return None
        begin, begin_min, end, end_min = (int(part) for part in found.groups())
        if begin_min or end_min:
            remedy = f'write "{begin:02d}:00-{min(24, end + bool(end_min)):02d}:00"'
            reading.wrong(node, path, "deciding goes by whole hours", remedy)
            return None
        if begin > 23 or end > 24 or begin == end:
            what = "is empty" if begin == end else "is no span of a day"
            remedy = "leave hours out for the whole day" if begin == end else "hours go from 00:00 to 24:00"
            reading.wrong(node, path, f"{clipped(text)!r} {what}", remedy)
            return None
        return begin, end

    def schema(self) -> JsonSchema:
        return {"type": "string", "pattern": r"^\s*[0-9]{1,2}:00\s*-\s*[0-9]{1,2}:00\s*$"}


class _Zone(Reader[str]):
    def read(self, node: Node, path: str, reading: Reading) -> str | None:
        text = _TEXT.read(node, path, reading)
        if text is None or zone_exists(text):
            return text
        meant = zone_meant(text)
        remedy = f"did you mean {meant}?" if meant else "write for example UTC or Europe/London"
        if not zone_exists("Europe/London"):
            remedy = "this machine has no zone data: install tzdata (of the system, or the Python package)"
        reading.wrong(node, path, f"no time zone is called {clipped(text)!r}", remedy)
        return None

    def schema(self) -> JsonSchema:
        return _TEXT.schema()


_DAYS = Key("days", Items(_Days(), or_one=True, most=7), "Days of the week, or runs of them; every day by default.")
_HOURS = Key("hours", Items(_Span(), or_one=True, most=12), "Spans of local time in whole hours; all day by default.")
_ZONE = Key("timezone", _Zone(), "Whose local time; UTC by default.")


def _each_day_once(values: Values) -> None:
    days = [day for run in values.get_or(_DAYS, ()) for day in run]
    if twice := next((day for day in WEEKDAYS if days.count(WEEKDAYS.index(day)) > 1), None):
        values.wrong(_DAYS, f"{twice} is here twice", "name each day once")


def _each_hour_once(values: Values) -> None:
    spans = values.get_or(_HOURS, ())
    hours = [hour % 24 for begin, end in spans for hour in range(begin, end if begin < end else end + 24)]
    if len(set(hours)) < len(hours):
        values.wrong(_HOURS, "spans overlap", "write each hour once")


def _some_time(values: Values) -> None:
    if not values.written.keys() - {_ZONE.name}:
        values.wrong(None, "nothing says when", "write days or hours, or remove active")


def _times(values: Values) -> tuple[ActiveTime, ...]:
    days = [day for run in values.get_or(_DAYS, (tuple(range(7)),)) for day in run]
    spans = values.get_or(_HOURS, ((0, 24),))
    zone = values.get_or(_ZONE, "UTC")
    return tuple(ActiveTime(days=tuple(sorted(days)), begin_h=b, end_h=e, zone=zone) for b, e in sorted(spans))


class _Schedule(Reader[tuple[ActiveTime, ...]]):
    """One stretch of the week, or a list of them."""

    _items = Items(
        Fields(
            (_DAYS, _HOURS, _ZONE),
            _times,
            checks=(
                Check((), _some_time),
                Check((_DAYS,), _each_day_once, of_parts=True),
                Check((_HOURS,), _each_hour_once, of_parts=True),
            ),
        ),
        or_one=True,
        most=20,
    )

    def read(self, node: Node, path: str, reading: Reading) -> tuple[ActiveTime, ...] | None:
        found = self._items.read(node, path, reading)
        return None if found is None else tuple(time for times in found for time in times)

    def schema(self) -> JsonSchema:
        return self._items.schema()


SCHEDULE = _Schedule()
