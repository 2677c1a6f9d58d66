"""Things that happen to invented watches, from a seed, and what a detector finds of them; and a time in which nothing does."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

import numpy as np

from alerts.rules.model import PartOf, Shift
from benchmarks.crossings import Crossings
from benchmarks.detector_runs import Run, ShiftRun
from benchmarks.news_simulation import Counts, Floats, News, burst, part_of, ramp, rates, stories

_DAY = 24
#: Days before anything is judged, and days that are.
LEARN_DAYS, JUDGED_DAYS = 60, 90
BURST_H, SILENCE_H, RAMP_H, STEP_H = 24, 72, 56 * 24, 7 * 24
#: How a part's share scatters from day to day (intra-class correlation).
CORRELATION = 0.03

SHIFT = Shift(to=PartOf())


@dataclass(frozen=True)
class Found:
    """Of the keys something happened to: the share that rang in time, and the median delay of those, in hours."""

    probability: float
    delay_h: float | None

    def __str__(self) -> str:
        return f"{self.probability:.2f}" + (f" after {self.delay_h:.0f} h" if self.delay_h is not None else "")


def found(crossings: Crossings, bar: float, starts: np.ndarray[tuple[int], np.dtype[np.int64]], within_h: int) -> Found:
    """Return how many keys' alerts opened within ``within_h`` hours of their start."""
    delays: dict[int, int] = {}
    for key, hour in crossings.alarms(bar):
        if 0 <= hour - starts[key] <= within_h:
            delays.setdefault(key, hour - int(starts[key]))
    median = statistics.median(delays.values()) if delays else None
    return Found(len(delays) / len(starts), median)


@dataclass
class Evaluation:
    """One portfolio of ``keys`` watches."""

    keys: int
    news: News
    seed: int = 1

    def random(self, stream: int) -> np.random.Generator:
        """Return a stream of chance of its own."""
        return np.random.default_rng([self.seed, stream])

    @property
    def first(self) -> int:
        """The first hour that is judged."""
        return LEARN_DAYS * _DAY

    def quiet_rates(self, judged_days: int) -> Floats:
        """Return the rates of a time in which nothing happens."""
        return rates(self.news, self.keys, (LEARN_DAYS + judged_days) * _DAY, self.random(1))

    def quiet(self, run: Run) -> Crossings:
        """Return what crosses while nothing happens."""
        return self.quiet_over(run, self._whole(JUDGED_DAYS))

    def quiet_over(self, run: Run, whole: Counts) -> Crossings:
        """Return what crosses of ``whole``."""
        return run.over(whole, self.parts(whole) if isinstance(run, ShiftRun) else None, first=self.first)

    def parts(self, whole: Counts) -> Counts:
        """Return how many of ``whole`` belong to the part of a shift; every key has a normal share of its own, 5 to 50 %."""
        share = np.repeat(self.random(5).uniform(0.05, 0.5, self.keys)[:, None], whole.shape[1], axis=1)
        return part_of(whole, share, CORRELATION, self.random(6))

    def per_month(self, crossings: Crossings, bar: float) -> float:
        """Return alerts per watch-month."""
        return len(crossings.alarms(bar)) / (self.keys * JUDGED_DAYS / 30)

    def bar_at(self, crossings: Crossings, rate: float) -> float:
        """Return the lowest bar at which no more than ``rate`` false alarms ring per watch-month."""
        scores = sorted({round(score, 2) for score in crossings.scores().tolist()})
        low, high = 0, len(scores) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.per_month(crossings, scores[middle]) <= rate else (middle + 1, high)
        return scores[low] if scores else 0.0

    def _starts(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Return when it begins for each key: at any hour of any weekday."""
        return self.random(3).integers(self.first, self.first + 7 * _DAY, self.keys)

    def bursts(self, run: Run, factor: float, bar: float | None = None) -> Found:
        """Return what is found of a day's burst, until it ends."""
        starts = self._starts()
        counts = stories(self.news, burst(self.quiet_rates(9), starts, factor, BURST_H), self.random(4))
        return found(run.over(counts, first=self.first - 48), run.bar if bar is None else bar, starts, BURST_H)

    def silences(self, run: Run) -> Found:
        """Return what is found of three days with a tenth of the news."""
        starts = self._starts()
        counts = stories(self.news, burst(self.quiet_rates(11), starts, 0.1, SILENCE_H), self.random(4))
        return found(run.over(counts, first=self.first - 48), run.bar, starts, SILENCE_H)

    def ramps(self, run: Run, factor: float) -> Found:
        """Return what is found of a rise over eight weeks, while it rises."""
        starts = self._starts()
        counts = stories(self.news, ramp(self.quiet_rates(64), starts, factor, RAMP_H), self.random(4))
        return found(run.over(counts, first=self.first - 48), run.bar, starts, RAMP_H)

    def _whole(self, days: int) -> Counts:
        return stories(self.news, self.quiet_rates(days), self.random(2))

    def beginnings(self, run: Run, within_h: int) -> Found:
        """Return what is found of watches that nothing was said about before they begin."""
        starts = self._starts()
        rate = self.quiet_rates(15)
        rate[np.arange(rate.shape[1]) < starts[:, None]] = 0.0
        crossings = run.over(stories(self.news, rate, self.random(4)), first=self.first - 48)
        return found(crossings, run.bar, starts, within_h)

    def steps(self, to: float, within_h: int) -> Found:
        """Return what a shift finds of a share that steps from 20 % for a week."""
        whole, starts = self._whole(15), self._starts()
        share = np.full(whole.shape, 0.2)
        for key, start in enumerate(starts):
            share[key, start : start + STEP_H] = to
        parts = part_of(whole, share, CORRELATION, self.random(6))
        return found(ShiftRun(SHIFT).over(whole, parts, first=self.first - 72), ShiftRun.bar, starts, within_h)
