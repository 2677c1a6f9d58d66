"""What is normal for every detector but the spike, once more from the published equations: loops over whole histories."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.special import betainc, betaln

from tests.property.slow_spike import SlowSpike

#: Hours before which a cusum sums nothing.
FOUR_WEEKS = 672


def plain_normal(
    learnt: Sequence[tuple[int, int]], hours: int, start: int, baseline: int
) -> tuple[float, float, float]:
    """Return mean, deviation and highest of the windows of the hours ``learnt`` from ``start`` on."""
    keep = math.exp(-1.0 / baseline)
    total, weight, pairs, seen, days = 12.0, 24.0, 0.0, 0.0, dict[int, int]()
    for t in range(hours - 1, len(learnt)):
        hour, count = start + t, sum(n for n, _ in learnt[t - hours + 1 : t + 1])
        total = keep * (total - 12.0) + 12.0 + count
        weight = keep * (weight - 24.0) + 24.0 + 1.0
        pairs = keep * pairs + count * (count - 1)
        seen = keep * seen + 1.0
        days[hour // 24] = max(days.get(hour // 24, 0), count)
    mean = total / weight
    extra = max(pairs / seen - mean * mean, 0.25) if seen else 0.25
    last = (start + len(learnt) - 1) // 24
    highest = max((count for day, count in days.items() if day >= last - -(-baseline // 24)), default=0)
    return mean, math.sqrt(mean + extra), highest


def lack(count: float, mean: float, phi: float, shape: float) -> float:
    """Return −log10 P(X ≤ count) of the negative binomial of a spike."""
    if mean <= 0.0:
        return 0.0
    variance = max(mean * phi + mean * mean * phi / shape, mean * 1.0001)
    r = mean * mean / (variance - mean)
    return -math.log10(float(betainc(r, count + 1, mean / variance)))


def climbed(slow: SlowSpike, counts: Sequence[float], ratio: float) -> float:
    """Return the sum of a cusum after the last of ``counts``, which began with the first bucket, as a power of ten."""
    total = 0.0
    for t, count in enumerate(counts):
        mean, phi = slow.m[t] * slow.f[t], slow.phi[t][0]
        x = min(count, mean + 3.0 * math.sqrt(mean * phi) + 1.0)
        total = max(0.0, total + (x * math.log(ratio) - mean * (ratio - 1.0)) / phi)
        total = min(total, 22.0 * math.log(10.0)) if t >= FOUR_WEEKS else 0.0
    return total / math.log(10.0)


def learnt_share(each: Sequence[tuple[int, int]], hours: int, baseline: int) -> tuple[float, float]:
    """Return the share and its correlation as of the opening of the hour a guard after the last of ``each`` (whole, part)."""
    keep, keep_spread, guard = math.exp(-1.0 / baseline), math.exp(-0.5 / baseline), max(24, hours) + 1
    part, whole, told, spread, weight = 0.5, 1.0, 0.0, 0.0, 0.0
    then = [_normal_share(part, whole, told, spread, weight, hours)] * guard
    for t, (n, s) in enumerate(each):
        window = each[t - hours + 1 : t + 1] if t >= hours else []
        c, d = sum(n for n, _ in window), sum(s for _, s in window)
        if c >= 2:
            share, unsure, correlation = then[t]
            z = min((d - c * share) ** 2 / (c * share * (1.0 - share)), 16.0 * (1.0 + (c - 1) * correlation))
            spread = keep_spread * spread + z - 1.0 - (c - 1) * unsure
            weight = keep_spread * weight + c - 1
        told = keep * told + 1.0
        mean = whole / told
        k = min(n, mean + 8.0 * math.sqrt(mean) + 1.0) / n if n else 0.0
        part = keep * (part - 0.5) + 0.5 + s * k
        whole = keep * (whole - 1.0) + 1.0 + n * k
        then.append(_normal_share(part, whole, told, spread, weight, hours))
    return then[-1][0], then[-1][2]


def _normal_share(
    part: float, whole: float, told: float, spread: float, weight: float, hours: int
) -> tuple[float, float, float]:
    """Return π, 1/(M + 1) and ρ'."""
    rho = min(max((spread + 0.02 * 2000.0) / (weight + 2000.0), 1e-6), 0.9)
    of_a_window = whole * hours / max(told, hours)
    unsure = 1.0 / (whole / (1.0 + max(0.0, of_a_window - 1.0) * rho) + 1.0)
    return part / whole, unsure, rho + (1.0 - rho) * unsure


def share_surprise(part: int, whole: int, share: float, correlation: float) -> float:
    """Return −log10 P(S ≥ part) of the beta-binomial, by its terms."""
    if part <= 0:
        return 0.0
    a, b = share * (1.0 / correlation - 1.0), (1.0 - share) * (1.0 / correlation - 1.0)
    terms = (
        math.exp(
            math.lgamma(whole + 1)
            - math.lgamma(s + 1)
            - math.lgamma(whole - s + 1)
            + betaln(s + a, whole - s + b)
            - betaln(a, b)
        )
        for s in range(part, whole + 1)
    )
    return -math.log10(math.fsum(terms))
