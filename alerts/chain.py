"""Events of the ledger: numbers quantised, seq and previous hash filled in, one chain a rule."""

from __future__ import annotations

import math

from schemas.alert_event import AlertEvent, ChainHead


def quantised_score(score: float) -> float:
    """Return ``score`` rounded to 3 decimals; a negative zero becomes zero."""
    return round(score, 3) + 0.0


def significant(value: float, digits: int) -> float:
    """Return ``value`` rounded to ``digits`` significant digits; zero and non-finite values become 0."""
    if value == 0 or not math.isfinite(value):
        return 0.0
    return float(f"{value:.{digits - 1}e}")


def quantised_expected(expected: float) -> float:
    """Return an expected count rounded to 4 significant digits."""
    return significant(expected, 4)


def quantised_ratio(count: float, expected: float) -> float | None:
    """Return count ÷ expectation to 3 significant digits; None where nothing is expected."""
    return significant(count / expected, 3) if expected > 0 else None


class Chains:
    """The heads of all rules' chains; :meth:`append` links the next event of a rule."""

    def __init__(self, heads: dict[str, ChainHead] | None = None) -> None:
        self.heads: dict[str, ChainHead] = dict(heads or {})

    def append(self, event: AlertEvent) -> AlertEvent:
        """Return ``event`` with its ``seq`` and ``previous``; the chain moves on to it."""
        head = self.heads.get(event.rule)
        linked = event.model_copy(
            update={"seq": head.seq + 1 if head else 1, "previous": head.hash if head else ""},
        )
        self.heads[event.rule] = ChainHead.after(linked)
        return linked
