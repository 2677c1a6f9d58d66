"""The baselines of all keys of one spike detector, stepped together as arrays, one vectorised step an hour.

A seasonal, discounted Gamma–Poisson level with a negative-binomial tail over several windows. Exposure E (0 to 1, the
share of the key's feeds that were seen) scales what is expected. With E = 1 it equals the hourly oracle of the design.

A row's numbers never depend on which other keys exist: detectors of several rules may share a bank, which costs little more
than one of them alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from alerts.detectors.negative_binomial import minus_log10_of, minus_log10_of_each, minus_log10_tail
from alerts.detectors.spike_parameters import SLOTS, SpikeParameters, slot_of
from alerts.detectors.spike_rows import Floats, Rows
from alerts.detectors.spike_windows import SpikeWindows

#: What the factors of a window add up to at least, where it is divided by.
_LEAST_WEIGHT = 1e-12

#: Rows whose seasons are taken anew at once: as many as a cache holds.
_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class WindowScore:
    """One window that ends with an hour: what was counted, what was expected, and how surprising that is.

    ``score`` is −log10 P(X ≥ count) less log10(number of windows), not below 0; ``p`` is that probability. ``coverage`` is
    how much was seen of the feeds that counted in those hours, 0 to 1; feeds that joined later are no part of it.
    """

    hours: int
    count: float
    expected: float
    dispersion: float
    coverage: float
    score: float
    p: float
    variance: float = 0.0  # 0 where nothing is expected


class SpikeBank(SpikeWindows):
    """All rows of one detector: hours opened and learnt, windows scored."""

    def __init__(self, parameters: SpikeParameters, first_hour: int) -> None:
        super().__init__(parameters, first_hour)
        self._windows_log10 = math.log10(len(parameters.windows_h))

    # -- hours ------------------------------------------------------------------------------------------------------

    def slot(self, hour: int) -> int:
        """Return the slot of the season ``hour`` lies in; other buckets than hours have another calendar."""
        return slot_of(hour)

    def new_day(self, hour: int) -> bool:
        """Tell whether ``hour`` is the first of a UTC day, when the season is taken anew."""
        return hour % 24 == 0

    def open_next(self) -> None:
        """Open the next hour: learn the one that left the guard, then freeze the baseline the new hour is scored with.

        The new hour has count 0 and exposure 1 until they are set.
        """
        p, n = self.parameters, self.rows
        hour = self.open_hour + 1
        age = hour - self.first_hour  # as the oracle counts buckets: 0 for the first
        if age >= 1:
            self._learn_dispersion(hour - 1)
        if age >= p.guard_h:
            self._learn(hour - p.guard_h)
        if self.new_day(hour):
            self._renormalise_season()
            if len(self.full) and (self.full[:, :n] == 1.0).all():
                self.full = np.ones((0, self._capacity))
        self.open_hour = hour
        # The oldest one is what the next hour's opening learns from.
        oldest = hour - p.guard_h if self._is_remembered(hour - 1) else hour
        self._weights = {window: sums for window, sums in self._weights.items() if window[0] >= oldest}
        ring = hour % p.kept_h
        self.counts[ring, :n] = 0.0
        self.exposure[ring, :n] = 1.0
        self._whole[ring] = True
        self.full[ring : ring + 1, :n] = 1.0  # of no line where it has none
        self.factors[ring, :n] = self.factor[self.slot(hour), :n]
        self.level[ring, :n] = self.a[:n] / self.b[:n]
        line = self.line(hour)
        self.a_then[line, :n] = self.a[:n]
        for w in range(len(p.windows_h)):
            self.phi[w, line, :n] = self._dispersion(w)

    def _dispersion(self, w: int) -> Floats:
        p, n = self.parameters, self.rows
        prior = p.dispersion_prior * p.dispersion_weight
        return np.maximum(1.0, (self.phi_sum[w, :n] + prior) / (self.phi_n[w, :n] + p.dispersion_weight))

    def _learn(self, hour: int) -> None:
        """Feed the baseline with a final hour, winsorised; then the season's ratio of its slot."""
        p, n = self.parameters, self.rows
        ring, slot = hour % p.kept_h, self.slot(hour)
        decay = 0.5 ** (1.0 / p.half_life_h)
        f = self.factor[slot, :n]
        e = self.exposure[ring, :n]
        x = self.counts[ring, :n].copy()
        mean = self.a[:n] / self.b[:n] * f * e
        if hour - self.first_hour > p.warmup_h:
            phi = 1.0 + (self.phi[0, self.line(hour - 1), :n] - 1.0) * e
            x = np.minimum(x, mean + p.cap_sd * np.sqrt(mean * phi) + 1.0)
        self.a[:n] = decay * (self.a[:n] - p.prior_count) + p.prior_count + x
        self.b[:n] = decay * (self.b[:n] - p.prior_exposure_h) + p.prior_exposure_h + f * e
        level = np.maximum(self.a[:n] / self.b[:n], 1e-6)
        visits = self.visits[slot, :n]
        seen = visits + e
        alpha: Floats | float = 0.1
        if visits.min() < 1.0:
            alpha = np.where(visits < 1.0, np.divide(1.0, seen, out=np.zeros(n), where=seen > 0.0), 0.1)
        self.ratio[slot, :n] = (1.0 - alpha * e) * self.ratio[slot, :n] + alpha * x / level
        self.visits[slot, :n] = seen

    def _renormalise_season(self) -> None:
        shrink = self.parameters.season_shrink
        for first in range(0, self.rows, _AT_ONCE):
            some = slice(first, min(first + _AT_ONCE, self.rows))
            visits = self.visits[:, some]
            weight = self.a[some] / self.b[some] * np.minimum(visits, 12.0)
            shrunk = (self.ratio[:, some] * weight + shrink) / (weight + shrink)
            shrunk[visits <= 0.0] = 1.0
            total = np.zeros(shrunk.shape[1])
            for of_slot in shrunk:
                total += of_slot
            self.factor[:, some] = shrunk / (total / SLOTS)

    def _learn_dispersion(self, hour: int) -> None:
        """Learn, as of ``hour``, from each window that ended a guard ago; what it counted is final by now."""
        p, n = self.parameters, self.rows
        end = hour - p.guard_h
        decay = 0.5 ** (1.0 / p.dispersion_half_life_h)
        for w, length in enumerate(p.windows_h):
            if end - self.first_hour < max(length, p.dispersion_after_h):
                continue
            count, (weight, seen, mean) = self._window_count(end, length), self._weights_of_all(end, w)
            # Nearly always all was seen and something expected; x·1 is x, and a power costs more than all the rest.
            whole = seen is weight and float(weight.min()) >= _LEAST_WEIGHT
            coverage = 1.0 if whole else seen / np.maximum(weight, _LEAST_WEIGHT)
            whole = whole or bool(np.all(coverage >= 1.0))
            phi = 1.0 + (self.phi[w, self.line(hour), :n] - 1.0) * coverage
            learnt = mean > 0.0
            every = bool(learnt.all())
            safe = mean if every else np.where(learnt, mean, 1.0)
            z = np.minimum((count - mean) ** 2 / safe, p.cap_sd**2 * phi)
            fade = decay if whole else np.where(coverage >= 1.0, decay, decay**coverage)
            told, number = fade * self.phi_sum[w, :n] + z - 1.0 + coverage, fade * self.phi_n[w, :n] + coverage
            self.phi_sum[w, :n] = told if every else np.where(learnt, told, self.phi_sum[w, :n])
            self.phi_n[w, :n] = number if every else np.where(learnt, number, self.phi_n[w, :n])

    # -- scores -----------------------------------------------------------------------------------------------------

    def scores(self, row: int, hour: int) -> list[WindowScore]:
        """Return each window of ``row`` that ends with ``hour`` (not older than the guard), with its hour's own baseline."""
        return [self._score(row, hour, w) for w in range(len(self.parameters.windows_h))]

    def _score(self, row: int, hour: int, w: int) -> WindowScore:
        length = self.parameters.windows_h[w]
        count, mean, phi, coverage, variance = self._moments(row, hour, w)
        if mean <= 0.0:
            return WindowScore(length, count, 0.0, phi, coverage, 0.0, 1.0)
        surprise = self._tail(count, mean, variance)
        score = max(0.0, surprise - self._windows_log10)
        return WindowScore(length, count, mean, phi, coverage, score, 10.0**-surprise, variance)

    def _tail(self, count: float, mean: float, variance: float) -> float:
        return minus_log10_tail(count, mean, variance)

    def _moments(self, row: int, hour: int, w: int) -> tuple[float, float, float, float, float]:
        """Return count, mean, φ, coverage and variance of a window; a variance of 0 where nothing is expected."""
        weight, seen, mean = self._weights_of(row, hour, w)
        # Running sums add oldest first, as over all rows at once; sum() would not on every Python, np.sum() on none.
        count = self._in_window(self.counts, row, hour, w).cumsum().item(-1)
        line = self.line(hour)
        coverage = seen / weight if weight > 0.0 else 0.0
        phi = 1.0 + (self.phi.item(w, line, row) - 1.0) * coverage
        if len(self.full):
            full = self._in_window(self.factors, row, hour, w) * self._in_window(self.full, row, hour, w)
            coverage = min(1.0, seen / full.cumsum().item(-1)) if weight > 0.0 else 0.0
        if mean <= 0.0:
            return count, 0.0, phi, coverage, 0.0
        variance = max(mean * phi + mean * mean * phi / self.a_then.item(line, row), mean * 1.0001)
        return count, mean, phi, coverage, variance

    def may_score(self, row: int, hour: int, w: int, bar: float, times: float) -> bool:
        """Tell whether a window can have a score of ``bar`` and ``times`` its expectation: cheap, no tail.

        A tail is never rarer than its first term. A part in a thousand is given away, so that rounding never makes this
        say no where the comparison itself says yes.
        """
        count, mean, _, _, variance = self._moments(row, hour, w)
        if mean <= 0.0 or count < 0.999 * times * mean:
            return False
        return minus_log10_of(count, mean, variance) - self._windows_log10 > bar - 0.002

    def may_reach(self, rows: Rows | slice, hour: int, least: float, bar: float, times: float) -> Rows:
        """Return the places in ``rows`` of those of which some window that ends with ``hour`` counts ``least`` > 0, and more.

        What more is :meth:`may_score`, for all of them at once.
        """
        found: list[tuple[Rows, Floats, Floats, Floats]] = []  # places, counts, means and variances
        numbers = np.arange(self.rows)[rows]
        count = np.zeros(len(numbers))
        newest = hour
        for length, w in sorted((length, w) for w, length in enumerate(self.parameters.windows_h)):
            oldest = max(self.first_hour, hour - length + 1)
            for one in range(newest, oldest - 1, -1):
                count += self.counts[one % self._kept, rows]
            newest = min(newest, oldest - 1)
            some = np.flatnonzero(count >= least)
            if len(some):
                enough, mean, variance = self._expecting(numbers[some], hour, w, count[some], times)
                found.append((some[enough], count[some[enough]], mean, variance))
        if not found:
            return np.empty(0, dtype=np.intp)
        places, *moments = (
            np.concatenate(parts) for parts in zip(*found, strict=True)
        )  # Two windows cost what one does.
        surprise = minus_log10_of_each(*moments) - self._windows_log10
        return np.unique(places[surprise > bar - 0.002])

    def _expecting(self, rows: Rows, hour: int, w: int, count: Floats, times: float) -> tuple[Rows, Floats, Floats]:
        """Return which of ``rows`` count enough beside what a window expects, with the mean and the variance of those."""
        weight, seen = self._weights_at(rows, hour, w)
        mean = self.level[hour % self._kept, rows] * seen
        enough = np.flatnonzero((mean > 0.0) & (count >= 0.999 * times * mean))  # The tail costs most: of few only.
        rows, weight, seen, mean, line = rows[enough], weight[enough], seen[enough], mean[enough], self.line(hour)
        phi = 1.0 + (self.phi[w, line, rows] - 1.0) * seen / np.maximum(weight, 1e-12)
        return enough, mean, np.maximum(mean * phi + mean**2 * phi / self.a_then[line, rows], mean * 1.0001)
