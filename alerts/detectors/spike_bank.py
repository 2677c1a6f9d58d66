"""The baselines of all keys of one spike detector, stepped together as arrays, one vectorised step an hour.

A seasonal, discounted Gamma–Poisson level with a negative-binomial tail over several windows. Exposure E (0 to 1, the
share of the key's feeds that were seen) scales what is expected. With E = 1 it equals the hourly oracle of the design.

Row 0 is the key that never saw anything: a new key is a copy of it. Arrays are hour-major, (hours kept, rows), and sums
over a window run in a fixed order, so a row's numbers never depend on which other keys exist: detectors of several rules
may share a bank, which costs little more than one of them alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from alerts.detectors.negative_binomial import minus_log10_of, minus_log10_of_each, minus_log10_tail

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

#: 00:00 UTC of 1970-01-05, a Monday, in hours since 1970: slots are counted from there.
_MONDAY = 96

#: What the factors of a window add up to at least, where it is divided by.
_LEAST_WEIGHT = 1e-12

#: Rows whose seasons are taken anew at once: as many as a cache holds.
_AT_ONCE = 1024

#: Slots of the season: 24 hours, on weekdays and on weekends.
SLOTS = 48


def slot_of(hour: int) -> int:
    """Return the slot of an hour since 1970: 0–23 on weekdays, 24–47 on weekends, UTC."""
    since_monday = hour - _MONDAY
    return since_monday % 24 + (24 if since_monday // 24 % 7 >= 5 else 0)


@dataclass(frozen=True)
class SpikeParameters:
    """The parameters of the baseline, in hours; the defaults are the oracle's."""

    windows_h: tuple[int, ...] = (6, 24)
    half_life_h: float = 336.0
    cap_sd: float = 8.0
    prior_count: float = 0.5
    prior_exposure_h: float = 24.0
    dispersion_prior: float = 1.5
    dispersion_weight: float = 48.0
    dispersion_half_life_h: float = 672.0
    season_shrink: float = 20.0
    warmup_h: int = 168
    dispersion_after_h: int = 0  # no window that ends earlier teaches the dispersion: the prior level is no normal

    @cached_property
    def guard_h(self) -> int:
        """Hours between an hour's opening and its learning: the longest window (at least 24) + 1."""
        return max(24, *self.windows_h) + 1

    @cached_property
    def kept_h(self) -> int:
        """Hours of counts, exposures and factors kept: guard + longest window + 1."""
        return self.guard_h + max(self.windows_h) + 1

    @cached_property
    def scored_h(self) -> int:
        """Hours of dispersions and weights kept, which are asked for of hours that are scored or learnt: guard + 2."""
        return self.guard_h + 2


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


class SpikeBank:
    """All rows of one detector. ``open_hour`` is the newest hour; the one to be opened next is ``open_hour + 1``."""

    def __init__(self, parameters: SpikeParameters, first_hour: int) -> None:
        self.parameters = parameters
        self.first_hour = first_hour
        self.open_hour = first_hour - 1
        self._kept = parameters.kept_h
        self.rows = 1
        # Σ f, Σ f·E and μ of all rows by (last hour, window), kept until an exposure under them changes. No part of the state.
        self._weights: dict[tuple[int, int], tuple[Floats, Floats, Floats]] = {}
        # By row, the one it was a copy of when it was added: what was found of that one before is true of both.
        self._like = [0]
        # Whether every row saw all of an hour, by ring: sums over such hours are spared. No part of the state.
        self._whole = np.ones(self._kept, dtype=np.bool_)
        self._windows_log10 = math.log10(len(parameters.windows_h))
        self._capacity = 8
        p, cap, kept, windows = parameters, 8, parameters.kept_h, len(parameters.windows_h)
        self.a = np.full(cap, p.prior_count)
        self.b = np.full(cap, p.prior_exposure_h)
        self.factor = np.ones((SLOTS, cap))
        self.ratio = np.zeros((SLOTS, cap))
        self.visits = np.zeros((SLOTS, cap), dtype=np.float32)  # a count that matters up to 12: half the size will do
        self.phi_sum = np.zeros((windows, cap))
        self.phi_n = np.zeros((windows, cap))
        self.counts = np.zeros((kept, cap))
        self.exposure = np.zeros((kept, cap))
        self.factors = np.zeros((kept, cap))
        self.level = np.zeros((kept, cap))
        self.a_then = np.zeros((p.scored_h, cap))
        self.phi = np.ones((windows, p.scored_h, cap))
        # What an hour's exposure is had all its feeds been seen: not 1 while feeds that joined or left since are in or out
        # of the baseline. No lines while it is 1 everywhere, which is nearly always.
        self.full = np.ones((0, cap))

    #: The arrays of the state, in a fixed order; the last axis is the rows.
    ARRAYS: ClassVar[tuple[str, ...]] = (
        "a", "b", "factor", "ratio", "visits", "phi_sum", "phi_n",
        "counts", "exposure", "factors", "level", "a_then", "phi", "full",
    )  # fmt: skip

    # -- rows -------------------------------------------------------------------------------------------------------

    def add_row(self, like: int = 0) -> int:
        """Add a key, equal to row ``like``, which was stepped on zeros since the first hour; return its row."""
        self._make_room(1)
        row = self.rows
        for name in self.ARRAYS:
            array = getattr(self, name)
            array[..., row] = array[..., like]
        self._like.append(like)
        self.rows += 1
        return row

    def adopt(self, other: SpikeBank) -> int:
        """Go on with the rows of ``other`` too, which stands at the same hour; return where its row 0 is here."""
        assert (other.parameters, other.first_hour, other.open_hour) == (
            self.parameters,
            self.first_hour,
            self.open_hour,
        )
        self._make_room(other.rows)
        if len(self.full) or len(other.full):
            self.unfold()
            other.unfold()
        first = self.rows
        for name in self.ARRAYS:
            getattr(self, name)[..., first : first + other.rows] = getattr(other, name)[..., : other.rows]
        self._like.extend(range(first, first + other.rows))
        self.rows += other.rows
        self.forget_weights()
        return first

    def _make_room(self, rows: int) -> None:
        if self.rows + rows <= self._capacity:
            return
        # By an eighth: a hundred thousand keys are 380 MB, and room for as many again would be that again.
        self._capacity = max(self._capacity + self._capacity // 8 + 8, self.rows + rows)
        for name in self.ARRAYS:
            old = getattr(self, name)
            new = np.zeros((*old.shape[:-1], self._capacity), dtype=old.dtype)
            new[..., : self.rows] = old[..., : self.rows]
            setattr(self, name, new)

    def forget_weights(self) -> None:
        """Forget what was found from exposures and levels, for they are told anew."""
        self._weights.clear()
        self._whole[:] = False

    def unfold(self) -> None:
        """Keep what a wholly seen hour is worth hour by hour, for feeds are about to join or leave."""
        if not len(self.full):
            self.full = np.ones((self._kept, self._capacity))

    def set_count(self, row: int, hour: int, count: float) -> None:
        """Set the count of an hour that is open or not learnt yet; hours before the first are ignored."""
        if self.first_hour <= hour <= self.open_hour and hour > self.open_hour - self.parameters.guard_h:
            self.counts[hour % self.parameters.kept_h, row] = count

    def set_exposures(self, hour: int, exposure: Floats | float, rows: Rows | None = None) -> bool:
        """Set the exposure of an hour that is not learnt yet: one number for all of ``rows``, or one for each.

        It is that of the feeds that counted in that hour. ``rows`` are all there are where none are named. Return whether
        any exposure is another than before.
        """
        if not self.first_hour <= hour <= self.open_hour or hour <= self.open_hour - self.parameters.guard_h:
            return False
        ring, columns = hour % self._kept, slice(self.rows) if rows is None else rows
        if len(self.full):
            exposure = exposure * self.full[ring, columns]
        if (self.exposure[ring, columns] == exposure).all():
            return False
        self.exposure[ring, columns] = exposure
        self._whole[ring] = bool((self.exposure[ring, : self.rows] == 1.0).all())
        self._weights = {window: sums for window, sums in self._weights.items() if window[0] < hour}
        return True

    # -- hours ------------------------------------------------------------------------------------------------------

    def line(self, hour: int) -> int:
        """Return the line of ``phi`` and ``a_then`` that holds one of the newest ``scored_h`` hours."""
        return hour % self.parameters.scored_h

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
        self._weights = {window: sums for window, sums in self._weights.items() if window[0] >= hour - p.guard_h}
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

    def _window_count(self, end: int, length: int) -> Floats:
        """Return, for all rows, Σ counts over the window that ends with ``end``."""
        count = np.zeros(self.rows)
        for hour in range(max(self.first_hour, end - length + 1), end + 1):
            count += self.counts[hour % self._kept, : self.rows]
        return count

    def _window_weights(self, end: int, length: int) -> tuple[Floats, Floats]:
        """Return, for all rows, Σ f and Σ f·E over the window that ends with ``end``, oldest hour first."""
        n = self.rows
        rings = [hour % self._kept for hour in range(max(self.first_hour, end - length + 1), end + 1)]
        weight = np.zeros(n)
        for ring in rings:
            weight += self.factors[ring, :n]
        if self._whole[rings].all():
            return weight, weight
        seen = np.zeros(n)
        for ring in rings:
            seen += self.factors[ring, :n] * self.exposure[ring, :n]
        return weight, seen

    # -- scores -----------------------------------------------------------------------------------------------------

    def scores(self, row: int, hour: int) -> list[WindowScore]:
        """Return each window of ``row`` that ends with ``hour`` (not older than the guard), with its hour's own baseline."""
        return [self._score(row, hour, w) for w in range(len(self.parameters.windows_h))]

    def _score(self, row: int, hour: int, w: int) -> WindowScore:
        length = self.parameters.windows_h[w]
        count, mean, phi, coverage, variance = self._moments(row, hour, w)
        if mean <= 0.0:
            return WindowScore(length, count, 0.0, phi, coverage, 0.0, 1.0)
        surprise = minus_log10_tail(count, mean, variance)
        score = max(0.0, surprise - self._windows_log10)
        return WindowScore(length, count, mean, phi, coverage, score, 10.0**-surprise, variance)

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

    def _in_window(self, lines: Floats, row: int, hour: int, w: int) -> Floats:
        """Return what ``lines`` have of ``row`` in a window, oldest hour first."""
        first, last = max(self.first_hour, hour - self.parameters.windows_h[w] + 1) % self._kept, hour % self._kept
        if first <= last:
            return lines[first : last + 1, row]
        return np.concatenate((lines[first:, row], lines[: last + 1, row]))

    def _hours(self, hour: int, w: int) -> Rows:
        """Return the places in the ring of a window, oldest hour first."""
        first = max(self.first_hour, hour - self.parameters.windows_h[w] + 1)
        return np.arange(first, hour + 1, dtype=np.intp) % self._kept

    def _weights_of(self, row: int, hour: int, w: int) -> tuple[float, float, float]:
        """Return Σ f, Σ f·E and the mean of a window."""
        weight, seen, mean = self._weights.get((hour, w)) or self._weights_of_all(hour, w)
        if row >= len(weight):
            row = self._copied(row, len(weight))
        return weight.item(row), seen.item(row), mean.item(row)

    def _copied(self, row: int, rows: int) -> int:
        """Return which of the first ``rows`` what was found when there were so many is true of, for ``row``."""
        while row >= rows:
            row = self._like[row]
        return row

    def _weights_of_all(self, hour: int, w: int) -> tuple[Floats, Floats, Floats]:
        """Return Σ f, Σ f·E and the mean of a window for all rows."""
        known = self._weights.get((hour, w))
        if known is not None and len(known[0]) == self.rows:
            return known
        if known is None:
            weight, seen = self._window_weights(hour, self.parameters.windows_h[w])
            mean = self.level[hour % self._kept, : self.rows] * seen
        else:
            found, whole = len(known[0]), known[1] is known[0]
            like = [self._copied(row, found) for row in range(found, self.rows)]
            weight, seen, mean = (np.concatenate((old, old[like])) for old in known)
            seen = weight if whole else seen
        self._weights[hour, w] = weight, seen, mean
        return weight, seen, mean

    def expected(self, row: int, hour: int, w: int) -> float:
        """Return the mean of a window."""
        _, _, mean = self._weights.get((hour, w)) or self._weights_of_all(hour, w)
        return mean.item(row if row < len(mean) else self._copied(row, len(mean)))

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

    def _weights_at(self, rows: Rows, hour: int, w: int) -> tuple[Floats, Floats]:
        """Return Σ f and Σ f·E of a window for ``rows``; the order of the sums is any."""
        if len(rows) > self.rows // 8:  # To pick so many costs more than to go through all, once for whoever asks next.
            weight, seen, _ = self._weights_of_all(hour, w)
            return weight[rows], seen[rows]
        window = np.ix_(self._hours(hour, w), rows)
        factors = self.factors[window]
        return factors.sum(axis=0), (factors * self.exposure[window]).sum(axis=0)

    def expected_at_most(self, rows: Rows | np.intp, hour: int) -> Floats:
        """Return what the longest window that ends with ``hour`` is expected to hold, for each of ``rows``."""
        hours = np.arange(max(self.first_hour, hour - max(self.parameters.windows_h) + 1), hour + 1) % self._kept
        total: Floats = np.zeros(np.shape(rows))
        for ring in hours:
            total = total + self.factors[ring, rows] * self.exposure[ring, rows]
        expected: Floats = total * self.level[hour % self._kept, rows]
        return expected

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self, rows: Rows) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly, with ``rows`` alone."""
        document: dict[str, object] = {"first_hour": self.first_hour, "open_hour": self.open_hour, "rows": len(rows)}
        side_by_side = len(rows) == int(rows[-1]) - int(rows[0]) + 1
        chosen = slice(int(rows[0]), int(rows[-1]) + 1) if side_by_side else rows
        # In the order of hours: an index of rows alone gives the other one, in which each hour's step takes far longer.
        return document, {name: getattr(self, name)[..., chosen].copy(order="C") for name in self.ARRAYS}

    def load(self, document: dict[str, object], arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        rows, first, newest = document["rows"], document["first_hour"], document["open_hour"]
        assert isinstance(rows, int)
        assert isinstance(first, int)
        assert isinstance(newest, int)
        self.rows = self._capacity = rows
        self._weights.clear()
        self._like = list(range(rows))
        self.first_hour, self.open_hour = first, newest
        for name in self.ARRAYS:
            setattr(self, name, np.array(arrays[name], dtype=getattr(self, name).dtype))
        self._whole = (self.exposure == 1.0).all(axis=1)
