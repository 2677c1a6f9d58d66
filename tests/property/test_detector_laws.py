"""Laws over every detector of the rule language: monotone in the count, deterministic, whole batches or hour by hour,
silent on zeros, finite, state that round-trips, no look-ahead, and keys that know nothing of each other.

A drop is monotone the other way and rings on zeros after plenty: it is asked that instead. A threshold and a new have no bank
and no score: their tracks are asked what a window that crosses counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from scipy import stats

from alerts.detectors.beta_binomial import minus_log10_share_tail
from alerts.detectors.climb_bank import ClimbBank, ClimbParameters
from alerts.detectors.hour_bank import HourBank
from alerts.detectors.negative_binomial import minus_log10_lower_tail
from alerts.detectors.recent_bank import RecentBank, RecentParameters
from alerts.detectors.shift_bank import ShiftBank, ShiftParameters
from alerts.detectors.spike_bank import SpikeBank
from alerts.detectors.spike_parameters import SpikeParameters
from alerts.rules.model import Confirm, New, Threshold
from alerts.rules.model import Detector as Settings
from alerts.tracks.new import NewTrack
from alerts.tracks.threshold import ThresholdTrack
from tests.property.counted_track import CountedTrack

Bank = SpikeBank | HourBank | CountedTrack
FIRST = 480_000


@dataclass(frozen=True)
class Detector:
    """A bank, how a count is told it, and what one row scores at the newest hour; ``sign`` −1 falls with the count."""

    name: str
    make: Callable[[], Bank]
    tell: Callable[[Bank, int, int, int], None]
    score: Callable[[Bank, int, int], float]
    sign: int = 1


def _plain(bank: Bank, row: int, hour: int, count: int) -> None:
    assert isinstance(bank, SpikeBank | RecentBank | CountedTrack)
    bank.set_count(row, hour, count)


def _part(bank: Bank, row: int, hour: int, count: int) -> None:
    """The count is the part; four more an hour are not of it."""
    assert isinstance(bank, ShiftBank)
    bank.set_count(row, hour, count + 4, count)


def _spike(bank: Bank, row: int, hour: int) -> float:
    assert isinstance(bank, SpikeBank)
    return max(window.score for window in bank.scores(row, hour))


def _drop(bank: Bank, row: int, hour: int) -> float:
    assert isinstance(bank, SpikeBank)
    windows = [w for w in bank.scores(row, hour) if w.expected > 0.0]
    return max((minus_log10_lower_tail(w.count, w.expected, w.variance) for w in windows), default=0.0)


def _climb(bank: Bank, row: int, hour: int) -> float:
    assert isinstance(bank, ClimbBank)
    return bank.climb_score(row, hour)


def _shift(bank: Bank, row: int, hour: int) -> float:
    assert isinstance(bank, ShiftBank)
    return bank.score(row, hour).score


def _recent(what: str) -> Callable[[Bank, int, int], float]:
    def score(bank: Bank, row: int, hour: int) -> float:
        assert isinstance(bank, RecentBank)
        found = bank.score(row, hour)
        return {"ratio": found.times, "zscore": found.sd, "record": float(found.count > found.highest)}[what]

    return score


def _crossed(bank: Bank, row: int, hour: int) -> float:
    assert isinstance(bank, CountedTrack)
    return bank.score(row, hour)


def _threshold() -> ThresholdTrack:
    return ThresholdTrack(Threshold(count=9, within_h=6), 0)


def _new() -> NewTrack:
    return NewTrack(New(quiet_for_h=2, confirm=Confirm(stories=2, publishers=2, within_h=12)), 0)


def _climb_bank() -> ClimbBank:
    return ClimbBank(ClimbParameters(climb_warmup_h=100, dispersion_after_h=60), FIRST)


DETECTORS = [
    Detector("spike", lambda: SpikeBank(SpikeParameters(), FIRST), _plain, _spike),
    Detector(
        "drop", lambda: SpikeBank(SpikeParameters((6, 24), dispersion_after_h=100), FIRST), _plain, _drop, sign=-1
    ),
    Detector("cusum", _climb_bank, _plain, _climb),
    Detector("shift", lambda: ShiftBank(ShiftParameters(), FIRST), _part, _shift),
    *(
        Detector(name, lambda: RecentBank(RecentParameters(), FIRST), _plain, _recent(name))
        for name in ("ratio", "zscore", "record")
    ),
    Detector("threshold", lambda: CountedTrack(_threshold, FIRST), _plain, _crossed),
    Detector("new", lambda: CountedTrack(_new, FIRST), _plain, _crossed),
]
every = pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.name)
seeds = pytest.mark.parametrize("seed", range(3))


def stepped(
    detector: Detector, counts: Sequence[int | None], bank: Bank | None = None, row: int = 1
) -> tuple[Bank, list[float]]:
    """Step ``bank`` (a new one of one key) through ``counts`` (None: untold); return it and the score at each hour's end."""
    if bank is None:
        bank = detector.make()
        bank.add_row()
    scores = []
    for count in counts:
        bank.open_next()
        if count is not None:
            detector.tell(bank, row, bank.open_hour, count)
        scores.append(detector.score(bank, row, bank.open_hour))
    return bank, scores


def of_last_day(detector: Detector, bank: Bank) -> list[float]:
    """Return the scores of the newest hour and the 23 before it, as they are found now."""
    return [detector.score(bank, 1, hour) for hour in range(bank.open_hour - 23, bank.open_hour + 1)]


def steady(hours: int, mean: float = 1.5, seed: int = 3) -> list[int]:
    return [int(n) for n in np.random.default_rng(seed).poisson(mean, hours)]


def news(seed: int, hours: int = 200) -> list[int]:
    """Quiet news, a silence, and bursts: one that is learnt by the end, and one that is not, nor over for long."""
    random = np.random.default_rng(seed)
    rate = np.full(hours, (0.3, 1.5, 4.0)[seed % 3])
    rate[90:110] = 0.0
    for end in (130, hours - int(random.integers(3, 12))):
        rate[end - 6 : end] *= 10.0
    return [int(n) for n in random.poisson(rate)]


def test_every_detector_of_the_rule_language_is_here_and_finds_something_here() -> None:
    """Laws are worth nothing where a detector is silent all along."""
    union, *_ = get_args(Settings)
    assert sorted(d.name for d in DETECTORS) == sorted(kind.model_fields["kind"].default for kind in get_args(union))
    for detector in DETECTORS:
        for seed in range(3):
            _, scores = stepped(detector, news(seed))
            assert max(scores) > 0.9, (detector.name, seed)
            # The hours that may still be asked about differ: else no law would tell one of them from another.
            assert detector.name in ("record", "threshold", "new") or len(set(scores[-24:])) > 12


@every
@seeds
def test_monotone_in_the_count(detector: Detector, seed: int) -> None:
    """One more never scores less (a drop: never more), in the newest hour or in one before that its window holds."""
    counts = news(seed)
    if seed == 1 or detector.name == "new":
        counts[-30:] = [0] * 30  # What is new was not there before; one that came earlier can be the end of its quiet.
    bank, _ = stepped(detector, counts)
    newest = bank.open_hour
    for hour in (newest, *((newest - 2, newest - 5) if detector.name != "new" else ())):
        before, scores = counts[hour - FIRST], []
        for more in (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 1500):
            detector.tell(bank, 1, hour, before + more)
            scores.append(detector.sign * detector.score(bank, 1, newest))
        assert all(later >= one - 1e-9 for one, later in pairwise(scores))
        assert detector.name == "record" or scores[-1] > scores[0] or detector.name == "cusum"
        detector.tell(bank, 1, hour, before)


@every
@seeds
def test_deterministic_and_no_look_ahead(detector: Detector, seed: int) -> None:
    """Nor does what came since change a score: an hour asked about a day later scores what it scored then."""
    counts = news(seed)
    bank, once = stepped(detector, counts)
    _, again = stepped(detector, counts)
    assert once == again
    _, other = stepped(detector, [*counts[:150], *(n + 7 for n in counts[150:])])
    assert other[:150] == once[:150]
    assert of_last_day(detector, bank) == once[-24:]
    earlier, _ = stepped(detector, counts[:160])  # In the day before, the first burst was learnt.
    assert of_last_day(detector, earlier) == once[136:160]


@every
@seeds
def test_counts_that_come_late_and_in_any_order_score_the_same(detector: Detector, seed: int) -> None:
    """An hour told up to a day later, before it is learnt, is as good as at once: every score of the last day is the same."""
    counts = news(seed)
    bank, _ = stepped(detector, counts)
    late = detector.make()
    late.add_row()
    arrivals: dict[int, list[int]] = {}
    for index in range(len(counts)):
        arrivals.setdefault(min(index + index * 7 % 25, len(counts) - 1), []).append(index)
    for index in range(len(counts)):
        late.open_next()
        for told in reversed(arrivals.get(index, [])):
            detector.tell(late, 1, FIRST + told, counts[told])
    assert of_last_day(detector, late) == of_last_day(detector, bank)


@pytest.mark.parametrize("detector", [d for d in DETECTORS if d.name not in ("threshold", "new")], ids=lambda d: d.name)
def test_what_is_learnt_is_final(detector: Detector) -> None:
    """Else it would matter when a count comes. Those without a baseline learn nothing."""
    counts = news(4)
    bank, _ = stepped(detector, counts[:190])
    assert not isinstance(bank, CountedTrack)
    guard = bank.guard_h if isinstance(bank, HourBank) else bank.parameters.guard_h
    detector.tell(bank, 1, bank.open_hour - guard, 500)
    _, rest = stepped(detector, counts[190:], bank)
    assert rest == stepped(detector, counts)[1][190:]


@every
def test_silent_on_zeros(detector: Detector) -> None:
    _, scores = stepped(detector, [0] * 300)
    if detector.sign > 0:
        assert max(scores) == 0.0
    else:
        assert max(scores) < 0.5  # Nothing is expected, so nothing is missing.
        _, after_plenty = stepped(detector, [*steady(500), *([0] * 30)])
        assert after_plenty[-1] > 3.0


@every
def test_finite_on_a_million(detector: Detector) -> None:
    _, scores = stepped(detector, [*steady(200), 1_000_000, *steady(60), 1_000_000])
    assert all(math.isfinite(score) for score in scores)
    assert all(math.isfinite(score) for score in stepped(detector, [1_000_000] * 120)[1])


@every
@pytest.mark.parametrize("cut", [10, 130, 192])
def test_state_goes_on_exactly(detector: Detector, cut: int) -> None:
    counts = [*news(1, 220), 30]
    _, whole = stepped(detector, counts)
    bank, first = stepped(detector, counts[:cut])
    document, arrays = bank.state(np.arange(bank.rows)) if isinstance(bank, SpikeBank) else bank.state()
    other = detector.make()
    other.load(document, {name: np.array(array) for name, array in arrays.items()})
    _, rest = stepped(detector, counts[cut:], other)
    assert first + rest == whole


@every
@pytest.mark.parametrize("born", [0, 77])
def test_keys_know_nothing_of_each_other_and_a_new_one_equals_one_that_was_silent(
    detector: Detector, born: int
) -> None:
    """A key that appears late, in a bank of busy others, scores what it scores alone since the beginning."""
    counts = news(born)
    quiet = [None] * born + counts[born:]
    _, alone = stepped(detector, quiet)
    bank = detector.make()
    for _ in range(3):
        bank.add_row()
    scores, row = [], 0
    for index, count in enumerate(quiet):
        if index == born:
            row = bank.add_row()
        bank.open_next()
        for other in (1, 2, 3):
            detector.tell(bank, other, bank.open_hour, 11 * other)
        if index >= born:
            assert count is not None
            detector.tell(bank, row, bank.open_hour, count)
            scores.append(detector.score(bank, row, bank.open_hour))
    differing = [(hour, a, b) for hour, (a, b) in enumerate(zip(scores, alone[born:], strict=True)) if a != b]
    assert differing[:3] == []


@pytest.mark.parametrize(
    ("part", "whole", "share", "correlation"),
    [(3, 9, 0.2, 0.05), (21, 36, 0.17, 0.004), (40, 60, 0.5, 0.3), (1, 5, 0.01, 0.9)],
)
def test_the_share_tail_is_the_sum_of_its_terms(part: int, whole: int, share: float, correlation: float) -> None:
    certainty = 1.0 / correlation - 1.0
    terms = stats.betabinom.pmf(np.arange(part, whole + 1), whole, share * certainty, (1.0 - share) * certainty)
    assert minus_log10_share_tail(part, whole, share, correlation) == pytest.approx(
        -math.log10(math.fsum(terms)), abs=1e-8
    )


@pytest.mark.parametrize(("part", "correlation"), [(1300, 0.002), (1700, 0.02), (1000, 0.02)])
def test_the_share_tail_goes_on_where_terms_are_no_longer_summed(part: int, correlation: float) -> None:
    below = minus_log10_share_tail(part, 4096, 0.25, correlation)
    assert minus_log10_share_tail(part, 4097, 0.25, correlation) == pytest.approx(below, rel=0.02, abs=0.01)


@pytest.mark.parametrize(("count", "mean", "variance"), [(0, 20.0, 31.0), (7, 30.0, 45.0), (100, 60.0, 200.0)])
def test_the_lower_tail_is_that_of_the_negative_binomial(count: int, mean: float, variance: float) -> None:
    r = mean * mean / (variance - mean)
    theirs = -math.log10(stats.nbinom.cdf(count, r, r / (r + mean)))
    assert minus_log10_lower_tail(count, mean, variance) == pytest.approx(theirs, abs=1e-8)


def test_a_share_alone_moves_a_shift_not_the_volume() -> None:
    bank = ShiftBank(ShiftParameters(), FIRST)
    bank.add_row()
    for hour in range(900):
        bank.open_next()
        busy = 10 if hour >= 850 else 1
        bank.set_count(1, bank.open_hour, 5 * busy, busy)
    assert bank.score(1, bank.open_hour).score < 1.0
    assert bank.score(1, bank.open_hour).share == pytest.approx(0.2, abs=0.01)


def test_an_hour_nobody_saw_teaches_a_shift_nothing() -> None:
    shares = []
    for seen in (1.0, 0.0):
        bank = ShiftBank(ShiftParameters(), FIRST)
        bank.add_row()
        for hour in range(600):
            bank.open_next()
            inside = 200 <= hour < 300
            bank.set_count(1, bank.open_hour, 4, 4 if inside else 1)
            if inside:
                bank.set_exposures(bank.open_hour, [seen, seen])
        shares.append(bank.score(1, bank.open_hour).share)
    assert shares[0] > 0.3
    assert shares[1] == pytest.approx(0.25, abs=0.005)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_new_remembers_when_a_key_was_seen_after_its_articles_are_forgotten(*, restarted: bool) -> None:
    """Last seen is kept for ever, articles for three days."""

    def make() -> NewTrack:
        return NewTrack(New(quiet_for_h=200, confirm=Confirm(stories=1, publishers=1, within_h=6)), 0)

    detector = Detector("new", lambda: CountedTrack(make, FIRST), _plain, _crossed)
    seen = {210, 330, 540}
    counts = [int(hour in seen) for hour in range(550)]
    bank, scores = stepped(detector, counts[:320])
    if restarted:
        assert isinstance(bank, CountedTrack)
        document, arrays = bank.state()
        bank = CountedTrack(make, FIRST)
        bank.load(document, arrays)
    _, rest = stepped(detector, counts[320:], bank)
    rang = [hour for hour, score in enumerate(scores + rest) if score > 0.0]
    assert {hour for hour in seen if hour in rang} == {210, 540}, "330 is 120 hours after it was seen"
