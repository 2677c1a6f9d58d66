"""The published equations of the spike detector once more, slowly and another way, to hold the fast one against.

Whole histories are kept and looked up by bucket number; the tail is scipy's, or a sum of the distribution's own terms.

    level   A ← λ(A − a0) + a0 + x',  B ← λ(B − b0) + b0 + f,  m = A/B
    capped  x' = min(x, m·f + cap·√(m·f·φ) + 1), φ of the first window in the bucket before; not in the warm-up
    season  r ← α·x'/m + (1 − α)·r, α = 1 on the first visit, then .1;  f ∝ (r·v + s)/(v + s), v = m·min(visits, 12)
    spread  φ = max(1, (S + φ0·n0)/(n + n0)),  S ← δS + min((c − μ)²/μ, cap²·φ),  n ← δn + 1
    score   max over windows of −log10 P(X ≥ c) − log10(their number),  X negative binomial: mean μ = m·Σf, variance μφ + μ²φ/A
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from scipy.special import betainc


@dataclass
class SlowSpike:
    """One series; :meth:`score` takes the next bucket's count."""

    windows: Sequence[int]
    guard: int
    slot: Callable[[int], int]
    slots: int
    half_life: float = 336.0
    cap: float = 8.0
    a0: float = 0.5
    b0: float = 24.0
    phi0: float = 1.5
    n0: float = 48.0
    phi_half_life: float = 672.0
    shrink: float = 20.0
    warmup: int = 168
    begins: int = 0  # the hour of the day the first bucket is
    spread_after: int = 0  # no window that ends before this bucket teaches the spread
    counts: list[float] = field(default_factory=list)
    f: list[float] = field(default_factory=list)  # season of each bucket, as of its own day
    a: list[float] = field(default_factory=list)
    m: list[float] = field(default_factory=list)
    mu: list[list[float]] = field(default_factory=list)  # by bucket, by window
    phi: list[list[float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._a, self._b = self.a0, self.b0
        self._season = [1.0] * self.slots
        self._r: dict[int, float] = {}
        self._visits = [0] * self.slots
        self._spread = [(0.0, 0.0) for _ in self.windows]

    def score(self, count: float) -> float:
        t = len(self.counts)
        self.counts.append(count)
        if t >= 1:
            self._learn_spread(t - 1)
        if t >= self.guard:
            self._learn_level(t - self.guard, t)
        if self.slots > 1 and (self.begins + t) % 24 == 0:
            self._take_season()
        self.f.append(self._season[self.slot(t)])
        self.a.append(self._a)
        self.m.append(self._a / self._b)
        self.mu.append([self.m[t] * math.fsum(self.f[max(0, t - n + 1) :]) for n in self.windows])
        self.phi.append([max(1.0, (s + self.phi0 * self.n0) / (n + self.n0)) for s, n in self._spread])
        surprises = [
            surprise(math.fsum(self.counts[max(0, t - n + 1) :]), self.mu[t][w], self.phi[t][w], self.a[t])
            for w, n in enumerate(self.windows)
        ]
        return max(0.0, max(surprises) - math.log10(len(self.windows)))

    def _learn_level(self, old: int, now: int) -> None:
        decay = 2.0 ** (-1.0 / self.half_life)
        s = self.slot(old)
        x = self.counts[old]
        expected = self._a / self._b * self._season[s]
        if old > self.warmup:
            # What the spread was a guard before now - 1: nothing younger has touched this bucket.
            x = min(x, expected + self.cap * math.sqrt(expected * self.phi[now - 1 - self.guard][0]) + 1.0)
        f = self._season[s]
        self._a = decay * (self._a - self.a0) + self.a0 + x
        self._b = decay * (self._b - self.b0) + self.b0 + f
        ratio = x / max(self._a / self._b, 1e-6)
        self._r[s] = 0.1 * ratio + 0.9 * self._r[s] if s in self._r else ratio
        self._visits[s] += 1

    def _take_season(self) -> None:
        level = self._a / self._b
        raw = []
        for s, visits in enumerate(self._visits):
            v = level * min(visits, 12)
            raw.append((self._r[s] * v + self.shrink) / (v + self.shrink) if s in self._r else 1.0)
        self._season = [one * self.slots / math.fsum(raw) for one in raw]

    def _learn_spread(self, t: int) -> None:
        decay = 2.0 ** (-1.0 / self.phi_half_life)
        end = t - self.guard
        for w, n in enumerate(self.windows):
            if end < max(n, self.spread_after):
                continue
            counted, mu = math.fsum(self.counts[end - n + 1 : end + 1]), self.mu[end][w]
            if mu > 0.0:
                s, weight = self._spread[w]
                self._spread[w] = (
                    decay * s + min((counted - mu) ** 2 / mu, self.cap**2 * self.phi[t][w]),
                    decay * weight + 1.0,
                )


def surprise(count: float, mean: float, phi: float, shape: float) -> float:
    """Return −log10 P(X ≥ count); what is less likely than 10^-300 is 300."""
    if count <= 0:
        return 0.0
    variance = max(mean * phi + mean * mean * phi / shape, mean * 1.0001)
    r, q = mean * mean / (variance - mean), 1.0 - mean / variance
    p = float(betainc(count, r, q))
    if p < 1e-250:  # scipy holds p itself, and loses it some way before doubles end.
        return min(300.0, tail_by_terms(count, mean, variance))
    return -math.log10(p)


def tail_by_terms(count: float, mean: float, variance: float) -> float:
    """Return −log10 P(X ≥ count) by adding up the distribution's terms: slow where the tail is long."""
    r, q = mean * mean / (variance - mean), 1.0 - mean / variance  # q: what each further event costs
    first = math.lgamma(count + r) - math.lgamma(r) - math.lgamma(count + 1) + r * math.log1p(-q) + count * math.log(q)
    total, weight, x = 0.0, 1.0, count
    while weight > 1e-18 * total or x < mean:
        total += weight
        weight *= q * (x + r) / (x + 1)
        x += 1
    return -(first + math.log(total)) / math.log(10.0)
