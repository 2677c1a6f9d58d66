"""The bar a statistical detector's score must reach: by sensitivity, or by a budget of false alarms over all keys."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from alerts.rules.model import Barred, Sensitivity

#: Score to reach by sensitivity.
K_OF = {Sensitivity.HIGH: 2.5, Sensitivity.NORMAL: 3.0, Sensitivity.LOW: 4.0}

#: A shift looks at one long window only: the same number of false alarms, one in ten months, is at a lower score.
K_OF_SHIFT = {Sensitivity.HIGH: 2.2, Sensitivity.NORMAL: 2.6, Sensitivity.LOW: 3.5}

#: A window is calm again when what it counted is as probable as this.
CALM_P = 0.05

#: Keys with an article in so many hours share a budget, whether the hour is learnt or not.
BUDGET_HOURS = 28 * 24

#: Until so many hours are learnt the keys that share a budget are counted anew each hour, then at 00:00 UTC
#: (docs/adr/0010-watches-a-budget-is-shared-by.md).
COUNTED_HOURLY_UNTIL = 2 * 24


@dataclass(frozen=True)
class BudgetFit:
    """How rare false alarms are at a bar, measured: ``points`` are (score, log10 of false alarms a key-month).

    Scores rise and alarms fall from point to point; between two of them the logarithm is a straight line. No bar lies
    beyond the first or the last.
    """

    points: tuple[tuple[float, float], ...]

    def score_at(self, log_rate: float) -> float:
        """Return the score at which that many (log10) false alarms ring a key-month; within the first and the last."""
        rates = [-rate for _, rate in self.points]
        at = bisect_left(rates, -log_rate)
        if at in (0, len(rates)):
            return self.points[min(at, len(rates) - 1)][0]
        (low, many), (high, few) = self.points[at - 1], self.points[at]
        return low + (high - low) * (many - log_rate) / (many - few)

    def log_rate_at(self, score: float) -> float:
        """Return log10 of the false alarms a key-month at ``score``, which is within the first and the last."""
        at = min(max(1, bisect_right(self.points, score, key=lambda point: point[0])), len(self.points) - 1)
        (low, many), (high, few) = self.points[at - 1], self.points[at]
        return many + (few - many) * (score - low) / (high - low)


#: By kind of detector, measured on a year of simulated news and smoothed (docs/adr/0007-budgets-by-measured-curves.md);
#: ``./run evaluate detectors`` judges them on other seeds.
FITS = {
    "spike": BudgetFit(
        (
            *((1.5, 0.33), (2.0, 0.0), (3.0, -0.69), (4.0, -1.37), (5.0, -2.01), (6.0, -2.51)),
            *((7.0, -3.04), (8.0, -3.49), (9.0, -3.86), (10.0, -4.22), (11.0, -4.52), (12.0, -4.78)),
        )
    ),
    "shift": BudgetFit(
        (
            *((1.5, -0.17), (2.0, -0.56), (3.0, -1.32), (5.0, -2.76)),
            *((6.0, -3.44), (7.0, -4.01), (8.0, -4.51), (8.4, -4.72)),
        )
    ),
    "drop": BudgetFit(
        ((1.5, -0.29), (2.0, -0.72), (3.0, -1.62), (4.0, -2.5), (5.0, -3.32), (6.0, -4.17), (6.7, -4.72))
    ),
    # A slow rise and a drift are the same thing until one of them ends, so this tail is long.
    "cusum": BudgetFit(
        (
            *((1.5, -0.85), (2.5, -1.09), (4.0, -1.42), (6.0, -1.71), (8.0, -1.93), (10.0, -2.15), (12.0, -2.42)),
            *((14.0, -2.74), (16.0, -3.08), (18.0, -3.45), (20.0, -3.9), (21.8, -4.33)),
        )
    ),
}


#: A key with less an hour than those that :data:`FITS` were measured on is seldom.
SELDOM_BELOW = 0.05

#: The same of seldom keys, where four stories at once are far from normal whatever they tell: as read of real headlines at bars
#: of 5.2 and 6.8, else on invented pairs like those (docs/adr/0013-seldom-keys-have-a-curve.md).
SELDOM_FITS = {
    "spike": BudgetFit(((1.5, -1.6), (3.0, -1.9), (5.2, -2.2), (6.8, -2.58), (8.0, -2.87), (10.0, -3.6), (12.0, -4.3))),
}


def k_of_budget(false_alarms_per_month: float, keys: int, fit: BudgetFit = FITS["spike"]) -> float:
    """Return the score at which ``keys`` together ring so many false alarms a month, as far as ``fit`` reaches."""
    return fit.score_at(math.log10(false_alarms_per_month / max(1, keys)))


def is_counted_anew(hour: int, learnt_h: int) -> bool:
    """Tell whether the keys that share a budget are counted when ``hour`` opens, ``learnt_h`` hours being learnt."""
    return hour % 24 == 0 or learnt_h < COUNTED_HOURLY_UNTIL


def k_of(kind: str, sensitivity: Sensitivity) -> float:
    """Return the score a detector of that kind must reach."""
    return (K_OF_SHIFT if kind == "shift" else K_OF)[sensitivity]


def most_keys(settings: Barred, *, seldom: bool = False) -> int | None:
    """Return how many keys, or seldom ones, can share its budget so that it is kept: the curve knows no bar for more of them.

    None where there is no budget, or seldom keys have no curve of their own.
    """
    fit = (SELDOM_FITS if seldom else FITS).get(settings.kind)
    if settings.budget is None or fit is None:
        return None
    return int(settings.budget.false_alarms_per_month * 10.0 ** -fit.points[-1][1] * (1.0 + 1e-9))


def bar_of(settings: Barred, active_keys: int, seldom_keys: int = 0) -> float:
    """Return the score to reach, while so many keys had an article in the last :data:`BUDGET_HOURS`, some of them seldom.

    It is the higher of two: what all of them would need, were none seldom, and what those that are need.
    """
    if settings.sensitivity is not None:
        return k_of(settings.kind, settings.sensitivity)
    assert settings.budget is not None
    allowed = settings.budget.false_alarms_per_month
    bar = k_of_budget(allowed, active_keys, FITS[settings.kind])
    if not seldom_keys or settings.kind not in SELDOM_FITS:
        return bar
    return max(bar, k_of_budget(allowed, seldom_keys, SELDOM_FITS[settings.kind]))
