"""A budget is judged with the bars the engine finds, and hourly looks ring what the engine rings, which looks at each article."""

from __future__ import annotations

import numpy as np
import pytest

from alerts.tracks.bars import FITS, bar_of, k_of_budget
from benchmarks import evaluate_detectors
from benchmarks.budget_bars import Sharing, is_an_end, sharing_of
from benchmarks.detector_runs import SpikeRun
from benchmarks.evaluate_detectors import alike
from benchmarks.kept_budgets import with_budget

_HOURS = 24 * 40


def test_the_engine_opens_the_same_alerts_in_the_same_hours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(alike(5, 4, 20.0)) == []
    said = capsys.readouterr().out
    monkeypatch.setattr(evaluate_detectors, "with_budget", lambda name, allowed: with_budget(name, allowed / 10.0))
    assert len(list(alike(5, 4, 20.0))) == 1, f"else the law above would be worth nothing: {said}"


def test_bars_are_those_of_the_watches_that_share_it_seldom_ones_apart() -> None:
    counts = np.zeros((40, _HOURS))
    counts[:10] = 1.0  # busy
    counts[10:30, 30 * 24] = 1.0  # seldom
    run, spike = SpikeRun(), with_budget("spike", 0.1)
    run.over(counts)
    bars = sharing_of(run, counts).bars(spike, 400)
    assert bars[29 * 24] == k_of_budget(0.1, 100)
    assert bars[31 * 24] == bar_of(spike, 300, 200) > k_of_budget(0.1, 300)
    assert set(bars[31 * 24 : 32 * 24]) == {bars[31 * 24]}, "found once a day"


def test_watches_may_count_for_more_than_others() -> None:
    counts = np.zeros((2, _HOURS))
    counts[0] = counts[1, :3] = 1.0
    run = SpikeRun()
    run.over(counts)
    assert sharing_of(run, counts, np.array([0.2, 0.8])).parts[29 * 24] == (0.2, 0.0)


def test_who_was_not_heard_of_for_28_days_shares_nothing() -> None:
    counts = np.zeros((2, _HOURS))
    counts[0] = counts[1, :3] = 1.0
    run = SpikeRun()
    run.over(counts)
    parts = sharing_of(run, counts).parts
    assert [parts[day * 24][0] for day in (1, 28, 29)] == [1.0, 1.0, 0.5]
    assert {1, 23, 71, 96} <= parts.keys()
    assert not {73, 95} & parts.keys()


@pytest.mark.parametrize("name", sorted(FITS))
def test_an_end_is_where_the_curve_has_no_other_bar(name: str) -> None:
    settings = with_budget(name, 30.0)
    assert settings.kind == name
    assert is_an_end(Sharing(2, {0: (1.0, 0.0)}).bars(settings, 10**12), settings)
    assert is_an_end(Sharing(2, {0: (1.0, 0.0)}).bars(settings, 1), settings)
    assert not is_an_end(Sharing(2, {0: (1.0, 0.0)}).bars(settings, 1000), settings)
