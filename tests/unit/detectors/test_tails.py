"""The tails of the detectors at the ends of their range, beside the distributions' own terms added up with sixty digits.

Nothing of what is tested is used: P(X ≥ c) is 1 less the terms below c (or the sum of those above, where that is shorter).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from alerts.detectors.beta_binomial import minus_log10_share_tail
from alerts.detectors.climb_bank import ClimbBank, ClimbParameters
from alerts.detectors.negative_binomial import (
    minus_log10_lower_tail,
    minus_log10_tail,
    minus_log10_tail_of_clumps,
)

Tail = Callable[[float, float, float], float]

#: Means of a key that is hardly ever heard of, of a quiet one, and of a busy one.
_MEANS = (1e-9, 1e-4, 0.3, 7.0, 400.0)


def by_terms(count: int, mean: float, variance: float) -> tuple[float, float]:
    """Return −log10 P(X ≥ count) and −log10 P(X ≤ count) of a negative binomial."""
    with localcontext() as context:
        context.prec = 60
        m, v = Decimal(mean), Decimal(variance)
        r, q = m * m / (v - m), (v - m) / v
        term, below = (r * (m / v).ln()).exp(), Decimal(0)
        for k in range(count):
            below += term
            term *= q * (r + k) / (k + 1)
        upto, above, k = below + term, 1 - below, count
        if above < Decimal("1e-30"):
            above = Decimal(0)
            while term > above * Decimal("1e-20"):
                above += term
                term *= q * (r + k) / (k + 1)
                k += 1
        return -float(above.log10()), -float(upto.log10())


@pytest.mark.parametrize("mean", _MEANS)
@pytest.mark.parametrize("dispersion", [1.0001, 1.5, 40.0, 1e4])
def test_the_upper_tail_is_the_sum_of_its_terms(mean: float, dispersion: float) -> None:
    for count in (1, 2, 6, 31, 300):
        exact, _ = by_terms(count, mean, mean * dispersion)
        assert minus_log10_tail_of_clumps(count, mean, mean * dispersion) == pytest.approx(min(300.0, exact), abs=2e-7)
        if mean / (dispersion - 1.0) > 1e-6:  # r is large enough for the complement, as it is for all news.
            assert minus_log10_tail(count, mean, mean * dispersion) == pytest.approx(min(300.0, exact), abs=2e-6)


@pytest.mark.parametrize("mean", _MEANS)
@pytest.mark.parametrize("dispersion", [1e6, 1e9, 1e14])
def test_a_torrent_leaves_a_tail_of_clumps_exact(mean: float, dispersion: float) -> None:
    """Where the plain tail says 300 for a chance of 10^-17: P(X < c) is 1 to the last digit of a double."""
    for count in (1, 2, 6, 31, 300, 3000):
        exact, _ = by_terms(count, mean, mean * dispersion)
        assert minus_log10_tail_of_clumps(count, mean, mean * dispersion) == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize(
    ("count", "mean", "dispersion"), [(0, 7.0, 1.5), (3, 400.0, 40.0), (31, 400.0, 1.5), (300, 400.0, 1e4)]
)
def test_the_lower_tail_is_the_sum_of_its_terms(count: int, mean: float, dispersion: float) -> None:
    _, exact = by_terms(count, mean, mean * dispersion)
    assert minus_log10_lower_tail(count, mean, mean * dispersion) == pytest.approx(min(300.0, exact), abs=1e-8)


def share_by_terms(part: int, whole: int, share: Fraction, correlation: Fraction) -> float:
    """Return −log10 P(S ≥ part) of a beta-binomial, from fractions alone: C(n, s)·(α)_s·(β)_(n−s) / (α + β)_n."""
    certainty = 1 / correlation - 1
    alpha, beta = share * certainty, (1 - share) * certainty
    term = Fraction(1)
    for k in range(whole):
        term *= (beta + k) / (alpha + beta + k)
    below = Fraction(0)
    for s in range(part):
        below += term
        term *= Fraction(whole - s, s + 1) * (alpha + s) / (beta + whole - s - 1)
    with localcontext() as context:
        context.prec = 60
        above = 1 - below
        return -float((Decimal(above.numerator) / Decimal(above.denominator)).log10())


@pytest.mark.parametrize("correlation", ["1/1000000", "1/50", "9/10"])
@pytest.mark.parametrize("share", ["1/1000000", "1/5", "99/100"])
def test_the_share_tail_is_the_sum_of_its_terms(share: str, correlation: str) -> None:
    for part, whole in ((1, 1), (3, 8), (8, 8), (40, 61)):
        exact = share_by_terms(part, whole, Fraction(share), Fraction(correlation))
        found = minus_log10_share_tail(part, whole, float(Fraction(share)), float(Fraction(correlation)))
        assert found == pytest.approx(exact, abs=2e-7)


@pytest.mark.parametrize("tail", [minus_log10_tail, minus_log10_tail_of_clumps], ids=["plain", "clumps"])
@pytest.mark.parametrize("mean", [0.001, 0.3, 7.0, 400.0, 1e6])
@pytest.mark.parametrize("dispersion", [1.0001, 1.5, 1e4])
def test_no_count_is_less_surprising_than_a_smaller_one(tail: Tail, mean: float, dispersion: float) -> None:
    counts = [0, *sorted({round(10 ** (n / 8)) for n in range(49)})]
    found = [tail(count, mean, mean * dispersion) for count in counts]
    assert all(math.isfinite(score) and 0.0 <= score <= 300.0 for score in found)
    assert all(later >= before - 1e-5 for before, later in pairwise(found))
    assert found[0] == 0.0
    assert found[-1] > 0.3  # a million


@pytest.mark.parametrize("mean", [1e-9, 0.3, 1e6])
@pytest.mark.parametrize("dispersion", [1e6, 1e12])
def test_a_tail_of_clumps_rises_with_the_count_whatever_the_dispersion(mean: float, dispersion: float) -> None:
    counts = [round(10 ** (n / 8)) for n in range(8, 49)]
    found = [minus_log10_tail_of_clumps(count, mean, mean * dispersion) for count in counts]
    assert all(later >= before for before, later in pairwise(found))
    assert 0.0 < found[0] < found[-1] < 300.0


def log_ratio(count: float, mean: float, times: float) -> float:
    """Return ln of how many times likelier ``count`` is with ``times`` the mean: from two Poisson chances, term by term."""
    with localcontext() as context:
        context.prec = 40
        chances = []
        for expected in (Decimal(mean) * Decimal(times), Decimal(mean)):
            chance = (-expected).exp()
            for k in range(1, int(count) + 1):
                chance *= expected / k
            chances.append(chance * (Decimal(count) % 1 * expected.ln()).exp())  # what is capped is no whole number
        return float((chances[0] / chances[1]).ln())


def test_a_climb_adds_up_log_likelihood_ratios_over_the_spread() -> None:
    """Page's sum, of what an hour was expected to hold when it opened, and never below nothing."""
    parameters = ClimbParameters(climb_warmup_h=100, dispersion_after_h=60)
    bank = ClimbBank(parameters, 480_000)
    row, climbed, capped = bank.add_row(), 0.0, 0
    rate = np.where(np.arange(260) < 220, 1.5, 4.0)
    for hour, count in enumerate(np.random.default_rng(2).poisson(rate)):
        bank.open_next()
        bank.set_count(row, bank.open_hour, 60 if hour == 250 else count)
        ring = bank.open_hour % parameters.kept_h
        mean = float(bank.level[ring, row] * bank.factors[ring, row])
        phi = float(bank.phi[0, bank.line(bank.open_hour), row])
        top = mean + 3.0 * math.sqrt(mean * phi) + 1.0
        capped += bank.counts[ring, row] > top
        if hour >= 100:
            climbed = max(0.0, climbed + log_ratio(min(float(bank.counts[ring, row]), top), mean, 2.0) / phi)
            assert bank.climb_score(row, bank.open_hour) == pytest.approx(climbed / math.log(10.0), abs=1e-9)
    assert climbed > 2.0
    assert capped
