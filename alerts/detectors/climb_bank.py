"""The baselines of one cusum detector: how long and how far each key has been above its slow normal.

    S ← max(0, S + (x·ln r − μ·(r − 1))/φ), at most C

The log-likelihood ratio of "r times as many" against "as always" for counts with spread φ (Page, Biometrika 41, 1954;
Lucas, Technometrics 27, 1985), hour by hour, with the expectation μ and φ of the hour itself. x is at most
μ + cap·√(μφ) + 1: one torrent is no slow rise. S is final as far as hours are learnt; newer hours are gone through on demand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alerts.detectors.spike_bank import SpikeBank
from alerts.detectors.spike_parameters import SpikeParameters
from alerts.detectors.spike_rows import Floats


@dataclass(frozen=True)
class ClimbParameters(SpikeParameters):
    """``ratio`` is the r above; S is kept below ``most`` (in powers of ten), so that it comes down again.

    ``most`` is above the highest bar a budget asks for (:data:`alerts.tracks.bars.FITS`).
    """

    windows_h: tuple[int, ...] = (24,)
    half_life_h: float = 1344.0
    dispersion_after_h: int = 336
    ratio: float = 2.0
    climb_cap_sd: float = 3.0
    climb_warmup_h: int = 672
    most: float = 22.0


class ClimbBank(SpikeBank):
    """A :class:`SpikeBank` that sums what is above normal."""

    ARRAYS = (*SpikeBank.ARRAYS, "climbed")

    def __init__(self, parameters: ClimbParameters, first_hour: int) -> None:
        super().__init__(parameters, first_hour)
        self.climb = parameters
        self.climbed: Floats = np.zeros(self._capacity)

    def _learn(self, hour: int) -> None:
        rows = np.arange(self.rows, dtype=np.intp)
        self.climbed[: self.rows] = self._climb(self.climbed[: self.rows], rows, hour)
        super()._learn(hour)

    def _climb(self, before: Floats, rows: npt.NDArray[np.intp], hour: int) -> Floats:
        """Return S after ``hour``, given S before it."""
        p, ring = self.climb, hour % self.parameters.kept_h
        if hour - self.first_hour < p.climb_warmup_h:
            return before  # Normal is not known yet: everything would be above it.
        seen = self.exposure[ring, rows]
        mean = self.level[ring, rows] * self.factors[ring, rows] * seen
        phi = 1.0 + (self.phi[0, self.line(hour), rows] - 1.0) * seen
        x = np.minimum(self.counts[ring, rows], mean + p.climb_cap_sd * np.sqrt(mean * phi) + 1.0)
        step = (x * math.log(p.ratio) - mean * (p.ratio - 1.0)) / phi
        risen: Floats = np.clip(before + step, 0.0, p.most * math.log(10.0))
        return risen

    def climb_score(self, row: int, hour: int) -> float:
        """Return S after ``hour`` (not learnt yet) as a power of ten: 3 = a thousand times likelier r times as many."""
        rows = np.array([row], dtype=np.intp)
        climbed = self.climbed[rows]
        for later in range(max(self.first_hour, self.open_hour - self.parameters.guard_h + 1), hour + 1):
            climbed = self._climb(climbed, rows, later)
        return float(climbed[0]) / math.log(10.0)
