"""What the windows of ``threshold``, ``new`` and ``spike`` say, from counts that are found anew for each."""

from __future__ import annotations

import math
from typing import NamedTuple

from alerts.rules.detector_model import New, Sensitivity, Spike, Threshold, Unit
from alerts.rules.model import Rule
from schemas.alert_event import Counts
from schemas.ids import hour_start
from tests.property.slow_counts import SlowCounts
from tests.property.slow_spike import SlowSpike, surprise

_BARS = {Sensitivity.HIGH: 2.5, Sensitivity.NORMAL: 3.0, Sensitivity.LOW: 4.0}


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

    def ask(self, rule: Rule, key: str, number: int, hour: int) -> Asked:
        """Return what the window of a detector that ends with ``hour`` says."""
        detector = rule.when[number]
        if isinstance(detector, Threshold):
            return self._threshold(rule, key, number, hour, detector)
        if isinstance(detector, New):
            return self._new(rule, key, number, hour, detector)
        assert isinstance(detector, Spike)
        return self._spike(rule, key, number, hour, detector)

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
            count = self._hourly(rule, key, number, max(hour - hours + 1, self.start), hour, detector.of)
            expected = slow.mu[t][w]
            raw = surprise(count, expected, slow.phi[t][w], slow.a[t])
            score = round(max(0.0, raw - math.log10(len(detector.windows_h))), 3)
            asked = Asked(number, hour, hours, False, raw < -math.log10(0.05), count, counts, expected, score)
            times = count >= detector.floors.times * float(f"{expected:.3e}")
            found.append((times and self._floors(rule, key, asked), score, -w, asked))
        reached, score, _, best = max(found)
        crossed = reached and score >= _BARS[detector.sensitivity]
        return best._replace(crossed=crossed, calm=all(asked.calm for *_, asked in found))

    def _hourly(self, rule: Rule, key: str, number: int, first: int, last: int, unit: Unit) -> int:
        """What is compared with a normal: the publishers of each hour, added up."""
        if unit is not Unit.PUBLISHERS:
            return int(getattr(self.counts.counts(rule, key, number, first, last), unit.value))
        news = self.counts.news(rule, key, number)
        return len({(one.hour, one.publisher) for one in news if first <= one.hour <= last})

    def _equations(self, rule: Rule, key: str, number: int, detector: Spike) -> SlowSpike:
        """The equations up to the open hour. They look at counts a day old alone, which do not change any more."""
        slow = self._spikes.get((key, number))
        if slow is None:
            slow = self._spikes[key, number] = SlowSpike(
                windows=detector.windows_h,
                guard=max(*detector.windows_h, 24) + 1,
                slot=self._slot,
                slots=48,
                half_life=detector.half_life_h,
            )
        while len(slow.counts) <= self.counts.open - self.start:
            for t in range(max(0, len(slow.counts) - slow.guard - max(slow.windows) - 1), len(slow.counts)):
                slow.counts[t] = self._hourly(rule, key, number, self.start + t, self.start + t, detector.of)
            slow.score(0.0)
        return slow

    def _slot(self, t: int) -> int:
        begin = hour_start(self.start + t)
        return begin.hour + (24 if begin.weekday() >= 5 else 0)
