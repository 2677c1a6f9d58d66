"""Plain statistics of the windows before: mean, standard deviation and highest, for the detectors that serve comparison.

    mean   c̄ = (Σ λ^age·c + c0·w0)/(Σ λ^age·E + w0),  λ = e^(−1/baseline), over the windows that ended each hour
    sd     √max(Σ λ^age·(c/E)² / Σ λ^age − c̄², c̄ + ¼)
    high   the largest c of a window that ended on one of the last days

No season, no spread of its own kind, no exposure by feed: what people try first. A window ends a guard before it is learnt.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from alerts.detectors.hour_bank import Floats, HourBank


@dataclass(frozen=True)
class RecentParameters:
    """The parameters, in hours."""

    window_h: int = 24
    baseline_h: int = 672
    prior_count: float = 0.5
    prior_windows: float = 24.0

    @cached_property
    def guard_h(self) -> int:
        """Hours between an hour's opening and its learning: the window (at least 24) + 1."""
        return max(24, self.window_h) + 1

    @cached_property
    def days(self) -> int:
        """Days whose highest windows are kept."""
        return -(-self.baseline_h // 24) + 1


@dataclass(frozen=True, slots=True)
class RecentScore:
    """A window beside those before it; ``expected`` and ``highest`` are scaled by its coverage."""

    count: float
    expected: float
    deviation: float
    highest: float
    coverage: float

    @property
    def times(self) -> float:
        """How often the expectation goes into the count."""
        return self.count / self.expected if self.expected > 0.0 else 0.0

    @property
    def sd(self) -> float:
        """How many standard deviations the count is above the expectation; not below 0."""
        return max(0.0, (self.count - self.expected) / self.deviation) if self.deviation > 0.0 else 0.0


class RecentBank(HourBank):
    """All rows of one such detector."""

    ARRAYS = ("counts", "final", "total", "squares", "highest", "mean_then", "sd_then", "highest_then")
    COUNTED = ("counts",)

    def __init__(self, parameters: RecentParameters, first_hour: int) -> None:
        guard = parameters.guard_h
        super().__init__(first_hour, guard_h=guard, kept_h=guard + parameters.window_h + 1)
        self.parameters = parameters
        self.counts = np.zeros((self.kept_h, 1), dtype=np.float32)  # whole numbers
        self.final: Floats = np.zeros(1)  # sum over the window that ends with the newest learnt hour: exact
        self.total: Floats = np.zeros(1)
        self.squares: Floats = np.zeros(1)
        self.highest = np.zeros((parameters.days, 1), dtype=np.float32)
        self.mean_then: Floats = np.zeros((guard + 1, 1))
        self.sd_then: Floats = np.zeros((guard + 1, 1))
        self.highest_then: Floats = np.zeros((guard + 1, 1))
        self.windows = self.windows_seen = 0.0  # discounted: how many windows were learnt, and their coverage

    def set_count(self, row: int, hour: int, count: float) -> None:
        """Set the count of an hour that is open or not learnt yet."""
        if self.can_change(hour):
            self.counts[hour % self.kept_h, row] = count

    def _learn(self, hour: int) -> None:
        p, rows = self.parameters, self.rows
        self.final[:rows] += self.counts[hour % self.kept_h, :rows]
        if hour - p.window_h >= self.first_hour:
            self.final[:rows] -= self.counts[(hour - p.window_h) % self.kept_h, :rows]
        day = hour // 24 % p.days
        if hour % 24 == 0:
            self.highest[day, :rows] = 0.0
        if hour - self.first_hour + 1 < p.window_h:
            return
        self.highest[day, :rows] = np.maximum(self.highest[day, :rows], self.final[:rows])
        coverage = self.coverage(hour, p.window_h)
        if coverage < 0.5:
            return
        decay = math.exp(-1.0 / p.baseline_h)
        self.total[:rows] = decay * self.total[:rows] + self.final[:rows]
        self.squares[:rows] = decay * self.squares[:rows] + (self.final[:rows] / coverage) ** 2
        self.windows, self.windows_seen = decay * self.windows + 1.0, decay * self.windows_seen + coverage

    def _freeze(self, hour: int) -> None:
        p, rows, ring = self.parameters, self.rows, hour % (self.guard_h + 1)
        prior = p.prior_count * p.prior_windows
        mean = (self.total[:rows] + prior) / (self.windows_seen + p.prior_windows)
        square = self.squares[:rows] / max(self.windows, 1.0)
        self.mean_then[ring, :rows] = mean
        self.sd_then[ring, :rows] = np.sqrt(np.maximum(square - mean * mean, mean + 0.25))
        self.highest_then[ring, :rows] = self.highest[:, :rows].max(axis=0)

    def score(self, row: int, hour: int) -> RecentScore:
        """Return the window of ``row`` that ends with ``hour`` (not older than the guard), by its hour's own normal."""
        count = float(self.counts[self.hours(hour, self.parameters.window_h), row].sum())
        ring, coverage = hour % (self.guard_h + 1), self.coverage(hour, self.parameters.window_h)
        return RecentScore(
            count,
            float(self.mean_then[ring, row]) * coverage,
            float(self.sd_then[ring, row]) * math.sqrt(coverage),
            float(self.highest_then[ring, row]) * coverage,
            coverage,
        )

    def state(self) -> tuple[dict[str, object], dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]]:
        """Return what :meth:`load` goes on from exactly."""
        document, arrays = super().state()
        return {**document, "windows": self.windows, "windows_seen": self.windows_seen}, arrays

    def load(
        self, document: dict[str, object], arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]
    ) -> None:
        """Become what :meth:`state` described."""
        super().load(document, arrays)
        windows, seen = document["windows"], document["windows_seen"]
        assert isinstance(windows, float)
        assert isinstance(seen, float)
        self.windows, self.windows_seen = windows, seen
