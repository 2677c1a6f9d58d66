"""The bar of a budget hour by hour, found as the engine finds it: by the keys that share it, the seldom ones among them apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alerts.rules.model import Barred
from alerts.tracks.bars import BUDGET_HOURS, FITS, bar_of
from benchmarks.detector_runs import Run
from benchmarks.news_simulation import Counts

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sharing:
    """Of all keys, in hours that are counted anew: the part with a story in 28 days, and that which is seldom as well."""

    hours: int
    parts: dict[int, tuple[float, float]]

    def bars(self, settings: Barred, size: int) -> Floats:
        """Return the bar of every hour for ``size`` watches like these."""
        found, bar = np.empty(self.hours), 0.0
        for hour in range(self.hours):
            if hour in self.parts:
                sharing, seldom = (round(part * size) for part in self.parts[hour])
                bar = bar_of(settings, sharing, seldom)
            found[hour] = bar
        return found


def sharing_of(run: Run, counts: Counts, weights: Floats | None = None) -> Sharing:
    """Return who shared a budget in ``run`` over ``counts``, as each hour opened; ``weights``: how much a key counts for."""
    keys, hours = counts.shape
    summed = np.zeros((keys, hours + 1))
    np.cumsum(counts, axis=1, out=summed[:, 1:])
    parts = {}
    for hour, seldom in run.seldom_then.items():
        sharing = summed[:, hour] > summed[:, max(0, hour - BUDGET_HOURS)]
        both = np.average(np.stack((sharing, sharing & seldom)), axis=1, weights=weights)
        parts[hour] = float(both[0]), float(both[1])
    return Sharing(hours, parts)


def is_an_end(bars: Floats, settings: Barred) -> bool:
    """Tell whether the curve of such a detector has no lower, or no higher, bar than these."""
    points = FITS[settings.kind].points
    return bool((bars <= points[0][0]).all() or (bars >= points[-1][0]).all())
