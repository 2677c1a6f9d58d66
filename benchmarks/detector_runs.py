"""The banks of the detectors over invented counts: every warm window with its score, hour by hour, all keys at once.

The same banks and numbers as the engine's. Publishers are left out (stories of invented news come from anywhere).
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from alerts.detectors.climb_bank import ClimbBank, ClimbParameters
from alerts.detectors.recent_bank import RecentBank, RecentParameters
from alerts.detectors.shift_bank import ShiftBank, ShiftParameters
from alerts.detectors.spike_bank import SpikeBank
from alerts.detectors.spike_parameters import SpikeParameters
from alerts.detectors.spike_rows import Floats
from alerts.lifecycle import OPEN_TO_CHANGE_HOURS
from alerts.rules.model import Cusum, Drop, New, Ratio, Record, Sensitivity, Shift, Spike, Threshold, Zscore
from alerts.tracks.bars import CALM_P, K_OF, K_OF_SHIFT, SELDOM_BELOW, is_counted_anew
from alerts.tracks.cusum import SHOWN_HOURS
from alerts.tracks.drop import SETTLED_HOURS
from alerts.tracks.recent import QUIET_HOURS
from benchmarks.crossings import Crossings, Rows
from benchmarks.news_simulation import Counts
from benchmarks.tails import lower_tails, share_tails, upper_tails

#: A Monday, 00:00 UTC, in hours since 1970.
FIRST_HOUR = 96 + 24 * 7 * 2_800

#: −log10 of the probability at which a window is calm again.
_WARM = -np.log10(CALM_P)

#: A window nearer to what is expected than so many standard deviations is calm: there the tail is not asked for.
_NEAR_SD = 1.0
_NEAR_BELOW_SD = 0.7

#: Counts are final so many hours after theirs began.
LEARNT_AFTER_H = OPEN_TO_CHANGE_HOURS + 1

Flags = npt.NDArray[np.bool_]

#: Keys whose warm windows end with an hour, and their scores; 0 where the floors are not reached.
Cells = tuple[Rows, Floats]


class Run(ABC):
    """One detector over a set of keys."""

    #: The score (or what stands for one) at which it rings by default.
    bar = K_OF[Sensitivity.NORMAL]
    #: The hour it begins with, in hours since 1970.
    first_hour = FIRST_HOUR
    #: By hour of the run at which keys that share a budget are counted anew: which of them are seldom.
    seldom_then: dict[int, Flags]

    def over(self, counts: Counts, parts: Counts | None = None, *, first: int = 0) -> Crossings:
        """Step through all hours; note windows that end at ``first`` or later."""
        keys, hours = counts.shape
        self.start(keys)
        self.seldom_then = {}
        found = Crossings()
        # An hour of all keys lies side by side.
        by_hour, parts_by_hour = counts.T.copy(), None if parts is None else parts.T.copy()
        for hour in range(hours):
            self.step(by_hour[hour], None if parts_by_hour is None else parts_by_hour[hour])
            if is_counted_anew(self.first_hour + hour, hour + 1 - LEARNT_AFTER_H):
                self.seldom_then[hour] = self.seldom(keys)
            if hour >= first:
                found.add(hour, *self.cells())
        return found

    def seldom(self, keys: int) -> Flags:
        """Return which of ``keys`` are seldom by what is learnt; none where nobody asks."""
        return np.zeros(keys, dtype=np.bool_)

    @abstractmethod
    def start(self, keys: int) -> None:
        """Make the bank."""

    @abstractmethod
    def step(self, counts: Floats, parts: Floats | None) -> None:
        """Open the next hour with these counts."""

    @abstractmethod
    def cells(self) -> Cells:
        """Return the warm windows that end with the newest hour."""


def _best(keys: int, *windows: Cells) -> Cells:
    """Return the highest score of each key that has any."""
    best = np.full(keys, -1.0)
    for rows, scores in windows:
        best[rows] = np.maximum(best[rows], scores)
    (rows,) = np.nonzero(best >= 0.0)
    return rows, best[rows]


class SpikeRun(Run):
    """See :mod:`alerts.detectors.spike_bank`."""

    def __init__(self, settings: Spike | None = None) -> None:
        self.settings = settings or Spike()

    def _new(self) -> SpikeBank:
        settings = self.settings
        return SpikeBank(SpikeParameters(settings.windows_h, float(settings.half_life_h)), self.first_hour)

    def start(self, keys: int) -> None:
        """Make the bank."""
        self.bank = self._new()
        for _ in range(keys):
            self.bank.add_row()

    def step(self, counts: Floats, parts: Floats | None) -> None:
        """Open the next hour with these counts."""
        bank = self.bank
        bank.open_next()
        bank.counts[bank.open_hour % bank.parameters.kept_h, 1 : bank.rows] = counts

    def seldom(self, keys: int) -> Flags:
        """Return which of ``keys`` are seldom by what is learnt."""
        found: Flags = self.bank.level[self.bank.open_hour % self.bank.parameters.kept_h, 1 : keys + 1] < SELDOM_BELOW
        return found

    def _window(self, number: int) -> tuple[Floats, Floats, Floats]:
        """Return, for all keys, count, mean and variance of a window that ends now; every feed answers here."""
        bank = self.bank
        n = bank.rows
        count = bank._window_count(bank.open_hour, bank.parameters.windows_h[number])
        _, _, mean = bank._weights_of_all(bank.open_hour, number)
        line = bank.line(bank.open_hour)
        phi = bank.phi[number, line, :n]
        variance = np.maximum(mean * phi + mean * mean * phi / bank.a_then[line, :n], mean * 1.0001)
        return count[1:], mean[1:], variance[1:]

    def cells(self) -> Cells:
        """Return the warm windows that end with the newest hour."""
        bank, floors = self.bank, self.settings.floors
        windows = bank.parameters.windows_h
        found = []
        for number in range(len(windows)):
            count, mean, variance = self._window(number)
            (rows,) = np.nonzero((count > 0) & (count > mean + _NEAR_SD * np.sqrt(variance)))
            count, mean = count[rows], mean[rows]
            surprise = upper_tails(count, mean, variance[rows])
            warm = surprise >= _WARM
            reached = (count >= floors.stories) & (count >= floors.times * mean)
            scores = np.where(reached, np.maximum(0.0, surprise - np.log10(len(windows))), 0.0)
            found.append((rows[warm], scores[warm]))
        return _best(bank.rows - 1, *found)


class DropRun(SpikeRun):
    """Far fewer than normal."""

    def __init__(self, settings: Drop | None = None) -> None:
        self.drop = settings or Drop()

    def _new(self) -> SpikeBank:
        drop = self.drop
        parameters = SpikeParameters(drop.windows_h, float(drop.half_life_h), dispersion_after_h=SETTLED_HOURS)
        return SpikeBank(parameters, self.first_hour)

    def cells(self) -> Cells:
        """Return the warm windows that end with the newest hour."""
        bank, drop = self.bank, self.drop
        windows = bank.parameters.windows_h
        found = []
        for number in range(len(windows)):
            count, mean, variance = self._window(number)
            (rows,) = np.nonzero(count < mean - _NEAR_BELOW_SD * np.sqrt(variance))
            count, mean = count[rows], mean[rows]
            scores = np.maximum(0.0, lower_tails(count, mean, variance[rows]) - np.log10(len(windows)))
            warm = scores >= _WARM
            reached = (mean >= drop.expected) & (count * drop.floors.times <= mean)
            found.append((rows[warm], np.where(reached, scores, 0.0)[warm]))
        return _best(bank.rows - 1, *found)


class CusumRun(SpikeRun):
    """For long somewhat more than normal. The newest hours' sums are carried along: nothing comes late here."""

    def __init__(self, settings: Cusum | None = None) -> None:
        self.cusum = settings or Cusum()

    def _new(self) -> ClimbBank:
        cusum = self.cusum
        parameters = ClimbParameters(windows_h=cusum.windows_h, half_life_h=float(cusum.half_life_h), ratio=cusum.ratio)
        return ClimbBank(parameters, self.first_hour)

    def start(self, keys: int) -> None:
        """Make the bank."""
        super().start(keys)
        self.week = np.zeros((SHOWN_HOURS, keys + 1))
        self.sums = np.zeros(keys + 1)
        self.climbed = np.zeros(keys + 1)

    def step(self, counts: Floats, parts: Floats | None) -> None:
        """Open the next hour with these counts."""
        super().step(counts, parts)
        bank = self.bank
        assert isinstance(bank, ClimbBank)
        rows: Rows = np.arange(bank.rows, dtype=np.intp)
        place = bank.open_hour % SHOWN_HOURS
        self.sums[1:] += counts - self.week[place, 1:]
        self.week[place, 1:] = counts
        self.climbed = bank._climb(self.climbed, rows, bank.open_hour)  # for all rows at once

    def cells(self) -> Cells:
        """Return the weeks above normal that end with the newest hour."""
        bank, floors = self.bank, self.cusum.floors
        mean = bank.level[bank.open_hour % bank.parameters.kept_h, : bank.rows] * SHOWN_HOURS
        (rows,) = np.nonzero((self.sums > 0) & (self.sums >= floors.times * mean))
        return rows - 1, np.where(self.sums[rows] >= floors.stories, self.climbed[rows] / np.log(10.0), 0.0)


class RecentRun(Run):
    """Ratio, zscore and record."""

    def __init__(self, settings: Ratio | Zscore | Record) -> None:
        self.settings = settings
        self.bar = {"ratio": Ratio().ratio, "zscore": Zscore().sd, "record": 1.0}[settings.kind]

    def start(self, keys: int) -> None:
        """Make the bank."""
        self.bank = RecentBank(RecentParameters(self.settings.window_h, self.settings.baseline_h), self.first_hour)
        for _ in range(keys):
            self.bank.add_row()

    def step(self, counts: Floats, parts: Floats | None) -> None:
        """Open the next hour with these counts."""
        self.bank.open_next()
        self.bank.counts[self.bank.open_hour % self.bank.kept_h, 1 : self.bank.rows] = counts

    def cells(self) -> Cells:
        """Return the windows that are more than a half above normal."""
        bank, settings = self.bank, self.settings
        needed = settings.baseline_h if isinstance(settings, Record) else QUIET_HOURS
        count = bank.counts[bank.hours(bank.open_hour, settings.window_h), 1 : bank.rows].sum(axis=0)
        ring = bank.open_hour % (bank.guard_h + 1)
        mean = bank.mean_then[ring, 1 : bank.rows]
        if isinstance(settings, Ratio):
            score = count / mean
        elif isinstance(settings, Zscore):
            score = (count - mean) / np.sqrt(mean + bank.extra_then[ring, 1 : bank.rows])
        else:
            score = (count > bank.highest_then[ring, 1 : bank.rows]).astype(np.float64)
        reached = (count >= settings.floors.stories) & (count >= settings.floors.times * mean)
        reached &= bank.open_hour - bank.first_hour >= needed + bank.guard_h
        (rows,) = np.nonzero((count > 1.5 * mean) | (reached & (score >= self.bar)))
        return rows, np.where(reached, score, 0.0)[rows]


class ShiftRun(Run):
    """The share of a part."""

    bar = K_OF_SHIFT[Sensitivity.NORMAL]

    def __init__(self, settings: Shift) -> None:
        self.settings = settings

    def start(self, keys: int) -> None:
        """Make the bank."""
        self.bank = ShiftBank(ShiftParameters(self.settings.window_h, float(self.settings.baseline_h)), self.first_hour)
        for _ in range(keys):
            self.bank.add_row()

    def step(self, counts: Floats, parts: Floats | None) -> None:
        """Open the next hour with these counts."""
        assert parts is not None
        bank = self.bank
        bank.open_next()
        bank.whole[bank.open_hour % bank.kept_h, 1 : bank.rows] = counts
        bank.part[bank.open_hour % bank.kept_h, 1 : bank.rows] = parts

    def cells(self) -> Cells:
        """Return the warm windows that end with the newest hour."""
        bank, settings = self.bank, self.settings
        hours, ring = bank.hours(bank.open_hour, settings.window_h), bank.open_hour % (bank.guard_h + 1)
        whole = bank.whole[hours, 1 : bank.rows].sum(axis=0, dtype=np.float64)
        part = bank.part[hours, 1 : bank.rows].sum(axis=0, dtype=np.float64)
        share, correlation = bank.share_then[ring, 1 : bank.rows], bank.correlation_then[ring, 1 : bank.rows]
        variance = whole * share * (1.0 - share) * (1.0 + (whole - 1.0) * correlation)
        (rows,) = np.nonzero((part > 0) & (part - whole * share > _NEAR_SD * np.sqrt(np.maximum(variance, 0.0))))
        scores = share_tails(part[rows], whole[rows], share[rows], correlation[rows])
        reached = (whole >= settings.floors.stories) & (part >= max(1, settings.part))
        reached &= part >= settings.floors.times * whole * share
        warm = scores >= _WARM
        return rows[warm], np.where(reached[rows], scores, 0.0)[warm]


class ThresholdRun(Run):
    """So many within so many hours. It knows no normal, so it has no default either."""

    bar = 1.0

    def __init__(self, settings: Threshold) -> None:
        self.settings = settings

    def start(self, keys: int) -> None:
        """Make room for the window."""
        self.recent = np.zeros((self.settings.within_h, keys))
        self.hour = -1

    def step(self, counts: Floats, parts: Floats | None) -> None:
        """Open the next hour with these counts."""
        self.hour += 1
        self.recent[self.hour % len(self.recent)] = counts

    def cells(self) -> Cells:
        """Return the windows that reach the count."""
        (rows,) = np.nonzero(self.recent.sum(axis=0) >= self.settings.count)
        return rows, np.ones(len(rows))


class NewRun(ThresholdRun):
    """What was not seen for long, and is confirmed."""

    def __init__(self, settings: New) -> None:
        self.new = settings

    def start(self, keys: int) -> None:
        """Make room for the window, and for when each key was seen before it."""
        self.recent = np.zeros((self.new.confirm.within_h, keys))
        self.before = np.full(keys, -(2**30))
        self.hour = -1

    def step(self, counts: Floats, parts: Floats | None) -> None:
        """Open the next hour with these counts."""
        within = len(self.recent)
        left = self.hour + 1 - within
        if left >= 0:
            self.before[self.recent[left % within] > 0] = left
        super().step(counts, parts)

    def cells(self) -> Cells:
        """Return the windows in which a key appeared that was quiet for long enough, and history reaches so far."""
        within, new = len(self.recent), self.new
        (rows,) = np.nonzero(self.recent.sum(axis=0) >= max(1, new.confirm.stories))
        first = max(0, self.hour - within + 1)
        seen = self.recent[np.arange(first, self.hour + 1) % within][:, rows] > 0
        appeared = first + seen.argmax(axis=0)
        rows = rows[(appeared >= new.quiet_for_h) & (self.before[rows] < appeared - new.quiet_for_h)]
        return rows, np.ones(len(rows))
