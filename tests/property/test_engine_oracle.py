"""Through the whole engine a spike's scores are those of the published equations; another order of arrival rings the same."""

from __future__ import annotations

import random

import numpy as np
import pytest

from alerts.detectors.spike_parameters import slot_of
from alerts.engine import Engine
from alerts.rules.model import Floors, Sensitivity, Spike
from alerts.tracks.port import Track
from schemas.ids import hour_of
from schemas.signal import Signal
from tests.property.slow_spike import SlowSpike
from tests.streams.records import FEED_IDS, HOUR, activated, coverage, pair_rule, signal
from tests.streams.world import START

_HOURS = 24 * 17
_FIRST = hour_of(START)
_RULE = pair_rule("r", Spike(sensitivity=Sensitivity.HIGH, floors=Floors(stories=3, publishers=2, times=2.0)))


def hourly(seed: int, mean: float) -> list[int]:
    r = np.random.default_rng(seed)
    rate = mean * (1.2 + np.cos(np.arange(_HOURS) / 24 * 2 * np.pi))
    for start in (_HOURS - 200, _HOURS - 60):
        rate[start : start + 8] *= 12
    return [int(n) for n in r.poisson(rate)]


def articles(counts: list[int], seed: int) -> list[Signal]:
    """Each a story of its own, from some feed, at some minute."""
    r = random.Random(seed)
    return [
        signal(f"{hour:04d}-{n}", START + hour * HOUR + HOUR * r.random(), feed=r.choice(FEED_IDS))
        for hour, count in enumerate(counts)
        for n in range(count)
    ]


def played(arrivals: list[list[Signal]]) -> tuple[list[float], set[int]]:
    """Return the score at each hour's end, and the hours that crossed once nothing could change them any more."""
    engine = Engine()
    engine.step(0, activated(START, _RULE))
    engine.step(0, coverage(START, START + HOUR / 60, reached_back_to=START))
    scores, crossings = [], set()
    for hour, arrived in enumerate(arrivals):
        for record in arrived:
            engine.step(0, record)
        track = engine.rules["r"].tracks[0]
        # The hour is learnt when this one ends: the last that may change it has come.
        if hour >= 24 and crossed(track, _FIRST + hour - 24):
            crossings.add(hour - 24)
        now = START + (hour + 1) * HOUR
        engine.step(0, coverage(now - HOUR, now, reached_back_to=now - HOUR))
        scores.append(track.verdict("AZE-RUS", _FIRST + hour).score or 0.0)
    return scores, crossings


def crossed(track: Track, hour: int) -> bool:
    return bool(track.verdicts("AZE-RUS", hour, hour))


@pytest.mark.parametrize(("seed", "mean"), [(1, 0.1), (2, 0.7), (3, 3.0)])
def test_scores_at_hour_ends_are_those_of_the_equations(seed: int, mean: float) -> None:
    counts = hourly(seed, mean)
    arrivals: list[list[Signal]] = [[] for _ in counts]
    for record in articles(counts, seed):
        arrivals[hour_of(record.event_time) - _FIRST].append(record)
    scores, _ = played(arrivals)
    slow = SlowSpike(windows=(6, 24), guard=25, slot=lambda t: slot_of(_FIRST + t), slots=48)
    expected = [slow.score(count) for count in counts]
    assert max(expected) > 2.5
    # The best window is chosen among those that reach the floors, if any does: then its score alone is compared.
    differing = [(t, a, b) for t, (a, b) in enumerate(zip(scores, expected, strict=True)) if abs(a - b) > 0.0006]
    assert differing == []


@pytest.mark.parametrize("seed", [4, 5])
def test_any_order_of_arrival_gives_the_same_crossings(seed: int) -> None:
    counts = hourly(seed, 0.5)
    records = articles(counts, seed)
    crossings = []
    for order in range(3):
        r = random.Random(order)
        arrivals: list[list[Signal]] = [[] for _ in counts]
        for record in records:
            hour = hour_of(record.event_time) - _FIRST
            delay = r.randrange(25) if order else 0
            arrivals[min(hour + delay, _HOURS - 1)].append(record)
        if order:
            for arrived in arrivals:
                r.shuffle(arrived)
        crossings.append(played(arrivals)[1])
    assert len(crossings[0]) > 5
    assert crossings[1] == crossings[0]
    assert crossings[2] == crossings[0]
