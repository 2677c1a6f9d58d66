"""Laws of banks that are told again because feeds joined or left: nothing counted before is scored anew, windows that straddle
the change have their own expectation, and a month later nothing is left of it but the larger counts.

`SpikeBank` is asked the same in tests/unit/engine/test_feeds_joining.py, through the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.detectors.recent_bank import RecentBank, RecentParameters
from alerts.detectors.shift_bank import ShiftBank, ShiftParameters

FIRST = 480_000
Floats = npt.NDArray[np.float64]


def recent(hours: int, seed: int = 1, rate: float = 1.0, rows: int = 1) -> RecentBank:
    bank = RecentBank(RecentParameters(), FIRST)
    for _ in range(rows):
        bank.add_row()
    go_on(bank, hours, seed, rate)
    return bank


def go_on(bank: RecentBank, hours: int, seed: int, rate: float, exposure: float = 1.0) -> None:
    random = np.random.default_rng(seed)
    for _ in range(hours):
        bank.open_next()
        bank.set_exposures(bank.open_hour, [exposure])
        for row in range(1, bank.rows):
            bank.set_count(row, bank.open_hour, float(random.poisson(rate * exposure)))


def shift(hours: int, seed: int = 1, rate: float = 2.0, share: float = 0.2) -> ShiftBank:
    bank = ShiftBank(ShiftParameters(), FIRST)
    bank.add_row()
    go_on_in_parts(bank, hours, seed, rate, share)
    return bank


def go_on_in_parts(
    bank: ShiftBank, hours: int, seed: int, rate: float, share: float, exposures: Sequence[float] = (1.0, 1.0)
) -> None:
    """``exposures`` of the rest and of the part."""
    random = np.random.default_rng(seed)
    for _ in range(hours):
        bank.open_next()
        bank.set_exposures(bank.open_hour, exposures)
        part = float(random.poisson(rate * share * exposures[1]))
        rest = float(random.poisson(rate * (1.0 - share) * exposures[0]))
        bank.set_count(1, bank.open_hour, part + rest, part)


def parts(*of: float, rows: int = 2) -> list[Floats]:
    return [np.full(rows, part) for part in of]


def test_no_score_of_a_recent_window_counted_before_changes() -> None:
    bank = recent(24 * 20)
    hours = range(bank.open_hour - bank.guard_h + 1, bank.open_hour + 1)
    before = [bank.score(1, hour) for hour in hours]
    bank.rebase(parts(0.3))
    for hour, was in zip(hours, before, strict=True):
        now = bank.score(1, hour)
        assert (now.expected, now.deviation, now.highest) == pytest.approx((was.expected, was.deviation, was.highest))
        assert now.count == was.count
        assert now.coverage == pytest.approx(1.0)


def test_no_score_of_a_share_counted_before_changes() -> None:
    bank = shift(24 * 20)
    hours = range(bank.open_hour - bank.guard_h + 1, bank.open_hour + 1)
    before = [bank.score(1, hour) for hour in hours]
    bank.rebase(parts(0.4, 0.2))
    for hour, was in zip(hours, before, strict=True):
        now = bank.score(1, hour)
        assert (now.score, now.share, now.coverage) == pytest.approx((was.score, was.share, 1.0))


@settings(max_examples=20, deadline=None)
@given(first=st.floats(0.02, 50.0), second=st.floats(0.3, 3.0))
def test_who_left_and_came_back_leaves_no_trace(first: float, second: float) -> None:
    """Joins and departures multiply; their inverse restores every array but for the last digits."""
    for bank, steps in (
        (recent(24 * 9), [(first,), (second,), (1.0 / (first * second),)]),
        (shift(24 * 9), [(second, 1.0), (1.0, second), (1.0 / second, 1.0 / second)]),
    ):
        names = [*bank.ARRAYS]
        before = {name: np.array(getattr(bank, name), dtype=np.float64) for name in names}
        for step in steps:
            assert isinstance(bank, RecentBank | ShiftBank)
            bank.rebase(parts(*step))
        for name in names:
            assert getattr(bank, name) == pytest.approx(before[name], rel=1e-5), name


def test_windows_that_straddle_a_join_expect_what_they_can_hold() -> None:
    """A third of the feeds for six weeks, then all: at every hour of the days after, the windows hold what is expected, and once
    they hold all feeds they may scatter as far as had these been there from the start."""
    bank, always = (recent(24 * 42, rate=rate, rows=60) for rate in (1.0, 3.0))
    rows = range(1, 61)
    bank.rebase(parts(1 / 3, rows=61))
    for hours in range(1, 61):
        for each in (bank, always):
            go_on(each, 1, seed=bank.open_hour, rate=3.0)
        scores = [bank.score(row, bank.open_hour) for row in rows]
        assert sum(s.count for s in scores) == pytest.approx(sum(s.expected for s in scores), rel=0.1)
        if hours >= 24:
            wide = sum(always.score(row, bank.open_hour).deviation for row in rows)
            assert sum(s.deviation for s in scores) == pytest.approx(wide, rel=0.2)


def test_what_is_learnt_after_a_join_is_what_would_have_been_learnt() -> None:
    """Six weeks later a bank that was joined and one that had all feeds from the start know the same, and both are whole."""
    joined, always = recent(24 * 42, rate=1.0, rows=40), recent(24 * 42, rate=3.0, rows=40)
    joined.rebase(parts(1 / 3, rows=41))
    for bank in (joined, always):
        go_on(bank, 24 * 42, seed=8, rate=3.0)
        assert bank.is_whole
    of_all = slice(1, 41)
    ring = joined.open_hour % (joined.guard_h + 1)
    for name in ("mean_then", "extra_then", "highest_then"):
        one, other = (getattr(bank, name)[ring, of_all].mean() for bank in (joined, always))
        assert one == pytest.approx(other, rel=0.2), name


def test_the_share_of_a_window_that_straddles_is_weighted_by_its_stories() -> None:
    """The new feeds bring twice as much of the rest, and five times as much of the part: 20 % becomes a third."""
    bank = shift(24 * 42, share=0.2)
    bank.rebase(parts(1 / 2, 1 / 4))
    share = 0.8 / (0.8 + 1.6)
    shares = []
    for _ in range(100):
        go_on_in_parts(bank, 1, seed=bank.open_hour, rate=4.8, share=share)
        shares.append(bank.score(1, bank.open_hour).share)
    assert shares[0] == pytest.approx(0.2, abs=0.03)
    assert shares == sorted(shares[:72]) + shares[72:] or max(np.diff(shares[:72]) * -1) < 0.01
    assert shares[80] == pytest.approx(share, abs=0.04)


def test_hours_counted_before_a_join_teach_the_share_that_is_normal_after_it() -> None:
    """While the guard is learnt, what the old feeds brought is weighed as if all had been there: the share does not drift."""
    found = []
    for seed in range(8):
        bank = shift(24 * 42, seed=seed, share=0.2)
        bank.rebase(parts(1 / 2, 1 / 4))
        go_on_in_parts(bank, 74, seed=seed, rate=4.8, share=1 / 3)
        found.append(bank.a[1] / bank.n[1])
    assert np.mean(found) == pytest.approx(1 / 3, abs=0.015)


def test_a_share_is_what_it_is_with_the_feeds_that_bring_the_part_away() -> None:
    """Where half of the part and nothing else goes unseen, the window is expected to hold that much less, and nothing is learnt
    of it."""
    bank = shift(24 * 42, share=0.3)
    go_on_in_parts(bank, 24 * 10, seed=3, rate=2.0, share=0.3, exposures=(1.0, 0.5))
    score = bank.score(1, bank.open_hour)
    assert score.share == pytest.approx(0.15 / 0.85, abs=0.03)
    assert bank.a[1] / bank.n[1] == pytest.approx(0.3, abs=0.03)


def test_pairs_are_learnt_alike_however_much_is_seen() -> None:
    """Counts that scatter as Poisson's do have no variance beyond it, whole or by half."""
    bank = recent(24 * 28, rate=2.0, rows=40)
    ring = bank.open_hour % (bank.guard_h + 1)
    whole = bank.extra_then[ring, 1 : bank.rows].mean()
    go_on(bank, 24 * 28, seed=4, rate=2.0, exposure=0.6)
    ring = bank.open_hour % (bank.guard_h + 1)
    by_part = bank.extra_then[ring, 1 : bank.rows].mean()
    assert bank.mean_then[ring, 1 : bank.rows].mean() == pytest.approx(48.0, rel=0.08)  # The prior draws it down.
    assert by_part < whole + 20.0  # By squares of what was seen it would be some (1/0.6 − 1)·48 more.


@pytest.mark.parametrize("cut", [1, 30])
@pytest.mark.parametrize("make", [recent, shift])
def test_state_goes_on_exactly_while_hours_are_not_whole(
    make: Callable[[int], RecentBank | ShiftBank], cut: int
) -> None:
    def after(bank: RecentBank | ShiftBank, hours: int) -> None:
        if isinstance(bank, RecentBank):
            go_on(bank, hours, seed=bank.open_hour, rate=2.0, exposure=0.8)
        else:
            go_on_in_parts(bank, hours, seed=bank.open_hour, rate=2.0, share=0.2, exposures=(0.9, 0.7))

    bank, other = make(24 * 9), make(0)
    bank.rebase(parts(*[0.5] * bank.VOLUMES))
    after(bank, cut)
    document, arrays = bank.state()
    other.load(document, arrays)
    for each in (bank, other):
        after(each, 40)
    for name in (*bank.ARRAYS, "exposure", "full"):
        assert np.array_equal(getattr(bank, name)[..., :2], getattr(other, name)[..., :2]), name


@pytest.mark.parametrize("born", [24 * 9 - 1, 24 * 9 + 5])
def test_rows_know_nothing_of_each_other_while_hours_are_not_whole(born: int) -> None:
    """A key that appears around a join scores as if it had been alone, and there from the start."""
    scores: list[list[tuple[float, float]]] = []
    for others, since in ((0, 0), (5, born)):
        bank = RecentBank(RecentParameters(), FIRST)
        share = ShiftBank(ShiftParameters(), FIRST)
        found = []
        for each in (bank, share):
            for _ in range(others):
                each.add_row()
        row = others + 1
        for hour in range(24 * 12):
            if hour == since:
                bank.add_row()
                share.add_row()
            if hour == 24 * 9:
                bank.rebase([np.full(bank.rows, 0.4)])
                share.rebase([np.full(share.rows, 0.4), np.full(share.rows, 0.6)])
            bank.open_next()
            share.open_next()
            for other in range(1, others + 1):
                bank.set_count(other, bank.open_hour, 7.0)
                share.set_count(other, share.open_hour, 7.0, 3.0)
            if hour >= since and hour >= born:
                bank.set_count(row, bank.open_hour, float(hour % 3))
                share.set_count(row, share.open_hour, float(hour % 3), float(hour % 2))
            if hour >= born:
                found.append((bank.score(row, bank.open_hour).sd, share.score(row, share.open_hour).score))
        scores.append(found)
    assert scores[0] == scores[1]


def test_the_less_sure_a_part_is_the_sooner_what_comes_is_believed() -> None:
    """A part that was far too small: a fortnight later the doubted one is nearer to what comes, and until then it allows more."""
    banks = []
    for doubt in (0.0, 0.3):
        bank = recent(24 * 42, rate=1.0)
        bank.rebase(parts(1 / 6), [np.full(2, doubt)])
        go_on(bank, 48, seed=5, rate=3.0)
        banks.append(bank)
    sure, doubted = (bank.score(1, bank.open_hour) for bank in banks)
    assert doubted.deviation > 1.3 * sure.deviation
    for bank in banks:
        go_on(bank, 24 * 14, seed=6, rate=3.0)
    sure, doubted = (bank.score(1, bank.open_hour) for bank in banks)
    assert sure.expected > doubted.expected > 72.0
    assert doubted.expected - 72.0 < 0.7 * (sure.expected - 72.0)


def test_a_variance_learnt_of_few_stories_is_taken_to_be_less_sure() -> None:
    """The more so the fewer there were; a bank that had all feeds from its start has no such doubt."""
    wider = []
    for rate in (0.05, 1.0):
        bank, always = (recent(24 * 42, rate=of_all, rows=40) for of_all in (rate, 3.0 * rate))
        bank.rebase(parts(1 / 3, rows=41), [np.full(41, 1e-9)])
        wider.append(float(np.log(np.add(*bank._moments())[1:] / np.add(*always._moments())[1:]).mean()))
    assert wider[0] > wider[1] > 0.0
    assert wider[0] > 0.1
