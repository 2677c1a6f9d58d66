"""The learnt share of a part in a whole, for all keys of one shift detector: a discounted beta-binomial.

    share      π = A/N;  A ← λ(A − a0) + a0 + s',  N ← λ(N − n0) + n0 + s' + r',  λ = e^(−1/baseline)
    hour       π(h) = π·o/(1 − π + π·o),  o = E_part(h)/E_rest(h): of the feeds that were seen in it
    learnt     s' = s·k·π/π(h),  r' = (n − s)·k·(1 − π)/(1 − π(h)),  k = min(n, m + 8·√m + 1)/n with m the mean of such an
               hour: one torrent is not the whole month; m = N/H, H ← λH + 1 the hours N stands for
    window     π(w) = Σ n(h)·π(h) / Σ n(h)
    spread     ρ = (S + ρ0·w0)/(W + w0), 10⁻⁶ to .9;  S ← δS + z − 1 − (n − 1)/(M + 1),  W ← δW + n − 1,  δ = √λ,
               z = min((s − nπ(w))²/(nπ(w)(1 − π(w))), 16·(1 + (n − 1)ρ'))  over each window, seen a guard later
    certainty  M = N/φ, φ = 1 + (stories of a mean window − 1)·ρ;  ρ' = ρ + (1 − ρ)/(M + 1)
    score      −log10 P(S ≥ s | n), beta-binomial with mean nπ(w) and correlation ρ'

ρ by moments is Williams' (Applied Statistics 31, 1982). Where feeds join or leave, the stories so far are worth g_part of the
part that comes and g_rest of the rest: the odds of π become g_rest/g_part times as large, N and ρ stay, and so does the score
of every hour that was counted before, for E_part(h) ← g_part·E_part(h) and E_rest(h) ← g_rest·E_rest(h).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from alerts.detectors.beta_binomial import minus_log10_share_tail
from alerts.detectors.hour_bank import Floats, HourBank

#: By so many times at most the odds of a part are others because of who was seen.
_MOST_ODDS = 10.0

#: The volumes: what is not of the part, and what is.
REST, PART = 0, 1


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
        "whole", "part", "final_whole", "final_part", "a", "n", "learnt", "spread", "weight",
        "share_then", "unsure_then", "correlation_then",
    )  # fmt: skip
    COUNTED = ("whole", "part")
    VOLUMES = 2

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
        self.learnt: Floats = np.zeros(1)  # discounted: hours N stands for
        self.spread: Floats = np.zeros(1)
        self.weight: Floats = np.zeros(1)
        self.share_then: Floats = np.zeros((guard + 1, 1))
        self.unsure_then: Floats = np.zeros((guard + 1, 1))
        self.correlation_then: Floats = np.zeros((guard + 1, 1))

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
        share = self.a[:rows] / self.n[:rows]
        rest, part = (1.0, 1.0) if self.is_whole else self.exposure[:, ring, :rows]
        seen = np.broadcast_to(share * part + (1.0 - share) * rest, rows)
        told = seen > 0.0
        decay = math.exp(-1.0 / p.baseline_h)
        self.learnt[:rows] = np.where(told, decay * self.learnt[:rows] + seen, self.learnt[:rows])
        whole = self.whole[ring, :rows].astype(np.float64)
        mean = self.n[:rows] / np.maximum(self.learnt[:rows], 1e-9) * seen
        kept = np.minimum(whole, mean + p.cap_sd * np.sqrt(mean) + 1.0)
        of_part = self.part[ring, :rows] * np.divide(kept, whole, out=np.ones(rows), where=whole > 0.0)
        of_rest = kept - of_part
        if not self.is_whole:
            normal = _seen_by(share, rest, part)
            of_part, of_rest = of_part * share / normal, of_rest * (1.0 - share) / (1.0 - normal)
        a0, n0 = p.prior_part, p.prior_whole
        self.a[:rows] = np.where(told, decay * (self.a[:rows] - a0) + a0 + of_part, self.a[:rows])
        self.n[:rows] = np.where(told, decay * (self.n[:rows] - n0) + n0 + of_part + of_rest, self.n[:rows])

    def _learn_spread(self, end: int) -> None:
        """Learn ρ from the window that ends with ``end``, against what was normal at its end."""
        p, rows = self.parameters, self.rows
        if end - self.first_hour < p.window_h:
            return
        whole, part = self.final_whole[:rows], self.final_part[:rows]
        ring = end % (self.guard_h + 1)
        told, share = whole >= 2.0, self.share_then[ring, :rows]
        if not self.is_whole:
            some, share = np.flatnonzero(told), share.copy()
            share[some], coverage = self._window_shares(some, end)
            told[some] = coverage >= 0.5
        correlation = self.correlation_then[ring, :rows]
        chance = np.maximum(whole * share * (1.0 - share), 1e-12)
        more = np.maximum(whole - 1.0, 0.0)
        z = np.minimum((part - whole * share) ** 2 / chance, p.cap_spread * (1.0 + more * correlation))
        fade = math.exp(-0.5 / p.baseline_h)
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
        of_a_window = self.n[:rows] * p.window_h / np.maximum(self.learnt[:rows], float(p.window_h))
        clumps = 1.0 + np.maximum(of_a_window - 1.0, 0.0) * rho
        ring = hour % (self.guard_h + 1)
        self.share_then[ring, :rows] = self.a[:rows] / self.n[:rows]
        self.unsure_then[ring, :rows] = unsure = 1.0 / (self.n[:rows] / clumps + 1.0)
        self.correlation_then[ring, :rows] = rho + (1.0 - rho) * unsure

    def rebase(self, parts: Sequence[Floats], doubts: Sequence[Floats] = ()) -> None:
        """Go on as if the hours so far had seen ``parts`` (of the rest, of the part) of what counts from the next on, by row.

        A share is allowed to be as unsure as it was: no more false alarms were measured.
        """
        del doubts
        (rest, part), rows = parts, self.rows
        self._rebase_exposures(parts)
        share = self.a[:rows] / self.n[:rows]
        self.learnt[:rows] /= share / part + (1.0 - share) / rest
        self.a[:rows] = self.n[:rows] * _seen_by(share, part, rest)
        self.share_then[:, :rows] = _seen_by(self.share_then[:, :rows], part, rest)

    def _window_shares(self, rows: npt.NDArray[np.intp], end: int) -> tuple[Floats, Floats]:
        """Return the normal share of the window of ``rows`` that ends with ``end``, by who was seen in it, and its coverage."""
        share = self.share_then[end % (self.guard_h + 1), rows]
        if self.is_whole:
            return share, np.ones(len(rows))
        window = np.ix_(self.hours(end, self.parameters.window_h), rows)
        rest, part = (volume[window] for volume in self.exposure)
        full = [volume[window] for volume in self.full]
        # Running sums: a row's is the same whatever other rows are asked about.
        seen = np.cumsum(share * part + (1.0 - share) * rest, axis=0)[-1]
        coverage = np.minimum(1.0, seen / np.cumsum(share * full[PART] + (1.0 - share) * full[REST], axis=0)[-1])
        whole = self.whole[window].astype(np.float64)
        stories, of_part = whole.sum(axis=0), np.cumsum(whole * _seen_by(share, rest, part), axis=0)[-1]
        return np.where(stories > 0.0, of_part / np.maximum(stories, 1.0), share), coverage

    def score(self, row: int, hour: int) -> ShareScore:
        """Return the window of ``row`` that ends with ``hour`` (not older than the guard), by its hour's own normal."""
        hours = self.hours(hour, self.parameters.window_h)
        whole, part = float(self.whole[hours, row].sum()), float(self.part[hours, row].sum())
        (share,), (coverage,) = (one.tolist() for one in self._window_shares(np.array([row], dtype=np.intp), hour))
        correlation = float(self.correlation_then[hour % (self.guard_h + 1), row])
        surprise = minus_log10_share_tail(part, whole, share, correlation)
        return ShareScore(part, whole, share, coverage, surprise)


def _seen_by(share: Floats | float, rest: Floats | float, part: Floats | float) -> Floats:
    """Return what ``share`` is where ``rest`` is seen of what is not of the part, and ``part`` of what is."""
    odds = np.clip(np.maximum(part, 1e-6) / np.maximum(rest, 1e-6), 1.0 / _MOST_ODDS, _MOST_ODDS)
    seen: Floats = share * odds / (1.0 - share + share * odds)
    return seen
