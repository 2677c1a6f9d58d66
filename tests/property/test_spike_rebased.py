"""Laws of a spike's memory that is told again because feeds joined or left: its dispersion is that of a baseline that had them
from its start, no surer than what it was learnt from allows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.detectors.beginning import left_of_beginning
from alerts.detectors.rebase import rebase
from alerts.detectors.spike_bank import SpikeBank
from alerts.detectors.spike_parameters import SpikeParameters

FIRST = 480_000
P = SpikeParameters()
Floats = npt.NDArray[np.float64]
#: The doubts about parts that were learnt in a shadow: that there are any is all that counts.
NEW = (np.array([0.1]),)


def learnt(counts: npt.NDArray[np.int64]) -> SpikeBank:
    """Return a bank with a row for each column of ``counts``, by hour, after row 0."""
    bank = SpikeBank(P, FIRST)
    for _ in range(counts.shape[1]):
        bank.add_row()
    for of_hour in counts:
        bank.open_next()
        bank.counts[bank.open_hour % P.kept_h, 1 : bank.rows] = of_hour
    return bank


def both(rates: Floats, days: int, part: float = 1 / 3) -> tuple[SpikeBank, SpikeBank]:
    """Return a bank that hears ``part`` of the news, and one that hears all of it: rows of ``rates`` in all, Poisson."""
    random = np.random.default_rng(5)
    all_of_it = random.poisson(rates, (days * 24, len(rates)))
    return learnt(random.binomial(all_of_it, part)), learnt(all_of_it)


def rows_of(bank: SpikeBank) -> npt.NDArray[np.intp]:
    return np.arange(bank.rows)


def dispersions(bank: SpikeBank, w: int) -> Floats:
    return bank._dispersion(w)[1:]


@pytest.mark.parametrize("days", [5, 42])
def test_the_beginning_is_told_as_a_bank_learns_it(days: int) -> None:
    """Nearly all of the six hours' is beginning; the day's knows chance besides, which levels and seasons are learnt with."""
    for rate in (1.0, 6.0):
        bank = learnt(np.random.default_rng(int(rate)).poisson(rate, (days * 24, 40)))
        found = (bank.phi_sum - bank.phi_n)[:, 1 : bank.rows].mean(axis=1)
        told = left_of_beginning(P, days * 24, np.array([rate]))[:, 0]
        assert told[0] == pytest.approx(found[0], rel=0.15), rate
        assert 0.5 * found[1] < told[1] < 1.15 * found[1], rate


@given(rate=st.floats(0.3, 100.0))
def test_the_six_hours_know_it_faster_than_the_rate_grows(rate: float) -> None:
    one, three = left_of_beginning(P, 14 * 24, np.array([rate, 3.0 * rate]))[0]
    assert three > 3.0 * one > 0.0


@given(rate=st.floats(0.0, 1e6), later=st.integers(0, 10_000))
def test_it_fades_by_half_in_a_half_life(rate: float, later: int) -> None:
    learnt_by = 28 * 24 + later
    first, second = (left_of_beginning(P, hours, np.array([rate])) for hours in (learnt_by, learnt_by + 672))
    assert np.isfinite(first).all()
    assert second == pytest.approx(first / 2.0)


def test_where_the_prior_is_right_nothing_is_left_of_it() -> None:
    prior = P.prior_count / P.prior_exposure_h
    assert np.abs(left_of_beginning(P, 14 * 24, np.array([prior]))).max() < 0.1 * 14 * 24


@pytest.mark.parametrize("days", [14, 42])
def test_busy_keys_have_the_dispersion_of_a_bank_that_heard_all_from_the_start(days: int) -> None:
    few, everything = both(np.full(60, 6.0), days)
    apart = np.log(dispersions(few, 0) / dispersions(everything, 0)).mean()
    assert apart < np.log(0.25)
    rebase(few, rows_of(few), np.full(few.rows, 1 / 3), NEW)
    for w in range(2):
        assert np.log(dispersions(few, w) / dispersions(everything, w)).mean() == pytest.approx(0.0, abs=0.25), w


def test_what_was_learnt_of_few_stories_is_taken_to_scatter_more() -> None:
    """The more so the fewer there were, and the shorter they were heard."""
    more = []
    for rate, days in ((0.1, 14), (0.1, 42), (2.0, 14)):
        few, everything = both(np.full(40, rate), days)
        rebase(few, rows_of(few), np.full(few.rows, 1 / 3), NEW)
        more.append(float(np.log(dispersions(few, 1) / dispersions(everything, 1)).mean()))
    assert more[0] > more[1] > 0.05
    assert more[0] > 1.5 * more[2]


@settings(max_examples=15, deadline=None)
@given(first=st.floats(0.05, 20.0), second=st.floats(0.3, 3.0), days=st.integers(1, 9), rate=st.floats(0.0, 4.0))
def test_who_left_and_came_back_leaves_no_trace(first: float, second: float, days: int, rate: float) -> None:
    bank = learnt(np.random.default_rng(days).poisson(rate, (days * 24, 3)))
    names = ("a", "b", "exposure", "full", "level", "phi", "phi_sum", "phi_n", "a_then")
    before = {name: np.array(getattr(bank, name), dtype=np.float64)[..., : bank.rows] for name in names}
    for part in (first, second, 1.0 / (first * second)):
        rebase(bank, rows_of(bank), np.full(bank.rows, part))
    for name in names:
        after = np.array(getattr(bank, name), dtype=np.float64)[..., : bank.rows]
        if name in ("exposure", "full") and before[name].shape != after.shape:
            continue  # Lines that say nothing else than 1 are not kept.
        assert after == pytest.approx(before[name], rel=1e-5, abs=1e-6), name


@pytest.mark.parametrize("doubts", [(), NEW])
def test_no_row_knows_of_another(doubts: tuple[Floats, ...]) -> None:
    counts = np.random.default_rng(3).poisson([0.1, 1.0, 30.0], (20 * 24, 3))
    together = learnt(counts)
    rebase(together, rows_of(together), np.array([0.5, 0.2, 0.5, 0.9]), doubts)
    for row, part in ((1, 0.2), (2, 0.5), (3, 0.9)):
        alone = learnt(counts[:, row - 1 : row])
        rebase(alone, rows_of(alone), np.array([0.5, part]), doubts)
        assert alone.phi_sum[:, 1].tolist() == together.phi_sum[:, row].tolist()


def test_torrents_and_silence_stay_finite() -> None:
    counts = np.zeros((40, 3), dtype=np.int64)
    counts[5:, 1], counts[30:, 2] = 1_000_000, 1_000_000
    for part in (0.02, 50.0):
        bank = learnt(counts)
        rebase(bank, rows_of(bank), np.full(bank.rows, part), NEW)
        assert np.isfinite(bank.phi_sum[:, : bank.rows]).all()
        assert (bank.phi_sum[:, : bank.rows] >= 0.0).all()
