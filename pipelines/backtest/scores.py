"""Judgements to numbers: hits, misses, false alarms, precision, recall, delay, alerts a week, time firing, time blind. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.backtest.alarms import AlarmBook, overlap, union
from pipelines.backtest.intervals import Share, quartiles
from pipelines.backtest.judging import AlarmVerdict, EventFate, JudgedAlarm, JudgedEvent, RuleJudgement, Stretch
from pipelines.backtest.truth import TrueEvent


@dataclass(frozen=True)
class Score:
    """One rule, or all of them together. Times are hours; ``delays_h`` has one entry an event found (negative: before)."""

    alarms: Counter[AlarmVerdict]
    events: Counter[EventFate]
    delays_h: tuple[float, ...]
    rings: int  # openings and escalations: what reaches people
    hours: float
    blind_h: float
    firing_h: float  # with at least one alert open
    judged: bool

    @property
    def openings(self) -> int:
        """Alerts that opened, while learning too."""
        return self.alarms.total()

    @property
    def precision(self) -> Share:
        """Hits and repeats among the alarms that are right or wrong."""
        right = self.alarms[AlarmVerdict.HIT] + self.alarms[AlarmVerdict.REPEAT]
        return Share(right, right + self.alarms[AlarmVerdict.FALSE])

    @property
    def recall(self) -> Share:
        """Events found among those that could be."""
        found = self.events[EventFate.FOUND]
        return Share(found, found + self.events[EventFate.MISSED])

    @property
    def a_week(self) -> float:
        """Alerts opened a week."""
        return self.openings / (self.hours / 168) if self.hours else 0.0

    @property
    def rings_a_seen_week(self) -> float:
        """Messages an analyst gets in a week in which the feeds are seen: openings and escalations over time not blind."""
        seen = self.hours - self.blind_h
        return self.rings / (seen / 168) if seen > 0 else 0.0

    def as_json(self) -> dict[str, object]:
        """Return the same as plain values."""
        delays = quartiles(self.delays_h)
        return {
            "openings": self.openings,
            "alarms": {verdict.value: self.alarms[verdict] for verdict in AlarmVerdict},
            "events": {fate.value: self.events[fate] for fate in EventFate},
            "precision": self.precision.as_json() if self.judged else None,
            "recall": self.recall.as_json() if self.judged else None,
            "delay_h": None
            if delays is None
            else dict(zip(("lower", "median", "upper"), map(_round, delays), strict=True)),
            "alerts_a_week": _round(self.a_week),
            "alarms_an_analyst_week": _round(self.rings_a_seen_week),
            "hours": _round(self.hours),
            "blind_hours": _round(self.blind_h),
            "firing_hours": _round(self.firing_h),
            "firing_share": round(self.firing_h / self.hours, 4) if self.hours else 0.0,
        }


def _round(value: float) -> float:
    return round(value, 2)


def score_rule(judgement: RuleJudgement, book: AlarmBook, stretch: Stretch, *, judged: bool) -> Score:
    """Return the numbers of one rule."""
    return _score(judgement.alarms, judgement.events, [book], stretch, book.blind, judged=judged)


def score_all(
    judgements: Sequence[RuleJudgement],
    books: Mapping[str, AlarmBook],
    truth: Sequence[TrueEvent] | None,
    stretch: Stretch,
) -> Score:
    """Return the numbers of all rules: an event is found when one of them found it; blind is when all of them are."""
    alarms = [alarm for judgement in judgements for alarm in judgement.alarms]
    names = [judgement.rule.name for judgement in judgements]
    blind = union([stretch_ for name in names[:1] for stretch_ in books[name].blind])
    events = together(judgements, truth or ())
    return _score(alarms, events, [books[name] for name in names], stretch, blind, judged=truth is not None)


#: What an event is in all, the best of what it was to any rule.
_BEST_FIRST = (
    EventFate.FOUND, EventFate.MISSED, EventFate.BLIND, EventFate.LEARNING, EventFate.OUTSIDE, EventFate.UNWATCHED,
)  # fmt: skip


def together(judgements: Iterable[RuleJudgement], truth: Sequence[TrueEvent]) -> list[JudgedEvent]:
    """Return how each event of ``truth`` fared with all rules, in its order."""
    met: dict[TrueEvent, list[JudgedEvent]] = {}
    for judgement in judgements:
        for event in judgement.events:
            met.setdefault(event.event, []).append(event)
    found = []
    for true in truth:
        fates = met.get(true)
        if not fates:
            found.append(JudgedEvent(true, EventFate.UNWATCHED))
            continue
        fate = min((one.fate for one in fates), key=_BEST_FIRST.index)
        found.append(JudgedEvent(true, fate, min((one.found for one in fates if one.found), default=None)))
    return found


def _score(
    alarms: Sequence[JudgedAlarm],
    events: Sequence[JudgedEvent],
    books: Sequence[AlarmBook],
    stretch: Stretch,
    blind: Sequence[tuple[datetime, datetime | None]],
    *,
    judged: bool,
) -> Score:
    firing = union([(alarm.opened, alarm.ended) for book in books for alarm in book.alarms])
    hour = timedelta(hours=1)
    return Score(
        alarms=Counter(alarm.verdict for alarm in alarms),
        events=Counter(event.fate for event in events),
        delays_h=tuple(event.delay_h for event in events if event.delay_h is not None),
        rings=sum(1 for book in books for alarm in book.alarms for ring in alarm.rings if stretch.holds(ring)),
        hours=(stretch.last - stretch.first) / hour,
        blind_h=overlap(blind, stretch.first, stretch.last) / hour,
        firing_h=overlap(firing, stretch.first, stretch.last) / hour,
        judged=judged,
    )
