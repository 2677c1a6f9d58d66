"""Alarms against the truth: which event each was about, and how each event fared. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.rules.directory import ActorDirectory
from alerts.rules.model import Rule
from pipelines.backtest.alarms import Alarm, AlarmBook, overlap
from pipelines.backtest.concern import is_about, watches
from pipelines.backtest.truth import TrueEvent
from schemas.durations import parse_duration, show_duration
from schemas.errors import UsageError


class AlarmVerdict(StrEnum):
    """What an alarm turned out to be."""

    HIT = "hit"  # rang within the matching window of an event
    REPEAT = "repeat"  # so did it, but another alarm of the rule had found the event before
    DURING = "during"  # later, while an event went on: neither right nor wrong
    FALSE = "false alarm"
    LEARNING = "learning"  # before normal was known: shown, not judged
    UNJUDGED = "not judged"  # there is no truth to judge by


class EventFate(StrEnum):
    """What became of an event."""

    FOUND = "found"
    MISSED = "missed"
    BLIND = "blind"  # the feeds that would have told were silent: not counted as missed
    LEARNING = "learning"  # before normal was known: not counted
    OUTSIDE = "outside"  # not in the days that are judged, or these end while it may still be found
    UNWATCHED = "not watched"  # no rule counts what it is about


@dataclass(frozen=True, slots=True)
class Matching:
    """An alarm is about an event when it rings from ``before`` its start to ``after`` its start."""

    before: timedelta = timedelta(hours=24)
    after: timedelta = timedelta(hours=48)

    @classmethod
    def parse(cls, text: str) -> Matching:
        """Return what ``before=24h,after=48h`` means; :raises UsageError: it means nothing."""
        given: dict[str, timedelta] = {}
        for part in text.split(","):
            name, _, value = (piece.strip() for piece in part.partition("="))
            try:
                stretch = parse_duration(value)
            except ValueError as error:
                raise UsageError(
                    f"--match: {part.strip()!r}: {error}", remedy="for example before=24h,after=48h"
                ) from error
            if name not in ("before", "after") or name in given:
                raise UsageError(f"--match: {part.strip()!r} is not understood", remedy="write before=24h,after=48h")
            given[name] = stretch
        return cls(**given)

    def __str__(self) -> str:
        return f"before={in_hours(self.before)},after={in_hours(self.after)}"


def in_hours(stretch: timedelta) -> str:
    """Return ``stretch`` as people compare it: 24h rather than 1d."""
    hours, rest = divmod(stretch, timedelta(hours=1))
    return show_duration(stretch) if rest or not hours else f"{hours}h"


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time that is judged."""

    first: datetime
    last: datetime

    def holds(self, moment: datetime) -> bool:
        """Tell whether ``moment`` lies in it."""
        return self.first <= moment < self.last

    @property
    def weeks(self) -> float:
        """Its length."""
        return (self.last - self.first) / timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class JudgedAlarm:
    """An alarm, what it was, and the event it was about."""

    alarm: Alarm
    verdict: AlarmVerdict
    event: TrueEvent | None = None


@dataclass(frozen=True, slots=True)
class JudgedEvent:
    """An event as one rule met it; ``found`` is when that rule first rang for it."""

    event: TrueEvent
    fate: EventFate
    found: datetime | None = None

    @property
    def delay_h(self) -> float | None:
        """Hours from its start to the first ring; negative is before."""
        return (self.found - self.event.start) / timedelta(hours=1) if self.found is not None else None


@dataclass(frozen=True)
class RuleJudgement:
    """One rule: its alarms in the judged time and the events that are its business."""

    rule: Rule
    alarms: tuple[JudgedAlarm, ...]
    events: tuple[JudgedEvent, ...]


def judge_rule(
    rule: Rule,
    book: AlarmBook,
    truth: Sequence[TrueEvent] | None,
    matching: Matching,
    stretch: Stretch,
    names: ActorDirectory,
    learnt: datetime | None = None,
) -> RuleJudgement:
    """Return what became of the alarms of ``rule`` and of the events it watches; ``learnt``: when normal is known."""
    alarms = [alarm for alarm in book.alarms if stretch.holds(alarm.opened)]
    if truth is None:
        unjudged = [JudgedAlarm(alarm, _unjudged(alarm)) for alarm in alarms]
        return RuleJudgement(rule, tuple(unjudged), ())
    mine = [event for event in truth if watches(rule, event.watch, names)]
    firsts: dict[int, tuple[datetime, Alarm]] = {}  # index of event -> its first ring
    windows = [(event.start - matching.before, event.start + matching.after) for event in mine]
    for number, event in enumerate(mine):
        first, last = windows[number]
        rings = [
            (ring, alarm)
            for alarm in book.alarms
            if is_about(rule, alarm.key, event.watch)
            for ring in alarm.rings
            if first <= ring <= last and ring < stretch.last
        ]
        if rings:
            firsts[number] = min(rings, key=lambda found: (found[0], found[1].opened, found[1].key))
    judged = [_judged_alarm(alarm, rule, mine, windows, firsts) for alarm in alarms]
    fates = [
        _judged_event(event, firsts.get(number), book, matching, stretch, learnt) for number, event in enumerate(mine)
    ]
    return RuleJudgement(rule, tuple(judged), tuple(fates))


def _unjudged(alarm: Alarm) -> AlarmVerdict:
    return AlarmVerdict.LEARNING if alarm.opening.learning else AlarmVerdict.UNJUDGED


def _judged_alarm(
    alarm: Alarm,
    rule: Rule,
    events: Sequence[TrueEvent],
    windows: Sequence[tuple[datetime, datetime]],
    firsts: Mapping[int, tuple[datetime, Alarm]],
) -> JudgedAlarm:
    about = [number for number, event in enumerate(events) if is_about(rule, alarm.key, event.watch)]
    for number in about:
        if number in firsts and firsts[number][1] is alarm:
            return JudgedAlarm(alarm, AlarmVerdict.HIT, events[number])
    for number in about:
        first, last = windows[number]
        if any(first <= ring <= last for ring in alarm.rings):
            return JudgedAlarm(alarm, AlarmVerdict.REPEAT, events[number])
    for number in about:
        if windows[number][1] < alarm.opened < events[number].end:
            return JudgedAlarm(alarm, AlarmVerdict.DURING, events[number])
    return JudgedAlarm(alarm, AlarmVerdict.LEARNING if alarm.opening.learning else AlarmVerdict.FALSE)


def _judged_event(
    event: TrueEvent,
    first: tuple[datetime, Alarm] | None,
    book: AlarmBook,
    matching: Matching,
    stretch: Stretch,
    learnt: datetime | None,
) -> JudgedEvent:
    if not stretch.holds(event.start):
        return JudgedEvent(event, EventFate.OUTSIDE)
    if first is not None:
        return JudgedEvent(event, EventFate.FOUND, first[0])
    last = event.start + matching.after
    if last > stretch.last:
        return JudgedEvent(event, EventFate.OUTSIDE)
    if last > event.start and overlap(book.blind, event.start, last) * 2 >= matching.after:
        return JudgedEvent(event, EventFate.BLIND)
    if learnt is not None and event.start < learnt:
        return JudgedEvent(event, EventFate.LEARNING)
    return JudgedEvent(event, EventFate.MISSED)
