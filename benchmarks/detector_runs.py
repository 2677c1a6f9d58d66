"""The banks of the detectors over invented counts: every window that reaches its floors, with its score, hour by hour.

The same banks and numbers as the engine's. Publishers are left out (stories of invented news come from anywhere), and an
alarm lasts until 12 hours after the last warm window; then its key rests for 24.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from alerts.detectors.climb_bank import ClimbBank, ClimbParameters
from alerts.detectors.negative_binomial import minus_log10_lower_tail
from alerts.detectors.recent_bank import RecentBank, RecentParameters
from alerts.detectors.shift_bank import ShiftBank, ShiftParameters
from alerts.detectors.spike_bank import Floats, SpikeBank, SpikeParameters
from alerts.rules.model import Cusum, Drop, Ratio, Record, Sensitivity, Shift, Spike, Zscore
from alerts.tracks.bars import K_OF_SHIFT
from alerts.tracks.cusum import SHOWN_HOURS
from alerts.tracks.drop import SETTLED_HOURS
from alerts.tracks.recent import QUIET_HOURS
from benchmarks.news_simulation import Counts

#: A Monday, 00:00 UTC, in hours since 1970.
FIRST_HOUR = 96 + 24 * 7 * 2_800

#: −log10 of the probability at which a window is calm again.
_WARM = 1.301

Row = npt.NDArray[np.intp]


@dataclass
class Crossings:
    """By key: (hour, score) of the windows that reach their floors and are not calm, in order."""

    by_key: dict[int, list[tuple[int, float]]] = field(default_factory=dict)

    def add(self, key: int, hour: int, score: float) -> None:
        """Take note of a window."""
        self.by_key.setdefault(key, []).append((hour, score))

    def alarms(self, bar: float, *, resolve_h: int = 12, cooldown_h: int = 24) -> list[tuple[int, int]]:
        """Return (key, hour) of every alert that opens at a score of ``bar``."""
        opened = []
        for key, cells in self.by_key.items():
            last_warm, firing, rests_until = -10_000, False, -1
            for hour, score in cells:
                if firing and hour - last_warm > resolve_h:
                    firing, rests_until = False, last_warm + resolve_h + cooldown_h
                if not firing and score >= bar and hour > rests_until:
                    firing = True
                    opened.append((key, hour))
                last_warm = hour
        return opened


class Run(ABC):
    """One detector over a set of keys."""

    #: The score (or what stands for one) at which it rings by default.
    bar = 3.0

    def over(self, counts: Counts, parts: Counts | None = None, *, first: int = 0) -> Crossings:
        """Step through all hours; note windows that end at ``first`` or later."""
        keys, hours = counts.shape
        self.start(keys)
        found = Crossings()
        for hour in range(hours):
            self.step(counts[:, hour], None if parts is None else parts[:, hour])
            if hour >= first:
                for key, score in self.cells():
                    found.add(key, hour, score)
        return found

    @abstractmethod
    def start(self, keys: int) -> None:
        """Make the bank."""

    @abstractmethod
    def step(self, counts: Floats, parts: Floats | None) -> None:
        """Open the next hour with these counts."""

    @abstractmethod
    def cells(self) -> list[tuple[int, float]]:
        """Return (key, score) of those that reach their floors and are warm."""


class SpikeRun(Run):
    """See :mod:`alerts.detectors.spike_bank`."""

    def __init__(self, settings: Spike | None = None) -> None:
        self.settings = settings or Spike()

    def _new(self) -> SpikeBank:
        settings = self.settings
        return SpikeBank(SpikeParameters(settings.windows_h, float(settings.half_life_h)), FIRST_HOUR)

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

    def cells(self) -> list[tuple[int, float]]:
        """Return (key, score) of those that reach their floors and are warm."""
        bank, floors = self.bank, self.settings.floors
        best: dict[int, float] = {}
        for number, length in enumerate(bank.parameters.windows_h):
            count, _, seen = bank._window_sums(bank.open_hour, length)  # for all rows at once
            mean = bank.level[bank.open_hour % bank.parameters.kept_h, : bank.rows] * seen
            (rows,) = np.nonzero((count >= floors.stories) & (count >= floors.times * mean))
            for row in rows:
                score = bank._score(int(row), bank.open_hour, number).score
                if score + 0.3 >= _WARM:
                    best[int(row) - 1] = max(best.get(int(row) - 1, 0.0), score)
        return list(best.items())


class DropRun(SpikeRun):
    """Far fewer than normal."""

    def __init__(self, settings: Drop | None = None) -> None:
        self.drop = settings or Drop()

    def _new(self) -> SpikeBank:
        drop = self.drop
        parameters = SpikeParameters(drop.windows_h, float(drop.half_life_h), dispersion_after_h=SETTLED_HOURS)
        return SpikeBank(parameters, FIRST_HOUR)

    def cells(self) -> list[tuple[int, float]]:
        """Return (key, score) of those that reach their floors and are warm."""
        bank, drop = self.bank, self.drop
        best: dict[int, float] = {}
        for number, length in enumerate(bank.parameters.windows_h):
            count, _, seen = bank._window_sums(bank.open_hour, length)  # for all rows at once
            mean = bank.level[bank.open_hour % bank.parameters.kept_h, : bank.rows] * seen
            (rows,) = np.nonzero((mean >= drop.expected) & (count * drop.floors.times <= mean))
            for row in rows:
                window = bank._score(int(row), bank.open_hour, number)
                surprise = minus_log10_lower_tail(window.count, window.expected, window.variance) - 0.301
                if surprise + 0.3 >= _WARM:
                    best[int(row) - 1] = max(best.get(int(row) - 1, 0.0), surprise)
        return list(best.items())


class CusumRun(SpikeRun):
    """For long somewhat more than normal. The newest hours' sums are carried along: nothing comes late here."""

    def __init__(self, settings: Cusum | None = None) -> None:
        self.cusum = settings or Cusum()

    def _new(self) -> ClimbBank:
        cusum = self.cusum
        parameters = ClimbParameters(windows_h=cusum.windows_h, half_life_h=float(cusum.half_life_h), ratio=cusum.ratio)
        return ClimbBank(parameters, FIRST_HOUR)

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
        rows: Row = np.arange(bank.rows, dtype=np.intp)
        place = bank.open_hour % SHOWN_HOURS
        self.sums[1:] += counts - self.week[place, 1:]
        self.week[place, 1:] = counts
        self.climbed = bank._climb(self.climbed, rows, bank.open_hour)  # for all rows at once

    def cells(self) -> list[tuple[int, float]]:
        """Return (key, score) of those that reach their floors and are warm."""
        bank, floors = self.bank, self.cusum.floors
        mean = bank.level[bank.open_hour % bank.parameters.kept_h, : bank.rows] * SHOWN_HOURS
        (rows,) = np.nonzero((self.sums >= floors.stories) & (self.sums >= floors.times * mean))
        return [(int(row) - 1, float(self.climbed[row]) / np.log(10.0)) for row in rows]


class RecentRun(Run):
    """Ratio, zscore and record."""

    def __init__(self, settings: Ratio | Zscore | Record) -> None:
        self.settings = settings
        self.bar = {"ratio": Ratio().ratio, "zscore": Zscore().sd, "record": 1.0}[settings.kind]

    def start(self, keys: int) -> None:
        """Make the bank."""
        self.bank = RecentBank(RecentParameters(self.settings.window_h, self.settings.baseline_h), FIRST_HOUR)
        for _ in range(keys):
            self.bank.add_row()

    def step(self, counts: Floats, parts: Floats | None) -> None:
        """Open the next hour with these counts."""
        self.bank.open_next()
        self.bank.counts[self.bank.open_hour % self.bank.kept_h, 1 : self.bank.rows] = counts

    def cells(self) -> list[tuple[int, float]]:
        """Return (key, score) of those that reach their floors and are warm."""
        bank, settings = self.bank, self.settings
        needed = settings.baseline_h if isinstance(settings, Record) else QUIET_HOURS
        if bank.open_hour - bank.first_hour < needed + bank.guard_h:
            return []
        count = bank.counts[bank.hours(bank.open_hour, settings.window_h), : bank.rows].sum(axis=0)
        ring = bank.open_hour % (bank.guard_h + 1)
        mean = bank.mean_then[ring, : bank.rows]
        if isinstance(settings, Ratio):
            score = count / mean
        elif isinstance(settings, Zscore):
            score = (count - mean) / bank.sd_then[ring, : bank.rows]
        else:
            score = (count > bank.highest_then[ring, : bank.rows]).astype(np.float64)
        (rows,) = np.nonzero((count >= settings.floors.stories) & (count > 1.5 * mean))
        return [(int(row) - 1, float(score[row])) for row in rows]


class ShiftRun(Run):
    """The share of a part."""

    bar = K_OF_SHIFT[Sensitivity.NORMAL]

    def __init__(self, settings: Shift) -> None:
        self.settings = settings

    def start(self, keys: int) -> None:
        """Make the bank."""
        self.bank = ShiftBank(ShiftParameters(self.settings.window_h, float(self.settings.baseline_h)), FIRST_HOUR)
        for _ in range(keys):
            self.bank.add_row()

    def step(self, counts: Floats, parts: Floats | None) -> None:
        """Open the next hour with these counts."""
        assert parts is not None
        bank = self.bank
        bank.open_next()
        bank.whole[bank.open_hour % bank.kept_h, 1 : bank.rows] = counts
        bank.part[bank.open_hour % bank.kept_h, 1 : bank.rows] = parts

    def cells(self) -> list[tuple[int, float]]:
        """Return (key, score) of those that reach their floors and are warm."""
        bank, settings = self.bank, self.settings
        hours = bank.hours(bank.open_hour, settings.window_h)
        whole, part = bank.whole[hours, : bank.rows].sum(axis=0), bank.part[hours, : bank.rows].sum(axis=0)
        share = bank.share_then[bank.open_hour % (bank.guard_h + 1), : bank.rows]
        # Less than one standard deviation above normal is calm: there the tail is not asked for.
        spread = 1.0 + (whole - 1.0) * bank.correlation_then[bank.open_hour % (bank.guard_h + 1), : bank.rows]
        above = part - whole * share > np.sqrt(np.maximum(whole * share * (1.0 - share) * spread, 0.0))
        (rows,) = np.nonzero((whole >= settings.floors.stories) & (part >= settings.part) & above)
        scores = ((int(row) - 1, bank.score(int(row), bank.open_hour).score) for row in rows)
        return [(key, score) for key, score in scores if score >= _WARM]
