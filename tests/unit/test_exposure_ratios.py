"""Two ways of hearing the same news beside each other: ratios and differences, and where they lie."""

from __future__ import annotations

import numpy as np
import pytest

from alerts.rules.model import Spike
from benchmarks import evaluate_exposure, exposure_ratios
from benchmarks.exposure_ratios import Both, compare, drawn, more, times
from benchmarks.feeds_portfolio import Tally


def test_what_is_the_same_in_every_portfolio_is_known_exactly() -> None:
    found = drawn(times, [6.0, 2.0, 4.0], [3.0, 1.0, 2.0])
    assert (found.figure, found.low, found.high) == pytest.approx((2.0, 2.0, 2.0))
    assert str(drawn(more, [5.0, 5.0], [4.0, 4.0], [10.0, 10.0])) == "0.100 [0.100 0.100]"


def test_an_interval_of_many_portfolios_holds_what_is_true() -> None:
    random = np.random.default_rng(4)
    told = random.gamma(4.0, 3.0, 200)  # Both hear the same news, one of them a fifth more of it.
    one, other = random.poisson(1.2 * told), random.poisson(told)
    found = drawn(times, one.tolist(), other.tolist())
    assert found.low < 1.2 < found.high
    assert 0.05 < found.high - found.low < 0.3
    fewer = drawn(times, one[:20].tolist(), other[:20].tolist())
    assert fewer.high - fewer.low > 2.0 * (found.high - found.low)


def tally(joined: float, always: float) -> Tally:
    """Return a portfolio in which everything happened so often of ten times."""
    made = Tally()
    for often, names in ((joined, ("joined", "outage")), (always, ("always", "undisturbed"))):
        for name in names:
            for what in ("outage", "shadow", "2 d", "7 d", "21 d"):
                made.add(f"{what}, {name}", often, 10.0)
            for what in ("outage", "added", "join"):
                for number in range(3):
                    made.add(f"{what}, {name} {number}", often, 10.0)
    return made


def test_rates_and_shares_are_those_of_all_portfolios() -> None:
    both = Both([tally(2.0, 1.0), tally(4.0, 3.0)])
    assert both.falses("7 d", "joined", "always")[:2] == ("0.3000", "0.2000")
    here, there, difference = both.found("join", "joined", "always")
    assert (here, there) == ("0.300 0.300 0.300 all 0.300", "0.200 0.200 0.200 all 0.200")
    assert difference.figure == pytest.approx(0.1)


@pytest.mark.parametrize(("joined", "broken"), [(4.0, 5), (2.0, 0), (1.0, 0)])
def test_only_what_surely_rings_more_often_is_missed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], joined: float, broken: int
) -> None:
    """A fifth less in one portfolio and as much more in another is no more."""
    made = [tally(joined, 2.0), tally(joined, 2.0 if joined > 2.0 else 1.8), tally(joined, 2.2)]
    monkeypatch.setattr(exposure_ratios, "measured", lambda *_: iter(made))
    assert len(list(compare(Spike(), range(3), 10, 42))) == broken
    said = capsys.readouterr().out
    assert "spike, 3 portfolios of 10 keys, baseline of 42 days" in said
    assert said.count("[") == 2 + 8  # two headings, and a figure a line


def test_what_a_spike_of_either_age_rings_more_often_fails_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    often = {("spike", 42): 2.0, ("spike", 14): 2.0, ("shift", 42): 4.0, ("zscore", 42): 2.0}
    asked = []

    def measured(settings: object, seeds: range, keys: int, learn_days: int) -> list[Tally]:
        kind = getattr(settings, "kind", "")
        asked.append((kind, learn_days, len(seeds)))
        return [tally(often[kind, learn_days], 2.0) for _ in seeds]

    monkeypatch.setattr(exposure_ratios, "measured", measured)
    assert evaluate_exposure.with_seeds(12) == 0
    assert sorted(asked) == [("shift", 42, 3), ("spike", 14, 12), ("spike", 42, 12), ("zscore", 42, 3)]
    assert capsys.readouterr().err.count("known: shift: ") == 5
    for young in (42, 14):
        often["spike", young] = 4.0
        assert evaluate_exposure.with_seeds(12) == 1
        assert capsys.readouterr().err.count("not reached: spike: ") == 5
        often["spike", young] = 2.0


def test_a_young_baseline_is_judged_by_joins_alone() -> None:
    """Nothing fails while it is young; what rings surely more often after a join is told, of either age."""
    young = Tally()
    for days in (2, 7, 21):
        young.add(f"{days} d, joined", 40.0, 100.0)
        young.add(f"{days} d, always", 20.0, 100.0)
    told = list(evaluate_exposure._broken(young, "spike", 14))
    assert len(told) == 3
    assert all("spike of 14 days" in line for line in told)
