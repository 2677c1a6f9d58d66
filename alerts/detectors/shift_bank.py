"""The learnt share of a part in a whole, for all keys of one shift detector: a discounted beta-binomial.

    share      π = A/N;  A ← λ(A − a0) + a0 + s',  N ← λ(N − n0) + n0 + n',  λ = e^(−1/baseline)
    capped     n' = min(n, m + 8·√m + 1) with m the mean of an hour, s' = s·n'/n: one torrent is not the whole month
    spread     ρ = (S + ρ0·w0)/(W + w0);  S ← δS + z − 1 − (n − 1)/(M + 1),  W ← δW + n − 1,
               z = min((s − nπ)²/(nπ(1 − π)), 16·(1 + (n − 1)ρ'))  over each window, seen a guard later
    certainty  M = N/φ, φ = 1 + (stories of a mean window − 1)·ρ;  ρ' = ρ + (1 − ρ)/(M + 1)
    score      −log10 P(S ≥ s | n), beta-binomial with mean nπ and correlation ρ'

ρ by moments is Williams' (Applied Statistics 31, 1982). Coverage is no part of a share; an hour nobody saw is not learnt.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from alerts.detectors.beta_binomial import minus_log10_share_tail
from alerts.detectors.hour_bank import Floats, HourBank


@dataclass(frozen=True)
class ShiftParameters:
    """The parameters, in hours. ``correlation_weight``: stories beyond the first of a window the prior of ρ counts as."""

    window_h: int = 72
    baseline_h: float = 672.0
    prior_part: float = 0.5
    prior_whole: float = 1.0
    correlation_prior: float = 0.02
    correlation_weight: float = 2000.0
    cap_sd: float = 8.0
    cap_spread: float = 16.0

    @cached_property
    def guard_h(self) -> int:
        """Hours between an hour's opening and its learning: the window (at least 24) + 1."""
        return max(24, self.window_h) + 1


@dataclass(frozen=True, slots=True)
class ShareScore:
    """A window: ``part`` of ``whole``, the normal ``share``, and how surprising that is (−log10 ``p``)."""

    part: float
    whole: float
    share: float
    coverage: float
    score: float

    @property
    def expected(self) -> float:
        """How many of the part would be normal."""
        return self.whole * self.share

    @property
    def p(self) -> float:
        """The chance of so many or more."""
        return float(10.0**-self.score)


class ShiftBank(HourBank):
    """All rows of one shift detector."""

    ARRAYS = (
        "whole", "part", "final_whole", "final_part", "a", "n", "spread", "weight",
        "share_then", "unsure_then", "correlation_then",
    )  # fmt: skip
    COUNTED = ("whole", "part")

    def __init__(self, parameters: ShiftParameters, first_hour: int) -> None:
        guard = parameters.guard_h
        super().__init__(first_hour, guard_h=guard, kept_h=guard + parameters.window_h + 1)
        self.parameters = p = parameters
        self.whole = np.zeros((self.kept_h, 1), dtype=np.float32)  # counts are whole numbers: exact, and half the size
        self.part = np.zeros((self.kept_h, 1), dtype=np.float32)
        # Sums over the window that ends with the newest learnt hour: of whole numbers, so running sums are exact.
        self.final_whole: Floats = np.zeros(1)
        self.final_part: Floats = np.zeros(1)
        self.a: Floats = np.full(1, p.prior_part)
        self.n: Floats = np.full(1, p.prior_whole)
        self.spread: Floats = np.zeros(1)
        self.weight: Floats = np.zeros(1)
        self.share_then: Floats = np.zeros((guard + 1, 1))
        self.unsure_then: Floats = np.zeros((guard + 1, 1))
        self.correlation_then: Floats = np.zeros((guard + 1, 1))
        self.learnt_hours = 0.0  # discounted: hours N stands for

    def set_count(self, row: int, hour: int, whole: float, part: float) -> None:
        """Set what an hour that is open or not learnt yet has; ``part`` ≤ ``whole``."""
        if self.can_change(hour):
            self.whole[hour % self.kept_h, row], self.part[hour % self.kept_h, row] = whole, part

    def _learn(self, hour: int) -> None:
        ring, rows, p = hour % self.kept_h, self.rows, self.parameters
        left = (hour - p.window_h) % self.kept_h
        self.final_whole[:rows] += self.whole[ring, :rows]
        self.final_part[:rows] += self.part[ring, :rows]
        if hour - p.window_h >= self.first_hour:
            self.final_whole[:rows] -= self.whole[left, :rows]
            self.final_part[:rows] -= self.part[left, :rows]
        self._learn_spread(hour)
        if self.seen[ring] <= 0.0:
            return
        decay = math.exp(-1.0 / p.baseline_h)
        self.learnt_hours = decay * self.learnt_hours + 1.0
        whole = self.whole[ring, :rows].astype(np.float64)
        mean = self.n[:rows] / self.learnt_hours
        kept = np.minimum(whole, mean + p.cap_sd * np.sqrt(mean) + 1.0)
        part = self.part[ring, :rows] * np.divide(kept, whole, out=np.ones(rows), where=whole > 0.0)
        self.a[:rows] = decay * (self.a[:rows] - p.prior_part) + p.prior_part + part
        self.n[:rows] = decay * (self.n[:rows] - p.prior_whole) + p.prior_whole + kept

    def _learn_spread(self, end: int) -> None:
        """Learn ρ from the window that ends with ``end``, against what was normal at its end."""
        p, rows = self.parameters, self.rows
        if end - self.first_hour < p.window_h or self.coverage(end, p.window_h) < 0.5:
            return
        whole, part = self.final_whole[:rows], self.final_part[:rows]
        ring = end % (self.guard_h + 1)
        share, correlation = self.share_then[ring, :rows], self.correlation_then[ring, :rows]
        chance = np.maximum(whole * share * (1.0 - share), 1e-12)
        more = np.maximum(whole - 1.0, 0.0)
        z = np.minimum((part - whole * share) ** 2 / chance, p.cap_spread * (1.0 + more * correlation))
        fade = math.exp(-0.5 / p.baseline_h)
        told = whole >= 2.0
        excess = z - 1.0 - more * self.unsure_then[ring, :rows]
        self.spread[:rows] = np.where(told, fade * self.spread[:rows] + excess, self.spread[:rows])
        self.weight[:rows] = np.where(told, fade * self.weight[:rows] + more, self.weight[:rows])

    def _rho(self) -> Floats:
        p, rows = self.parameters, self.rows
        prior = p.correlation_prior * p.correlation_weight
        rho: Floats = np.clip((self.spread[:rows] + prior) / (self.weight[:rows] + p.correlation_weight), 1e-6, 0.9)
        return rho

    def _freeze(self, hour: int) -> None:
        p, rows = self.parameters, self.rows
        rho = self._rho()
        of_a_window = self.n[:rows] * p.window_h / max(self.learnt_hours, float(p.window_h))
        clumps = 1.0 + np.maximum(of_a_window - 1.0, 0.0) * rho
        ring = hour % (self.guard_h + 1)
        self.share_then[ring, :rows] = self.a[:rows] / self.n[:rows]
        self.unsure_then[ring, :rows] = unsure = 1.0 / (self.n[:rows] / clumps + 1.0)
        self.correlation_then[ring, :rows] = rho + (1.0 - rho) * unsure

    def score(self, row: int, hour: int) -> ShareScore:
        """Return the window of ``row`` that ends with ``hour`` (not older than the guard), by its hour's own normal."""
        hours = self.hours(hour, self.parameters.window_h)
        whole, part = float(self.whole[hours, row].sum()), float(self.part[hours, row].sum())
        ring = hour % (self.guard_h + 1)
        share, correlation = float(self.share_then[ring, row]), float(self.correlation_then[ring, row])
        surprise = minus_log10_share_tail(part, whole, share, correlation)
        return ShareScore(part, whole, share, self.coverage(hour, self.parameters.window_h), surprise)

    def state(self) -> tuple[dict[str, object], dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]]:
        """Return what :meth:`load` goes on from exactly."""
        document, arrays = super().state()
        return {**document, "learnt_hours": self.learnt_hours}, arrays

    def load(
        self, document: dict[str, object], arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]
    ) -> None:
        """Become what :meth:`state` described."""
        super().load(document, arrays)
        hours = document["learnt_hours"]
        assert isinstance(hours, float)
        self.learnt_hours = hours
