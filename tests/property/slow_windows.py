"""What the windows of each detector say, from counts that are found anew for each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from alerts.rules.detector_model import (
    Cusum,
    Drop,
    New,
    Ratio,
    Record,
    Sensitivity,
    Shift,
    Spike,
    Threshold,
    WindowSettings,
    Zscore,
)
from alerts.rules.model import Rule
from schemas.alert_event import Counts
from schemas.ids import hour_start
from tests.property.slow_counts import SlowCounts
from tests.property.slow_normals import climbed, lack, learnt_share, plain_normal, share_surprise
from tests.property.slow_spike import SlowSpike, surprise

_BARS = {Sensitivity.HIGH: 2.5, Sensitivity.NORMAL: 3.0, Sensitivity.LOW: 4.0}
_BARS_OF_SHARES = {Sensitivity.HIGH: 2.2, Sensitivity.NORMAL: 2.6, Sensitivity.LOW: 3.5}
DAY = 24
WEEK = 168
TWO_WEEKS = 336


class Asked(NamedTuple):
    """One window. ``number`` is that of the detector in its rule; ``hours`` end with ``hour``; ``compared`` is its count."""

    number: int
    hour: int
    hours: int
    crossed: bool
    calm: bool
    compared: int
    counts: Counts
    expected: float | None = None
    score: float | None = None


class SlowWindows:
    """The windows of one rule, whose history begins with the hour ``start``."""

    def __init__(self, counts: SlowCounts, start: int) -> None:
        self.counts, self.start = counts, start
        self._spikes: dict[tuple[str, int], SlowSpike] = {}
        self._known: dict[tuple[str, int], list[tuple[int, int]]] = {}
        self._normals: dict[tuple[str, int, int], tuple[float, ...]] = {}

    def ask(self, rule: Rule, key: str, number: int, hour: int) -> Asked:
        """Return what the window of a detector that ends with ``hour`` says."""
        detector = rule.when[number]
        if isinstance(detector, Threshold):
            return self._threshold(rule, key, number, hour, detector)
        if isinstance(detector, New):
            return self._new(rule, key, number, hour, detector)
        if isinstance(detector, Spike):
            return self._spike(rule, key, number, hour, detector)
        if isinstance(detector, Cusum):
            return self._cusum(rule, key, number, hour, detector)
        if isinstance(detector, Drop | Shift) and hour >= self.counts.open:  # decided when the hour ends
            return Asked(number, hour, 0, False, True, 0, Counts())
        if isinstance(detector, Drop):
            return self._drop(rule, key, number, hour, detector)
        if isinstance(detector, Shift):
            return self._shift(rule, key, number, hour, detector)
        return self._plain(rule, key, number, hour, detector)

    def _floors(self, rule: Rule, key: str, asked: Asked) -> bool:
        """Tell whether stories, publishers and their countries are enough."""
        first, floors = asked.hour - asked.hours + 1, rule.when[asked.number].floors
        inside = [one for one in self.counts.news(rule, key, asked.number) if first <= one.hour <= asked.hour]
        wanted = rule.corroborated_by.source_countries if rule.corroborated_by else 0
        enough = asked.counts.stories >= floors.stories and asked.counts.publishers >= floors.publishers
        return enough and len({one.country for one in inside}) >= wanted

    def _threshold(self, rule: Rule, key: str, number: int, hour: int, detector: Threshold) -> Asked:
        counts = self.counts.counts(rule, key, number, hour - detector.within_h + 1, hour)
        count = int(getattr(counts, detector.of.value))
        over = count >= detector.count
        asked = Asked(number, hour, detector.within_h, False, not over, count, counts)
        return asked._replace(crossed=over and self._floors(rule, key, asked))

    def _new(self, rule: Rule, key: str, number: int, hour: int, detector: New) -> Asked:
        confirm = detector.confirm
        first = hour - confirm.within_h + 1
        counts = self.counts.counts(rule, key, number, first, hour)
        seen = sorted(one.hour for one in self.counts.news(rule, key, number) if one.hour <= hour)
        appeared = next((h for h in seen if h >= first), None)
        quiet = appeared is not None and not any(appeared - detector.quiet_for_h <= h < appeared for h in seen)
        known = appeared is None or appeared - self.start < detector.quiet_for_h or detector.knows(key)
        enough = counts.stories >= confirm.stories and counts.publishers >= confirm.publishers
        asked = Asked(number, hour, confirm.within_h, False, True, counts.stories, counts)
        crossed = quiet and not known and enough and self._floors(rule, key, asked)
        return asked._replace(crossed=crossed, calm=not crossed)

    def _spike(self, rule: Rule, key: str, number: int, hour: int, detector: Spike) -> Asked:
        """The window with the best score among those that reach the floors, or among all."""
        slow, t, found = self._equations(rule, key, number, detector), hour - self.start, []
        assert detector.sensitivity is not None
        for w, hours in enumerate(detector.windows_h):
            counts = self.counts.counts(rule, key, number, hour - hours + 1, hour)
            count = self._hourly(rule, key, number, hour - hours + 1, hour)
            expected = slow.mu[t][w]
            raw = surprise(count, expected, slow.phi[t][w], slow.a[t])
            score = round(max(0.0, raw - math.log10(len(detector.windows_h))), 3)
            asked = Asked(number, hour, hours, False, raw < -math.log10(0.05), count, counts, expected, score)
            times = count >= detector.floors.times * float(f"{expected:.3e}")
            found.append((times and self._floors(rule, key, asked), score, -w, asked))
        reached, score, _, best = max(found)
        crossed = reached and score >= _BARS[detector.sensitivity]
        return best._replace(crossed=crossed, calm=all(asked.calm for *_, asked in found))

    def _drop(self, rule: Rule, key: str, number: int, hour: int, detector: Drop) -> Asked:
        """The window that crossed, or that with the best score."""
        slow, t, found = self._equations(rule, key, number, detector), hour - self.start, []
        assert detector.sensitivity is not None
        for w, hours in enumerate(detector.windows_h):
            counts = self.counts.counts(rule, key, number, hour - hours + 1, hour)
            count = self._hourly(rule, key, number, hour - hours + 1, hour)
            expected = slow.mu[t][w]
            raw = lack(count, expected, slow.phi[t][w], slow.a[t])
            score = round(max(0.0, raw - math.log10(len(detector.windows_h))), 3)
            asked = Asked(number, hour, hours, False, raw < -math.log10(0.05), count, counts, expected, score)
            told = float(f"{expected:.3e}")
            crossed = told >= detector.expected and count * detector.floors.times <= told
            found.append((crossed and score >= _BARS[detector.sensitivity], score, -w, asked))
        crossed, _, _, best = max(found)
        return best._replace(crossed=crossed, calm=not crossed and all(asked.calm for *_, asked in found))

    def _cusum(self, rule: Rule, key: str, number: int, hour: int, detector: Cusum) -> Asked:
        """The last week, and the sum that ends with it."""
        slow, t = self._equations(rule, key, number, detector), hour - self.start
        assert detector.sensitivity is not None
        counts = self.counts.counts(rule, key, number, hour - WEEK + 1, hour)
        count = self._hourly(rule, key, number, hour - WEEK + 1, hour)
        expected = slow.m[t] * WEEK
        recent = range(max(self.start, hour - 2 * DAY), hour + 1)
        series = [*slow.counts[: recent[0] - self.start], *(self._hourly(rule, key, number, h, h) for h in recent)]
        score = round(climbed(slow, series, detector.ratio), 3)
        many = count >= detector.floors.times * float(f"{expected:.3e}")
        asked = Asked(number, hour, WEEK, False, not many, count, counts, expected, score)
        crossed = score >= _BARS[detector.sensitivity] and many and self._floors(rule, key, asked)
        return asked._replace(crossed=crossed)

    def _plain(self, rule: Rule, key: str, number: int, hour: int, detector: Ratio | Zscore | Record) -> Asked:
        """The window beside those before it."""
        hours = detector.window_h
        counts = self.counts.counts(rule, key, number, hour - hours + 1, hour)
        count = self._hourly(rule, key, number, hour - hours + 1, hour)
        mean, deviation, highest = self._normal(
            (key, number, hour),
            lambda: plain_normal(self._learnt(rule, key, number, hour), hours, self.start, detector.baseline_h),
        )
        score, needed = None, WEEK
        if isinstance(detector, Ratio):
            over = count / mean >= detector.ratio
        elif isinstance(detector, Zscore):
            score = round(max(0.0, (count - mean) / deviation), 3)
            over = score >= detector.sd
        else:
            over, needed = count > highest, detector.baseline_h
        known = hour - self.start >= needed + max(24, hours) + 1
        asked = Asked(number, hour, hours, False, True, count, counts, mean, score)
        crossed = over and known and self._floors(rule, key, asked)
        return asked._replace(crossed=crossed, calm=not crossed and count <= 1.5 * mean)

    def _shift(self, rule: Rule, key: str, number: int, hour: int, detector: Shift) -> Asked:
        """The part in the window beside its share in those before."""
        hours, first = detector.window_h, hour - detector.window_h + 1
        assert detector.sensitivity is not None
        counts = self.counts.counts(rule, key, number, first, hour)
        part = self._hourly(rule, key, number, first, hour)
        whole = self._hourly(rule, key, number, first, hour, whole=True)
        share, correlation = self._normal(
            (key, number, hour), lambda: learnt_share(self._learnt(rule, key, number, hour), hours, detector.baseline_h)
        )
        raw = share_surprise(part, whole, share, correlation)
        expected, score = whole * share, round(raw, 3)
        asked = Asked(number, hour, hours, False, raw < -math.log10(0.05), part, counts, expected, score)
        enough = whole >= detector.floors.stories and part >= detector.part
        enough = enough and counts.publishers >= detector.floors.publishers
        enough = enough and part >= detector.floors.times * float(f"{expected:.3e}")
        wanted = rule.corroborated_by.source_countries if rule.corroborated_by else 0
        inside = [one for one in self.counts.news(rule, key, number) if first <= one.hour <= hour]
        enough = enough and len({one.country for one in inside}) >= wanted
        return asked._replace(crossed=enough and score >= _BARS_OF_SHARES[detector.sensitivity])

    def _learnt(self, rule: Rule, key: str, number: int, hour: int) -> list[tuple[int, int]]:
        """The whole and the part of each hour that is learnt when ``hour`` opens; what was learnt does not change."""
        known = self._known.setdefault((key, number), [])
        detector = rule.when[number]
        assert isinstance(detector, WindowSettings)
        end = hour - max(24, detector.window_h)
        for h in range(self.start + len(known), end):
            known.append((self._hourly(rule, key, number, h, h, whole=True), self._hourly(rule, key, number, h, h)))
        return known[: max(0, end - self.start)]

    def _normal(self, place: tuple[str, int, int], find: Callable[[], tuple[float, ...]]) -> tuple[float, ...]:
        if place not in self._normals:
            self._normals[place] = find()
        return self._normals[place]

    def _hourly(self, rule: Rule, key: str, number: int, first: int, last: int, *, whole: bool = False) -> int:
        unit = rule.when[number].of
        return self.counts.hourly(rule, key, number, max(first, self.start), last, unit=unit, whole=whole)

    def _equations(self, rule: Rule, key: str, number: int, detector: Spike | Drop | Cusum) -> SlowSpike:
        """The equations up to the open hour. They look at counts a day old alone, which do not change any more."""
        slow = self._spikes.get((key, number))
        if slow is None:
            slow = self._spikes[key, number] = SlowSpike(
                windows=detector.windows_h,
                guard=max(*detector.windows_h, 24) + 1,
                slot=self._slot,
                slots=48,
                half_life=detector.half_life_h,
                begins=self.start % 24,
                spread_after=0 if isinstance(detector, Spike) else TWO_WEEKS,
            )
        while len(slow.counts) <= self.counts.open - self.start:
            for t in range(max(0, len(slow.counts) - slow.guard - max(slow.windows) - 1), len(slow.counts)):
                slow.counts[t] = self._hourly(rule, key, number, self.start + t, self.start + t)
            slow.score(0.0)
        return slow

    def _slot(self, t: int) -> int:
        begin = hour_start(self.start + t)
        return begin.hour + (24 if begin.weekday() >= 5 else 0)
