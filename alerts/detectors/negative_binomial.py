"""The tails of the negative binomial, in log10, without scipy. Accurate to about 1e-9 in the logarithm for what news counts;
to 1e-5 for a million where a million is normal, for there ln Γ has so few digits behind the point.

P(X ≥ c) = I_{1-p}(c, r), the regularised incomplete beta function, by Lentz's continued fraction
(Press et al., Numerical Recipes, 3rd ed., §6.4).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: A probability below 10^-300 is shown as that.
LARGEST = 300.0

_TINY = 1e-300
_PRECISION = 1e-15
_MOST_STEPS = 20_000

#: Below this r the complement of a tail is no way to it.
_CLUMPED = 1e-4


@lru_cache(maxsize=65_536)  # A touched key is asked about each hour of its last day again; few of them have changed.
def minus_log10_tail(count: float, mean: float, variance: float) -> float:
    """Return −log10 P(X ≥ count) for mean ``mean`` > 0 and ``variance`` > ``mean``; 0 for a count of 0; at most 300."""
    if count <= 0:
        return 0.0
    r = mean * mean / (variance - mean)
    return min(LARGEST, max(0.0, -log_betainc(count, r, mean / (r + mean)) / math.log(10.0)))


@lru_cache(maxsize=65_536)
def minus_log10_tail_of_clumps(count: float, mean: float, variance: float) -> float:
    """Return :func:`minus_log10_tail`, also where r is so small that P(X < count) is 1 to the last digits.

    That is of variances a million times the mean, which only a torrent teaches. There P(X ≥ c) = 1 − exp(r·ln y +
    ln Γ(c + r) − ln Γ(c) − ln Γ(1 + r) + ln(1 + r·Σ (1 − c)_n yⁿ/(n!(r + n)))), y = mean/variance, n from 1: the power series of
    I_y(r, c) (Abramowitz and Stegun, 26.5.4), each of whose parts is as small as r. The engine counts no such torrents, and
    its ledger is held to what the plain tail says.
    """
    r = mean * mean / (variance - mean)
    y = r / (r + mean)
    if count <= 0 or r > _CLUMPED or y > (r + 1.0) / (count + r + 2.0):
        return minus_log10_tail(count, mean, variance)
    total, term, n = 0.0, 1.0, 0
    while abs(term) > _PRECISION * abs(total) and n < _MOST_STEPS:
        n += 1
        term *= (n - count) * y / n  # count·y is 1 at most.
        total += term / (r + n)
    digamma, trigamma = _polygamma(count)
    ways = r * digamma + 0.5 * r * r * trigamma
    one = 0.5772156649015329 * r - math.pi**2 / 12.0 * r * r  # −ln Γ(1 + r)
    p = -math.expm1(r * math.log(y) + ways + one + math.log1p(r * total))
    return min(LARGEST, -math.log10(p)) if p > 0.0 else LARGEST


def _polygamma(x: float) -> tuple[float, float]:
    """Return ψ(x) and ψ'(x) for x > 0: asymptotic series (Abramowitz and Stegun, 6.3.18, 6.4.12) beyond 12, then downwards."""
    first = second = 0.0
    while x < 12.0:
        first -= 1.0 / x
        second += 1.0 / (x * x)
        x += 1.0
    z = 1.0 / (x * x)
    first += math.log(x) - 0.5 / x - z * (1.0 / 12.0 - z * (1.0 / 120.0 - z * (1.0 / 252.0 - z / 240.0)))
    return first, second + 1.0 / x + 0.5 * z + z / x * (1.0 / 6.0 - z * (1.0 / 30.0 - z / 42.0))


def minus_log10_of(count: float, mean: float, variance: float) -> float:
    """Return −log10 P(X = count): a tenth of the work of :func:`minus_log10_tail`, and never below it."""
    r = mean * mean / (variance - mean)
    ways = math.lgamma(count + r) - math.lgamma(r) - math.lgamma(count + 1.0)
    return -(ways + r * math.log(r / (r + mean)) + count * math.log(mean / (r + mean))) / math.log(10.0)


def minus_log10_of_each(count: Floats, mean: Floats, variance: Floats) -> Floats:
    """Return :func:`minus_log10_of` element by element, to about 1e-9."""
    r = mean * mean / (variance - mean)
    more, none, few = _log_gamma(np.array((count + r, r, count + 1.0)))
    ways = more - none - few
    found: Floats = -(ways + r * np.log(r / (r + mean)) + count * np.log(mean / (r + mean))) / math.log(10.0)
    return found


def _log_gamma(x: Floats) -> Floats:
    """Return ln Γ(x) for x > 0: Stirling's series at x + 8, from where Γ is multiplied down (Abramowitz and Stegun, 6.1.41)."""
    below = x * (x + 1.0) * (x + 2.0) * (x + 3.0) * (x + 4.0) * (x + 5.0) * (x + 6.0) * (x + 7.0)
    y = x + 8.0
    series = (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / (1260.0 * y * y)) / (y * y)) / y
    found: Floats = (y - 0.5) * np.log(y) - y + 0.5 * math.log(2.0 * math.pi) + series - np.log(below)
    return found


@lru_cache(maxsize=65_536)
def minus_log10_lower_tail(count: float, mean: float, variance: float) -> float:
    """Return −log10 P(X ≤ count) for ``variance`` > ``mean`` > 0; at most 300.

    P(X ≤ c) = I_p(r, c+1).
    """
    r = mean * mean / (variance - mean)
    return min(LARGEST, max(0.0, -log_betainc(r, count + 1.0, r / (r + mean)) / math.log(10.0)))


def log_betainc(a: float, b: float, x: float) -> float:
    """Return ln I_x(a, b) for 0 < x < 1."""
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    if x < (a + 1.0) / (a + b + 2.0):
        return front + math.log(_fraction(a, b, x) / a)
    other = math.exp(front) * _fraction(b, a, 1.0 - x) / b
    return math.log1p(-other) if other < 1.0 else -LARGEST * math.log(10.0)


def _fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of the incomplete beta function by the modified Lentz method."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    h = d
    for m in range(1, _MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d = 1.0 + even * d
        c = 1.0 + even / c
        d = 1.0 / (d if abs(d) > _TINY else _TINY)
        c = c if abs(c) > _TINY else _TINY
        h *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d = 1.0 + odd * d
        c = 1.0 + odd / c
        d = 1.0 / (d if abs(d) > _TINY else _TINY)
        c = c if abs(c) > _TINY else _TINY
        step = d * c
        h *= step
        if abs(step - 1.0) < _PRECISION:
            break
    return h
