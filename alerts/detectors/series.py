"""The spike detector over one regular series of counts: counts in, one row of expectation, score and alarm a count out.

The same baseline as the engine's, one key wide, in buckets of any length. Pure: no clock, no files.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from alerts.chain import quantised_score
from alerts.detectors.negative_binomial import minus_log10_tail_of_clumps
from alerts.detectors.spike_bank import SpikeBank
from alerts.detectors.spike_parameters import SpikeParameters, slot_of
from alerts.detectors.spike_rows import Floats, Rows
from schemas.ids import EPOCH, hour_of

_DAY = timedelta(days=1)


class Season(StrEnum):
    """What a bucket's normal depends on besides the level."""

    NONE = "none"
    HOUR_OF_WEEK = "hour-of-week"  # 24 hours of the day × weekday or weekend, UTC


@dataclass(frozen=True)
class SeriesParameters(SpikeParameters):
    """The baseline's parameters, every ``…_h`` of them in buckets here, and what makes a score an alarm.

    ``guard``: buckets between a bucket and its learning. An alarm needs a score of ``k`` and ``min_count`` counted in
    the window that scored best, and is followed by ``cooldown`` buckets without another.
    """

    guard: int = 25
    bucket: timedelta = timedelta(hours=1)
    season: Season = Season.HOUR_OF_WEEK
    k: float = 3.0
    min_count: float = 4.0
    cooldown: int = 24

    @property
    def guard_h(self) -> int:
        """As :attr:`guard`: the series states it, the engine derives it from its windows."""
        return self.guard


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One bucket: what was expected in it alone, the score of the best window that ends with it, and whether it rings."""

    expected: float
    score: float
    alarm: bool


class SeriesBank(SpikeBank):
    """A bank of one row whose "hours" are the buckets of a series that begins at ``start``."""

    def __init__(self, parameters: SeriesParameters, start: datetime) -> None:
        super().__init__(parameters, first_hour=0)
        self._start = start
        self._bucket = parameters.bucket
        self._season = parameters.season

    def slot(self, hour: int) -> int:
        """Return the slot of the bucket's first instant."""
        if self._season is Season.NONE:
            return 0
        return slot_of(hour_of(self._begin(hour)))

    def new_day(self, hour: int) -> bool:
        """Tell whether a UTC midnight lies in the stretch after the bucket before began, up to this one's beginning."""
        if self._season is Season.NONE:
            return False
        return (self._begin(hour) - EPOCH) // _DAY != (self._begin(hour - 1) - EPOCH) // _DAY

    def _begin(self, number: int) -> datetime:
        return self._start + number * self._bucket

    def _tail(self, count: float, mean: float, variance: float) -> float:
        # Of any series, and with any parameters: a torrent of a million may teach any dispersion.
        return minus_log10_tail_of_clumps(count, mean, variance)

    # Running sums add in order, as the engine does, so that both give the same last digit.

    def _window_count(self, end: int, length: int) -> Floats:
        count: Floats = self.counts[self._ring(end, length), 0].cumsum()[-1:]
        return count

    def _window_weights(self, end: int, length: int) -> tuple[Floats, Floats]:
        ring = self._ring(end, length)
        f = self.factors[ring, 0]
        return f.cumsum()[-1:], (f * self.exposure[ring, 0]).cumsum()[-1:]

    def _ring(self, end: int, length: int) -> Rows:
        return np.arange(max(self.first_hour, end - length + 1), end + 1, dtype=np.intp) % self.parameters.kept_h

    def row(self, number: int) -> tuple[float, float, float]:
        """Return what was expected in bucket ``number``, its best score, and the count of the window that has it."""
        best, of = 0.0, self.counts[number % self.parameters.kept_h, 0]
        for window in self.scores(0, number):
            if window.score > best:
                best, of = window.score, window.count
        ring = number % self.parameters.kept_h
        expected = self.level[ring, 0] * self.factors[ring, 0] * self.exposure[ring, 0]
        return float(expected), best, float(of)


def detect(
    counts: Sequence[float | None], parameters: SeriesParameters, start: datetime = EPOCH + timedelta(days=4)
) -> Iterator[SeriesRow]:
    """Yield a row for each of ``counts``, one a bucket, oldest first, without looking ahead.

    :param counts: None is a bucket nobody watched: it is expected to hold nothing and teaches nothing.
    :param start: aware UTC, the first instant of the first bucket; without it a Monday, 00:00.
    """
    bank = SeriesBank(parameters, start)
    quiet_until = -1
    for number, count in enumerate(counts):
        bank.open_next()
        if count is None:
            bank.set_exposures(number, 0.0)
        else:
            bank.set_count(0, number, count)
        expected, score, counted = bank.row(number)
        score = quantised_score(score)
        rings = score >= parameters.k and counted >= parameters.min_count and number > quiet_until
        if rings:
            quiet_until = number + parameters.cooldown
        yield SeriesRow(expected, score, rings)


def default_guard(windows: Sequence[timedelta], bucket: timedelta) -> int:
    """Return, in buckets, the longest window (at least a day) and an hour more."""
    return math.ceil((max(_DAY, *windows) + timedelta(hours=1)) / bucket)
