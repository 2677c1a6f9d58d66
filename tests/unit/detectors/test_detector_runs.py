"""All keys at once score what the banks score one by one; alerts open, resolve and rest as the engine's do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest

from alerts.detectors.beta_binomial import minus_log10_share_tail
from alerts.detectors.climb_bank import ClimbBank
from alerts.detectors.negative_binomial import minus_log10_lower_tail, minus_log10_tail
from alerts.rules.model import Confirm, New, PartOf, Shift, Threshold
from alerts.tracks.new import NewTrack
from alerts.tracks.threshold import ThresholdTrack
from benchmarks.crossings import Crossings
from benchmarks.detector_runs import CusumRun, DropRun, NewRun, Run, ShiftRun, SpikeRun, ThresholdRun
from benchmarks.news_simulation import PAIRS, News, part_of, rates, stories
from benchmarks.tails import lower_tails, share_tails, upper_tails
from tests.property.counted_track import CountedTrack

KEYS, HOURS = 6, 900


def counted(run: Run, seed: int = 5) -> Iterator[dict[int, float]]:
    """Step ``run`` through news in which something happens; give each hour's scores by key."""
    random = np.random.default_rng(seed)
    rate = rates(News(), KEYS, HOURS, random)
    rate[:3, 740:800] *= 6.0
    rate[3:, 800:] *= 0.05
    counts = stories(News(), rate, random)
    share = np.full(counts.shape, 0.2)
    share[:, 740:] = 0.7
    parts = part_of(counts, share, 0.03, random)
    run.start(KEYS)
    for hour in range(HOURS):
        run.step(counts[:, hour], parts[:, hour])
        keys, scores = run.cells()
        yield dict(zip(keys.tolist(), scores.tolist(), strict=True))


def spike(run: SpikeRun, row: int) -> tuple[float, bool]:
    windows = run.bank.scores(row, run.bank.open_hour)
    reached = [w.score for w in windows if w.count >= 4 and w.count >= 2 * w.expected and w.p <= 0.05]
    return max(reached, default=0.0), any(w.p <= 0.05 for w in windows)


def drop(run: DropRun, row: int) -> tuple[float, bool]:
    found = []
    for w in run.bank.scores(row, run.bank.open_hour):
        score = max(0.0, minus_log10_lower_tail(w.count, w.expected, w.variance) - np.log10(2.0))
        found.append((score, w.expected >= 12 and w.count * 2 <= w.expected))
    warm = [(score, reached) for score, reached in found if 10.0**-score <= 0.05]
    return max((score for score, reached in warm if reached), default=0.0), bool(warm)


def shift(run: ShiftRun, row: int) -> tuple[float, bool]:
    found = run.bank.score(row, run.bank.open_hour)
    return found.score if found.p <= 0.05 and found.whole >= 8 and found.part >= 5 else 0.0, found.p <= 0.05


@pytest.mark.parametrize(
    ("run", "of"),
    [(SpikeRun(), spike), (DropRun(), drop), (ShiftRun(Shift(to=PartOf())), shift)],
    ids=["spike", "drop", "shift"],
)
def test_all_keys_at_once_score_what_each_bank_says(run: Run, of: Callable[[Run, int], tuple[float, bool]]) -> None:
    some = 0
    for hour, scores in enumerate(counted(run)):
        if hour < 700 or hour % 7:
            continue
        for key in range(KEYS):
            score, warm = of(run, key + 1)
            assert (key in scores) == warm
            assert scores.get(key, 0.0) == pytest.approx(score, abs=1e-8)
            some += score > 0.0
    assert some > 10


def test_a_climb_carried_along_is_what_the_bank_says() -> None:
    run, some = CusumRun(), 0
    for hour, scores in enumerate(counted(run)):
        if hour <= 750 or hour % 13:
            continue
        bank = run.bank
        assert isinstance(bank, ClimbBank)
        for key, score in scores.items():
            if score > 0.0:
                assert score == pytest.approx(bank.climb_score(key + 1, bank.open_hour), abs=1e-9)
                some += 1
    assert some > 10


@pytest.mark.parametrize(
    ("run", "track"),
    [
        (
            NewRun(New(quiet_for_h=30, confirm=Confirm(stories=2, publishers=1, within_h=20))),
            lambda: NewTrack(New(quiet_for_h=30, confirm=Confirm(stories=2, publishers=1, within_h=20)), 0),
        ),
        (
            ThresholdRun(Threshold(count=3, within_h=9)),
            lambda: ThresholdTrack(Threshold(count=3, within_h=9), 0),
        ),
    ],
    ids=["new", "threshold"],
)
def test_counts_alone_ring_where_the_track_does(run: Run, track: Callable[[], NewTrack | ThresholdTrack]) -> None:
    counts = np.random.default_rng(4).poisson(0.05, (1, 600)).astype(float)
    there = CountedTrack(track, 480_000)
    there.add_row()
    run.start(1)
    rang = []
    for hour in range(600):
        run.step(counts[:, hour], None)
        there.open_next()
        there.set_count(1, there.open_hour, int(counts[0, hour]))
        rang.append(len(run.cells()[0]) > 0)
        assert rang[-1] == (there.score(1, there.open_hour) > 0.0)
    assert 3 < sum(rang) < 500


def test_tails_of_many_are_those_of_one() -> None:
    random = np.random.default_rng(2)
    count = random.integers(1, 200, 400).astype(float)
    mean = random.uniform(0.05, 100.0, 400)
    variance = mean * random.uniform(1.001, 8.0, 400)
    upper = [minus_log10_tail(*one) for one in zip(count, mean, variance, strict=True)]
    lower = [minus_log10_lower_tail(*one) for one in zip(count, mean, variance, strict=True)]
    assert upper_tails(count, mean, variance) == pytest.approx(upper, abs=1e-8)
    assert lower_tails(count, mean, variance) == pytest.approx(lower, abs=1e-8)
    whole = random.integers(1, 900, 400).astype(float)
    part = np.ceil(whole * random.uniform(0.001, 1.0, 400))
    share, correlation = random.uniform(0.02, 0.6, 400), random.uniform(0.001, 0.2, 400)
    of_one = [minus_log10_share_tail(*one) for one in zip(part, whole, share, correlation, strict=True)]
    assert share_tails(part, whole, share, correlation) == pytest.approx(of_one, abs=1e-8)


def test_an_alert_lasts_until_twelve_calm_hours_and_then_rests_for_a_day() -> None:
    crossings = Crossings()
    warm = {
        0: {0: 4.0},  # opens
        5: {0: 5.0, 1: 2.0},  # still open; another is warm and opens nothing
        17: {0: 4.0},  # twelve hours later: still open
        30: {0: 4.0},  # thirteen later it has resolved, at 29, and rests until 53
        42: {0: 4.0},
        53: {0: 4.0},
        54: {0: 4.0, 1: 3.0},  # rested: opens
        55: {0: 0.0},  # warm below its floors: lasts
        67: {0: 3.0},  # twelve later: still open
    }
    for hour, scores in warm.items():
        crossings.add(hour, np.array(list(scores), dtype=np.intp), np.array(list(scores.values())))
    assert crossings.alarms(3.0) == [(0, 0), (0, 54), (1, 54)]
    assert crossings.alarms(4.5) == [(0, 5)]
    assert Crossings().alarms(1.0) == []


def test_copies_told_anew_keep_the_mean() -> None:
    news = News(least_rate=1.0, most_rate=1.001, drift_sd=0.01)
    random = np.random.default_rng(3)
    counts = stories(news, rates(news, 50, 24 * 70, random), random)
    assert counts.mean() == pytest.approx(1.0, rel=0.05)
    assert counts.var() > 1.5  # scattered and retold


def test_most_pairs_are_hardly_ever_heard_of() -> None:
    rate = rates(PAIRS, 20_000, 24, np.random.default_rng(3)).mean(axis=1) * (1.0 + PAIRS.syndicated * PAIRS.retold)
    above = [(rate > least).mean() for least in (0.0005, 0.005, 0.05)]
    for more, fewer in pairwise(above):
        assert 0.6 * 10**-PAIRS.steepness < fewer / more < 1.4 * 10**-PAIRS.steepness
    even = rates(News(least_rate=0.0005, most_rate=0.5), 20_000, 24, np.random.default_rng(3)).mean(axis=1)
    assert 0.3 < (even > 0.005 * 0.7).mean() - (even > 0.05 * 0.7).mean() < 0.37, "as many in every decade"
