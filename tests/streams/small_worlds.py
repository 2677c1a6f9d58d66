"""Small invented worlds for the slow decider: few feeds, one to three rules easily rung, days on which nothing comes in order.

News comes late up to and beyond the last moment it counts at, is edited to and fro, withdrawn, doubled; feeds fail one at a time
or all at once and reach back or not; rules are exchanged, renamed, turned off, tried in shadow.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from alerts.rules.model import (
    ActiveTime,
    AnyActor,
    Confirm,
    Corroboration,
    Cusum,
    Detector,
    Drop,
    Floors,
    Level,
    Mode,
    NamedActors,
    New,
    Only,
    PairPart,
    PartOf,
    Ratio,
    Record,
    Rule,
    Sensitivity,
    Shift,
    Spike,
    Threshold,
    Unit,
    Zscore,
)
from schemas.reasons import ArticleStatus, EventTimeReason, Severity, Tone
from schemas.signal import Signal
from schemas.wire import SignalsRecord
from tests.streams.records import FEED_IDS, HOUR, activated, coverage, pair_rule, signal
from tests.streams.world import START

_PAIRS = (("AZE", "RUS"), ("ARM", "AZE"), ("AZE", "TUR"))
_MINUTE = HOUR / 60
_EVERY_PAIR = PairPart(one=(NamedActors(ids=("AZE",)),), other=(AnyActor(),))


class SmallWorld:
    """A world of ``days`` days from a seed, with detectors of some kinds; ``feeds_fail`` where they may."""

    def __init__(self, seed: int, kinds: Sequence[str], *, days: int = 4, feeds_fail: bool = True) -> None:
        self._r, self._kinds, self._hours = random.Random(seed), kinds, days * 24
        self._feeds = FEED_IDS[: self._r.randint(3, 4)]
        self._arrivals: list[tuple[datetime, int, float, SignalsRecord]] = []
        self._articles = 0
        rules = [self._rule(f"r{number}") for number in range(self._r.randint(1, 2))]
        self._rate, self._burst = self._r.choice((0.05, 0.15, 0.3, 0.6)), 14 if "spike" in kinds else 6
        silent, self._rise, self._conflict = self._turn("drop"), self._turn("cusum"), self._turn("shift")
        for hour in range(self._hours):
            if not silent <= hour < silent + 60:
                self._news(START + hour * HOUR)
        self._coverage(self._outages() if feeds_fail else {})
        if self._r.random() < 0.5:
            self._exchanges(rules)
        self._arrivals.sort(key=lambda arrival: arrival[:3])
        began = coverage(START - HOUR, feeds=self._feeds, reached_back_to=START - HOUR)
        self.records: list[SignalsRecord] = [
            activated(START, *rules),
            began,
            *(record for *_, record in self._arrivals),
        ]

    def _turn(self, kind: str) -> int:
        """Return the hour at which the news turns to what a detector of that kind looks for; with it there is enough before."""
        if kind not in self._kinds:
            return self._hours
        self._rate = 0.9 if kind == "drop" else self._rate
        return self._r.randrange(self._hours * 2 // 3, self._hours)

    def _chance(self, of: float) -> bool:
        return self._r.random() < of

    # ---- rules -------------------------------------------------------------------------------------------------

    def _detector(self) -> Detector:
        r, kind = self._r, self._r.choice(self._kinds)
        made: Detector
        if kind == "threshold":
            count, within, floors = (
                r.choice((1, 2, 3, 4)),
                r.choice((1, 2, 6, 12, 30)),
                Floors(publishers=r.choice((0, 2))),
            )
            made = Threshold(count=count, within_h=within, floors=floors, of=r.choice(list(Unit)))
        elif kind == "new":
            confirm = Confirm(stories=r.choice((1, 2)), publishers=r.choice((1, 2)), within_h=r.choice((3, 12, 48)))
            made = New(quiet_for_h=r.choice((4, 24, 72)), confirm=confirm)
        elif kind in ("ratio", "zscore", "record"):
            floors = Floors(stories=r.choice((1, 2)), publishers=r.choice((1, 2)))
            lengths: dict[str, Any] = {"window_h": r.choice((3, 6, 24, 30)), "baseline_h": r.choice((60, 72, 96))}
            lengths["of"] = r.choice(list(Unit))
            if kind == "ratio":
                made = Ratio(floors=floors, ratio=r.choice((1.5, 3.0)), **lengths)
            elif kind == "zscore":
                made = Zscore(floors=floors, sd=r.choice((2.0, 4.0)), **lengths)
            else:
                made = Record(floors=floors, **lengths)
        elif kind == "drop":
            floors = Floors(times=r.choice((1.5, 2.0, 4.0)))
            made = Drop(
                floors=floors,
                expected=r.choice((3.0, 6.0)),
                sensitivity=r.choice(list(Sensitivity)),
                windows_h=r.choice(((24,), (12, 24), (24, 48))),
                of=r.choice(list(Unit)),
            )
        elif kind == "cusum":
            floors = Floors(stories=2, publishers=r.choice((1, 2)), times=r.choice((1.0, 2.0)))
            made = Cusum(
                floors=floors,
                ratio=r.choice((1.5, 2.0, 3.0)),
                sensitivity=r.choice(list(Sensitivity)),
                of=r.choice(list(Unit)),
            )
        elif kind == "shift":
            made = Shift(
                to=PartOf(tones=(Tone.CONFLICT,)),
                floors=Floors(stories=r.choice((2, 4)), publishers=r.choice((1, 2))),
                part=r.choice((2, 3)),
                window_h=r.choice((6, 24, 30)),
                baseline_h=r.choice((72, 168)),
                sensitivity=r.choice(list(Sensitivity)),
                of=r.choice(list(Unit)),
            )
        else:
            floors = Floors(stories=2, publishers=r.choice((1, 2)), times=r.choice((0.0, 2.0)))
            windows = r.choice(((6, 24), (3, 12), (6,)))
            made = Spike(floors=floors, sensitivity=r.choice(list(Sensitivity)), windows_h=windows)
        rest = {"resolve_after_h": r.choice((1, 2, 3, 12)), "cooldown_h": r.choice((0, 1, 3, 24))}
        lasts = {"for_h": r.choice((1, 2, 3, 5))} if self._chance(0.3) else {}
        again = {"renotify_h": r.choice((1, 4, 7))} if self._chance(0.25) else {}
        only = {"only": Only(tones=(Tone.CONFLICT,))} if self._chance(0.2) else {}
        return made.model_copy(update=rest | lasts | again | only)

    def _rule(self, name: str) -> Rule:
        r = self._r
        rule = pair_rule(name, *(self._detector() for _ in range(r.choice((1, 1, 1, 2)))))
        changes: dict[str, object] = {}
        if self._chance(0.3):
            changes["watch"] = rule.watch.model_copy(update={"pair": _EVERY_PAIR})
        if self._chance(0.2):
            changes["active"] = (ActiveTime(begin_h=r.choice((6, 20)), end_h=r.choice((9, 22)), zone="UTC"),)
        if self._chance(0.2):
            changes["levels"] = Level(severity=Severity.HIGH, stories=3), Level(severity=Severity.CRITICAL, stories=5)
        if self._chance(0.15):
            changes["corroborated_by"] = Corroboration(source_countries=2)
        if self._chance(0.1):
            changes["limit"] = 1
        if self._chance(0.15):
            changes["mode"] = r.choice((Mode.SHADOW, Mode.OFF))
        return rule.model_copy(update=changes)

    def _exchanges(self, rules: Sequence[Rule]) -> None:
        for hour in sorted(self._r.sample(range(10, self._hours - 5), self._r.randint(1, 3))):
            rules = self._exchanged([*rules])
            at = START + hour * HOUR + self._r.choice((0, 30)) * _MINUTE
            self._arrivals.append((at, 1, 0.0, activated(at, *rules)))

    def _exchanged(self, rules: list[Rule]) -> list[Rule]:
        r = self._r
        number, what = r.randrange(len(rules)), r.choice(("severity", "mode", "gone", "other", "more", "rest", "name"))
        old = rules[number]
        if what == "severity":
            rules[number] = old.model_copy(update={"severity": r.choice(list(Severity))})
        elif what == "mode":
            rules[number] = old.model_copy(update={"mode": r.choice(list(Mode))})
        elif what == "gone" and len(rules) > 1:
            del rules[number]
        elif what == "other":
            rules[number] = self._rule(old.name)
        elif what == "more":
            rules.append(self._rule(f"n{len(self._arrivals)}"))
        elif what == "name":
            rules[number] = old.model_copy(update={"name": f"n{len(self._arrivals)}"})
        else:
            rest = {"resolve_after_h": r.choice((1, 5)), "cooldown_h": r.choice((0, 5))}
            rules[number] = old.model_copy(update={"when": (old.when[0].model_copy(update=rest), *old.when[1:])})
        return rules

    # ---- news --------------------------------------------------------------------------------------------------

    def _news(self, hour: datetime) -> None:
        if hour == START + self._rise * HOUR:
            self._rate = 0.9
        burst = self._r.randrange(1, self._burst) if self._chance(0.04) else 0
        for _ in range(self._chance(self._rate) + burst):
            self._articles += 1
            event = hour + self._r.randrange(60) * _MINUTE
            pair = self._r.choice(_PAIRS[:2] if self._chance(0.9) else _PAIRS)
            made = signal(
                f"a{self._articles:04d}",
                event,
                feed=self._r.choice(self._feeds),
                pair=pair,
                observed_at=max(event, self._seen(hour, event)),
                wording=self._r.choice(("one", "two", "three")) if self._chance(0.2) else None,
                tone=self._tone(hour),
                reason=EventTimeReason.BACKFILL if self._chance(0.03) else EventTimeReason.PUBLISHED,
            )
            self._arrive(made)
            if self._chance(0.1):
                self._arrive(made, later=self._r.choice((0, 7, 200)) * _MINUTE)
            if self._chance(0.25):
                self._revise(made, pair)

    def _tone(self, hour: datetime) -> Tone:
        if "shift" not in self._kinds:
            return self._r.choice(list(Tone))
        rare = 0.1 if hour < START + self._conflict * HOUR else 0.8
        return Tone.CONFLICT if self._chance(rare) else Tone.NEUTRAL

    def _seen(self, hour: datetime, event: datetime) -> datetime:
        """Mostly at once, or hours late, or around the last moment it counts at."""
        x, r = self._r.random(), self._r
        if x < 0.6:
            return event + r.choice((0, 1, 3)) * _MINUTE
        if x < 0.8:
            return event + r.choice((1, 2, 5, 12, 22, 23)) * HOUR + r.randrange(60) * _MINUTE
        return (
            hour
            + r.choice((23, 24, 25)) * HOUR
            + r.choice((0, 0, 30, 59)) * _MINUTE
            - timedelta(seconds=r.choice((0, 0, 1)))
        )

    def _revise(self, made: Signal, pair: tuple[str, str]) -> None:
        r, at = self._r, made.observed_at
        for _ in range(r.randint(1, 4)):
            at += r.choice((1, 5, 20, 60, 300, 900, 1500)) * _MINUTE
            status = ArticleStatus.WITHDRAWN if self._chance(0.4) else ArticleStatus.LIVE
            other = r.choice((None, *_PAIRS[:2])) if self._chance(0.35) else pair
            revised = signal(
                made.article_id,
                made.event_time,
                feed=made.feed_id,
                pair=other,
                observed_at=made.observed_at,
                revised_at=at,
                status=status,
                tone=r.choice(list(Tone)),
                reason=made.event_time_reason,
            )
            self._arrive(revised)

    def _arrive(self, record: Signal, *, later: timedelta = timedelta(0)) -> None:
        self._arrivals.append((record.revised_at + later, 0, self._r.random(), record))

    # ---- feeds -------------------------------------------------------------------------------------------------

    def _outages(self) -> Mapping[int, set[str]]:
        down: dict[int, set[str]] = {}
        for _ in range(self._r.randint(1, 3) if self._chance(0.5) else 0):
            feed, begin = self._r.choice(self._feeds), self._r.randrange(self._hours)
            for hour in range(begin, begin + self._r.randrange(1, 20)):
                down.setdefault(hour, {feed})
        if self._chance(0.3):
            begin = self._r.randrange(self._hours)
            down.update((hour, {*self._feeds}) for hour in range(begin, begin + self._r.randrange(1, 10)))
        return down

    def _coverage(self, down: Mapping[int, set[str]]) -> None:
        for hour in range(self._hours):
            since, failing = START + hour * HOUR, down.get(hour, set())
            record = coverage(since, feeds=self._feeds, failing=sorted(failing), reached_back_to=since)
            back = down.get(hour - 1, set()) - failing
            if back and self._chance(0.5):
                reach = {"reached_back_to": since - self._r.choice((1, 3, 10)) * HOUR}
                feeds = (feed.model_copy(update=reach) if feed.feed_id in back else feed for feed in record.feeds)
                record = record.model_copy(update={"feeds": tuple(feeds)})
            self._arrivals.append((since + HOUR, -1, 0.0, record))
