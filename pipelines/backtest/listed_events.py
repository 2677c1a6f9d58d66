"""A dated list of happenings in plain sentences to events of the truth: who meets whom in a sentence, and when that began.

rows of date and text ──the same extraction──▶ pairs by day ──days close to each other are one event──▶ truth
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from pipelines.backtest.truth import TrueEvent
from schemas.signal import Signal

_TITLE_CHARACTERS = 120


def events_of(signals: Iterable[Signal], quiet_days: int, wanted: Callable[[str], bool]) -> list[TrueEvent]:
    """Return one event for each pair and each stretch of days with less than ``quiet_days`` between two of them.

    ``wanted`` tells which pairs (``AZE-RUS``) are kept. An event starts at 00:00 UTC of its first day.
    """
    seen: dict[str, dict[date, str]] = {}
    for signal in signals:
        day = signal.event_time.date()
        for pair in {"-".join(sorted((pair.source, pair.target))) for pair in signal.pairs}:
            if wanted(pair):
                seen.setdefault(pair, {}).setdefault(day, signal.text)
    events: list[TrueEvent] = []
    for pair, days in sorted(seen.items()):
        events.extend(
            TrueEvent(
                event=_title(days[stretch[0]]),
                watch=pair,
                start=_midnight(stretch[0]),
                end=_midnight(stretch[-1]) + timedelta(days=1),
            )
            for stretch in _stretches(sorted(days), quiet_days)
        )
    return sorted(events, key=lambda event: (event.start, event.watch))


def _stretches(days: Sequence[date], quiet_days: int) -> list[list[date]]:
    found: list[list[date]] = []
    for day in days:
        if found and (day - found[-1][-1]).days <= quiet_days:
            found[-1].append(day)
        else:
            found.append([day])
    return found


def _title(text: str) -> str:
    line = " ".join(text.split())
    if len(line) <= _TITLE_CHARACTERS:
        return line
    return line[:_TITLE_CHARACTERS].rsplit(" ", maxsplit=1)[0] + " …"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
