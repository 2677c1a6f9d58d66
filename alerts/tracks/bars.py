"""The bar a statistical detector's score must reach: by sensitivity, or by a budget of false alarms over all keys."""

from __future__ import annotations

import math
from dataclasses import dataclass

from alerts.rules.model import Barred, Sensitivity

#: Score to reach by sensitivity.
K_OF = {Sensitivity.HIGH: 2.5, Sensitivity.NORMAL: 3.0, Sensitivity.LOW: 4.0}

#: A shift looks at one long window only: the same number of false alarms, one in ten months, is at a lower score.
K_OF_SHIFT = {Sensitivity.HIGH: 2.2, Sensitivity.NORMAL: 2.6, Sensitivity.LOW: 3.5}

#: A window is calm again when what it counted is as probable as this.
CALM_P = 0.05

#: Keys with an article in so many hours share a budget.
BUDGET_HOURS = 28 * 24


@dataclass(frozen=True)
class BudgetFit:
    """How rare false alarms are at a bar: log10(false alarms a key-month) = ``level`` − ``slope``·k. Measured."""

    level: float
    slope: float


#: By kind of detector, fitted to simulated news (``./run evaluate detectors``); spike's is the design's.
FITS = {
    "spike": BudgetFit(0.77, 0.57),
    "shift": BudgetFit(0.89, 0.74),
    "drop": BudgetFit(1.2, 0.96),
    "cusum": BudgetFit(-0.64, 0.19),
}


def k_of_budget(false_alarms_per_month: float, keys: int, fit: BudgetFit = FITS["spike"]) -> float:
    """Return the score at which ``keys`` together ring so many false alarms a month; within 2.5 to 6."""
    k = (fit.level - math.log10(false_alarms_per_month / max(1, keys))) / fit.slope
    return min(6.0, max(2.5, k))


def bar_of(settings: Barred, active_keys: int) -> float:
    """Return the score to reach, while so many keys had an article in the last :data:`BUDGET_HOURS`."""
    if settings.sensitivity is not None:
        return (K_OF_SHIFT if settings.kind == "shift" else K_OF)[settings.sensitivity]
    assert settings.budget is not None
    return k_of_budget(settings.budget.false_alarms_per_month, active_keys, FITS[settings.kind])
