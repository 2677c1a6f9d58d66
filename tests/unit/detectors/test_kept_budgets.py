"""How many times a budget rang: watches of several bands count by their part, and only what is sure is judged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import pytest

from benchmarks import detector_scenarios, evaluate_detectors, kept_budgets
from benchmarks.detector_runs import SpikeRun
from benchmarks.kept_budgets import BANDS, BUDGETED, Band, Kept, Wanted, as_they_come, not_kept, surely_not_kept
from benchmarks.news_simulation import News

#: So many allowed that the bar is the lowest one, whoever shares it.
_MANY = 10_000.0


def test_the_bands_are_the_mixed_portfolio() -> None:
    assert math.fsum(band.part for band in BANDS) == pytest.approx(1.0)
    assert (BANDS[0].news.least_rate, BANDS[-1].news.most_rate) == (News().least_rate, News().most_rate)
    for name in BUDGETED:
        assert sum(band.keys[name] for band in BANDS) == 1000
    assert [(band.part, set(band.keys.values())) for band in as_they_come(7)] == [(1.0, {7})]


def test_watches_of_two_bands_count_by_their_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector_scenarios, "LEARN_DAYS", 1)
    monkeypatch.setattr(kept_budgets, "BUDGET_DAYS", 3)
    monkeypatch.setattr(kept_budgets, "BUDGETED", {"spike": SpikeRun})

    def bands(*parts: float) -> list[Band]:
        news = News(least_rate=0.2, most_rate=0.4), News(least_rate=0.8, most_rate=1.6)
        return [Band(one, part, {"spike": keys}) for one, part, keys in zip(news, parts, (30, 20), strict=True)]

    def times(*parts: float) -> Kept:
        (kept,) = kept_budgets.kept_budgets((1,), bands(*parts), [(200, _MANY)]).values()
        return kept

    few, many, both = times(1.0, 0.0), times(0.0, 1.0), times(0.25, 0.75)
    assert few.times != many.times, "else it would show nothing"
    assert min(few.times, many.times) > 0.0
    assert both.times == pytest.approx(0.25 * few.times + 0.75 * many.times)
    variances = [(part * one.times * one.error) ** 2 for part, one in ((0.25, few), (0.75, many))]
    assert both.times * both.error == pytest.approx(math.sqrt(math.fsum(variances)))
    assert both.at_the_end


def test_a_band_nobody_looks_at_has_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector_scenarios, "LEARN_DAYS", 1)
    monkeypatch.setattr(kept_budgets, "BUDGET_DAYS", 1)
    monkeypatch.setattr(kept_budgets, "BUDGETED", {"spike": SpikeRun})
    looked_at, not_looked_at = (Band(News(), 0.5, {"spike": keys, "other": 3}) for keys in (3, 0))
    (kept,) = kept_budgets.kept_budgets((1,), [looked_at, not_looked_at], [(200, 1.0)]).values()
    assert (kept.times, kept.error, str(kept)) == (0.0, math.inf, "0.00")


def test_only_what_is_sure_is_judged() -> None:
    def told(times: float, error: float, size: int = 200) -> list[str]:
        return list(not_kept({("spike", size, 0.1): Kept(times, error, at_the_end=False)}, 0.1))

    assert (
        told(1.29, 0.01) == told(0.78, 0.01) == told(1.4, 0.11) == told(1.4, 0.01, size=20) == told(0.0, math.inf) == []
    )
    assert told(1.31, 0.1) == [
        "budget of 0.1 a month for 200 watches with spike: 1.31 ± 10 %, wanted within a factor 1.3"
    ]
    assert len(told(0.76, 0.1)) == 1


def test_what_is_surely_outside_is_so_by_two_errors_and_could_be_kept() -> None:
    def told(times: float, error: float, *, at_the_end: bool = False) -> int:
        return len(list(surely_not_kept({("spike", 2000, 0.1): Kept(times, error, at_the_end)})))

    assert [told(1.7, 0.1), told(1.6, 0.1), told(0.6, 0.1), told(0.71, 0.1)] == [1, 0, 1, 0]
    assert told(3.0, 0.1, at_the_end=True) == told(0.0, math.inf) == 0


def test_the_long_form_asks_for_few_alarms_and_fails_where_more_ring(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rings, asked = 1.2, []

    def judged(seeds: Iterable[int], bands: Sequence[Band], wanted: Sequence[tuple[int, float]]) -> dict[Wanted, Kept]:
        asked.append((len(list(seeds)), bands, list(wanted)))
        return {(name, *one): Kept(rings, 0.14, at_the_end=False) for name in BUDGETED for one in wanted}

    monkeypatch.setattr(evaluate_detectors, "kept_budgets", judged)
    assert evaluate_detectors.with_seeds(3) == 0
    assert asked == [(3, BANDS, [(200, 0.1), (2000, 0.1), (2000, 0.04)])]
    assert "0.04 a month: 1.20 ± 14 %" in capsys.readouterr().out
    rings = 1.82
    assert evaluate_detectors.with_seeds(3) == 1
    assert "not reached: budget of 0.1 a month for 2000 watches with cusum" in capsys.readouterr().err
