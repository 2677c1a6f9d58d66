"""Plain statistics of the windows before: mean, standard deviation and highest, for the detectors that serve comparison.

    mean   c̄ = T/W;  T ← λ(T − c0·w0) + c0·w0 + c,  W ← λ(W − w0) + w0 + E,  λ = e^(−1/baseline), over the windows that
           ended each hour
    sd     √(c̄·E + X·E²), X = max(Q/V − c̄², ¼);  Q ← λQ + c(c − 1)/E²,  V ← λV + 1
    high   the largest c of a window that ended on the day of the newest learnt hour, or on one of as many days before as
           the baseline has (begun ones whole)

Q is of pairs, for of c stories E are seen, and of pairs E². Where feeds join or leave, g being the part of the coming stories
that those so far will bring, W ← g·W, Q ← Q/g², c̄ ← c̄/g, X ← X/g², high ← high/g, and hours so far are worth g: E ← g·E. A g
known no better than by a variance of u·g² adds u·c̄²·V to Q, and lets T, W, Q and V, the priors apart, be worth 1/(1 + u·n), n
being the stories they stand for over 1 + X/c̄. And σ²·(c̄ + X) is added to X, by how much less sure a variance is that few stories
taught (:mod:`alerts.detectors.doubt`). Half of it, as a spike adds, was measured to be too little here.

No season, no spread of its own kind: what people try first. A window ends a guard before it is learnt.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from alerts.detectors.doubt import less_sure
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
    """A window beside those before it; ``expected`` and ``highest`` are scaled by what was seen of it.

    ``coverage`` is how much was seen of the feeds that counted in its hours, 0 to 1.
    """

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

    ARRAYS = (
        "counts", "final", "total", "seen", "pairs", "windows", "highest", "mean_then", "extra_then", "highest_then",
    )  # fmt: skip
    COUNTED = ("counts",)

    def __init__(self, parameters: RecentParameters, first_hour: int) -> None:
        guard = parameters.guard_h
        super().__init__(first_hour, guard_h=guard, kept_h=guard + parameters.window_h + 1)
        self.parameters = p = parameters
        self.counts = np.zeros((self.kept_h, 1), dtype=np.float32)  # whole numbers
        self.final: Floats = np.zeros(1)  # sum over the window that ends with the newest learnt hour: exact
        self.total: Floats = np.full(1, p.prior_count * p.prior_windows)
        self.seen: Floats = np.full(1, p.prior_windows)  # discounted: exposures of the windows that were learnt
        self.pairs: Floats = np.zeros(1)
        self.windows: Floats = np.zeros(1)  # discounted: how many there were
        self.highest = np.zeros((p.days, 1), dtype=np.float32)
        self.mean_then: Floats = np.zeros((guard + 1, 1))
        self.extra_then: Floats = np.zeros((guard + 1, 1))
        self.highest_then: Floats = np.zeros((guard + 1, 1))

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
        exposure, full = (np.ravel(self._mean_lines(lines, hour, p.window_h)) for lines in (self.exposure, self.full))
        self.highest[day, :rows] = np.maximum(self.highest[day, :rows], self.final[:rows] / full)
        self._learn_window(exposure, exposure >= 0.5 * full)

    def _learn_window(self, exposure: Floats, told: npt.NDArray[np.bool_]) -> None:
        """Learn, where ``told``, the window that was summed up last; both are of all rows, or of each."""
        p, rows, count = self.parameters, self.rows, self.final[: self.rows]
        decay, prior = math.exp(-1.0 / p.baseline_h), p.prior_count * p.prior_windows
        of_pairs = count * (count - 1.0) / np.where(told, exposure, 1.0) ** 2
        for array, none, more in (
            (self.total, prior, count),
            (self.seen, p.prior_windows, exposure),
            (self.pairs, 0.0, of_pairs),
            (self.windows, 0.0, 1.0),
        ):
            array[:rows] = np.where(told, decay * (array[:rows] - none) + none + more, array[:rows])

    def _freeze(self, hour: int) -> None:
        rows, ring = self.rows, hour % (self.guard_h + 1)
        self.mean_then[ring, :rows], self.extra_then[ring, :rows] = self._moments()
        self.highest_then[ring, :rows] = self.highest[:, :rows].max(axis=0)

    def rebase(self, parts: Sequence[Floats], doubts: Sequence[Floats] = ()) -> None:
        """Go on as if the hours so far had seen the part of what counts from the next hour on, for each row."""
        (part,), rows = parts, self.rows
        mean, extra = self._moments()
        self._rebase_exposures(parts)
        self.seen[:rows] *= part
        self.pairs[:rows] /= part * part
        for array, by in (
            (self.highest, part),
            (self.mean_then, part),
            (self.extra_then, part * part),
            (self.highest_then, part),
        ):
            array[:, :rows] /= by
        for doubt in doubts:
            self._less_sure(part, mean + extra)
            self._doubt(doubt)

    def _moments(self) -> tuple[Floats, Floats]:
        """Return by row c̄ and X of a window that all is seen of, as the next hour would be scored with."""
        mean: Floats = self.total[: self.rows] / self.seen[: self.rows]
        of_pairs = self.pairs[: self.rows] / np.maximum(self.windows[: self.rows], 1.0)
        return mean, np.maximum(of_pairs - mean * mean, 0.25)

    def _less_sure(self, part: Floats, learnt: Floats) -> None:
        """Let counts scatter more by how much less sure the variance is that was ``learnt``, and is told again by now."""
        mean, extra = self._moments()
        windows = self.windows[: self.rows]
        less = less_sure(learnt, mean + extra, part, windows / self.parameters.window_h)
        self.pairs[: self.rows] = windows * (mean * mean + extra + less * (mean + extra))

    def _doubt(self, doubt: Floats) -> None:
        """Let what was learnt be worth less, and counts scatter more, by how unsure the part is that it was told again with."""
        p, rows = self.parameters, self.rows
        prior, mean = p.prior_count * p.prior_windows, self.total[:rows] / self.seen[:rows]
        self.pairs[:rows] += self.windows[:rows] * mean**2 * doubt
        _, extra = self._moments()
        # Each story is in as many windows as one has hours.
        certainty = np.maximum(self.total[:rows] - prior, 0.0) / p.window_h / (1.0 + extra / mean)
        kept = 1.0 / (1.0 + doubt * certainty)
        for array, none in ((self.total, prior), (self.seen, p.prior_windows), (self.pairs, 0.0), (self.windows, 0.0)):
            array[:rows] = none + kept * np.maximum(array[:rows] - none, 0.0)

    def score(self, row: int, hour: int) -> RecentScore:
        """Return the window of ``row`` that ends with ``hour`` (not older than the guard), by its hour's own normal."""
        hours = self.hours(hour, self.parameters.window_h)
        count, ring = float(self.counts[hours, row].sum()), hour % (self.guard_h + 1)
        exposure = full = 1.0
        if not self.is_whole:
            exposure = float(np.cumsum(self.exposure[0, hours, row])[-1]) / len(hours)
            full = float(np.cumsum(self.full[0, hours, row])[-1]) / len(hours)
        mean, extra = float(self.mean_then[ring, row]) * exposure, float(self.extra_then[ring, row])
        return RecentScore(
            count,
            mean,
            math.sqrt(mean + extra * exposure * exposure),
            float(self.highest_then[ring, row]) * exposure,
            min(1.0, exposure / full),
        )
