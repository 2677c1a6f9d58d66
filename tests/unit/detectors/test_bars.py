"""A budget becomes a bar by a measured curve: more watches or fewer alarms, a higher bar; never beyond what was measured."""

from __future__ import annotations

from itertools import pairwise

import pytest

from alerts.detectors.climb_bank import ClimbParameters
from alerts.rules.model import Budget, Cusum, Drop, PartOf, Sensitivity, Shift, Spike
from alerts.tracks.bars import CALM_P, FITS, SELDOM_FITS, BudgetFit, bar_of, k_of_budget, most_keys

every = pytest.mark.parametrize("kind", sorted(FITS))
PLAIN = BudgetFit(((2.0, -1.0), (4.0, -2.0), (5.0, -4.0)))


@pytest.mark.parametrize(
    ("log_rate", "score"), [(0.0, 2.0), (-1.0, 2.0), (-1.5, 3.0), (-2.0, 4.0), (-3.0, 4.5), (-4.0, 5.0), (-9.0, 5.0)]
)
def test_between_points_the_line_is_straight_and_there_is_nothing_beyond_them(log_rate: float, score: float) -> None:
    assert PLAIN.score_at(log_rate) == pytest.approx(score)


@pytest.mark.parametrize("score", [2.0, 2.7, 4.0, 4.4, 5.0])
def test_the_way_back_is_the_way_there(score: float) -> None:
    assert PLAIN.score_at(PLAIN.log_rate_at(score)) == pytest.approx(score)


@every
def test_a_curve_only_falls(kind: str) -> None:
    assert all(a[0] < b[0] and a[1] > b[1] for a, b in pairwise(FITS[kind].points))


@every
def test_more_watches_or_fewer_alarms_never_lower_the_bar(kind: str) -> None:
    fit = FITS[kind]
    for size, more in pairwise((1, 20, 200, 2000, 100_000)):
        assert k_of_budget(4.0, size, fit) <= k_of_budget(4.0, more, fit)
        assert k_of_budget(30.0, size, fit) <= k_of_budget(0.1, size, fit)
    assert k_of_budget(4.0, 200, fit) < k_of_budget(4.0, 2000, fit)
    assert k_of_budget(4.0, 0, fit) == k_of_budget(4.0, 1, fit)


@every
def test_no_bar_is_as_low_as_a_window_that_is_calm(kind: str) -> None:
    assert 10.0 ** -FITS[kind].points[0][0] < CALM_P


def test_a_cusum_can_climb_to_its_highest_bar() -> None:
    assert ClimbParameters().most > FITS["cusum"].points[-1][0]


def test_a_sensitivity_is_a_bar_whatever_the_watches() -> None:
    assert bar_of(Spike(sensitivity=Sensitivity.HIGH), 5) == bar_of(Spike(sensitivity=Sensitivity.HIGH), 5000) == 2.5
    assert bar_of(Shift(to=PartOf()), 5) == 2.6


@pytest.mark.parametrize("make", [Spike, Drop, Cusum])
def test_a_budget_is_a_bar_by_the_detectors_own_curve(make: type[Spike] | type[Drop] | type[Cusum]) -> None:
    settings = make(sensitivity=None, budget=Budget(false_alarms_per_month=4.0))
    assert bar_of(settings, 200) == k_of_budget(4.0, 200, FITS[settings.kind])


def test_seldom_keys_only_ever_raise_the_bar() -> None:
    for allowed in (0.01, 0.1, 1.0, 4.0, 30.0):
        settings = Spike(sensitivity=None, budget=Budget(false_alarms_per_month=allowed))
        for size in (1, 20, 200, 2000):
            bars = [bar_of(settings, size, seldom) for seldom in (0, size // 10, size // 2, size)]
            assert bars == sorted(bars)
            assert bars[0] == bar_of(settings, size) == k_of_budget(allowed, size)
            assert bars[-1] == max(bars[0], k_of_budget(allowed, size, SELDOM_FITS["spike"]))


def test_a_few_alarms_over_many_seldom_keys_need_more_than_over_busy_ones() -> None:
    settings = Spike(sensitivity=None, budget=Budget(false_alarms_per_month=1.0))
    assert bar_of(settings, 540, 540) > bar_of(settings, 540) + 0.5
    assert bar_of(settings, 20, 20) == bar_of(settings, 20), "many are allowed to each"
    drop = Drop(sensitivity=None, budget=Budget(false_alarms_per_month=1.0))
    assert bar_of(drop, 540, 540) == bar_of(drop, 540)


def test_the_curve_of_seldom_keys_only_falls() -> None:
    for fit in SELDOM_FITS.values():
        assert all(a[0] < b[0] and a[1] > b[1] for a, b in pairwise(fit.points))


@pytest.mark.parametrize(
    ("allowed", "keys", "bar"),
    [(0.36, 1, 2.643), (4.0, 540, 5.241), (1.0, 20, 3.899), (30.0, 2000, 4.709), (1.0, 300, 5.934)],
)
def test_where_alarms_are_many_the_bars_are_those_that_rules_have_had(allowed: float, keys: int, bar: float) -> None:
    assert k_of_budget(allowed, keys) == pytest.approx(bar, abs=0.001)


@every
def test_as_many_keys_as_the_curve_reaches_can_share_a_budget(kind: str) -> None:
    of_kind = {"spike": Spike, "drop": Drop, "cusum": Cusum}
    budget = Budget(false_alarms_per_month=0.1)
    shift = Shift(to=PartOf(), sensitivity=None, budget=budget)
    settings = shift if kind == "shift" else of_kind[kind](sensitivity=None, budget=budget)
    most = most_keys(settings)
    assert most is not None
    assert most >= 2000, "what is promised"
    assert bar_of(settings, most - 20) < bar_of(settings, most + 20) == bar_of(settings, 10 * most)


def test_seldom_keys_have_an_end_of_their_own() -> None:
    spike = Spike(sensitivity=None, budget=Budget(false_alarms_per_month=4.0))
    most = most_keys(spike, seldom=True)
    assert most is not None
    assert (
        bar_of(spike, most - 20, most - 20) < bar_of(spike, most + 20, most + 20) == bar_of(spike, 3 * most, 3 * most)
    )
    assert most_keys(Drop(sensitivity=None, budget=Budget(false_alarms_per_month=4.0)), seldom=True) is None
    assert most_keys(Spike()) is None
