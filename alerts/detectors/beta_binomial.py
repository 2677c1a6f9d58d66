"""The upper tail of the beta-binomial, in log10: how surprising it is that so many of ``whole`` belong to a part.

P(S = s) = C(n, s)·B(s + α, n − s + β) / B(α, β) with α = π(1/ρ − 1), β = (1 − π)(1/ρ − 1); mean nπ, variance
nπ(1 − π)(1 + (n − 1)ρ) (Skellam 1948; ρ is the intra-class correlation). Terms are summed from ``part`` upwards.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from alerts.detectors.negative_binomial import log_betainc

#: A probability below 10^-300 is shown as that.
LARGEST = 300.0

#: Of more than so many the beta distribution of the same mean and variance is taken: terms would be too many to sum.
_MOST_TERMS = 4096


@lru_cache(maxsize=65_536)  # A touched key is asked about each hour of its last day again; few of them have changed.
def minus_log10_share_tail(part: float, whole: float, share: float, correlation: float) -> float:
    """Return −log10 P(S ≥ part) among ``whole`` where ``share`` is normal; 0 for a part of 0; at most 300.

    :param share: strictly between 0 and 1.
    :param correlation: strictly between 0 and 1; near 0 the counts are binomial.
    """
    if part <= 0 or whole <= 0:
        return 0.0
    if whole > _MOST_TERMS:
        return _large(part, whole, share, correlation)
    certainty = 1.0 / correlation - 1.0
    alpha, beta = share * certainty, (1.0 - share) * certainty
    first = _log_choose(whole, part) + _log_beta(part + alpha, whole - part + beta) - _log_beta(alpha, beta)
    k = np.arange(part, whole)
    logs = np.cumsum(np.log((whole - k) * (k + alpha) / ((k + 1.0) * (whole - k - 1.0 + beta))))
    # A sum as large as this has no use for precision: its p is 1 in all but name.
    total = first + math.log1p(math.fsum(np.exp(np.minimum(logs, 700.0))))
    return min(LARGEST, max(0.0, -total / math.log(10.0)))


def _large(part: float, whole: float, share: float, correlation: float) -> float:
    """Return the same by the beta distribution whose mean and variance those of S/n are, with half a count of continuity."""
    certainty = whole / (1.0 + (whole - 1.0) * correlation) - 1.0
    alpha, beta = share * certainty, (1.0 - share) * certainty
    log_tail = log_betainc(beta, alpha, 1.0 - (part - 0.5) / whole)
    return min(LARGEST, max(0.0, -log_tail / math.log(10.0)))


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _log_choose(n: float, k: float) -> float:
    return math.lgamma(n + 1.0) - math.lgamma(k + 1.0) - math.lgamma(n - k + 1.0)
