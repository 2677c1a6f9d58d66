"""The measurement of a budget's first days: more watches counted, fewer alarms at nothing; a bar may change from hour to hour."""

from __future__ import annotations

import numpy as np

from benchmarks.crossings import Crossings
from benchmarks.first_days import SELDOM, WAYS, alarms_of, alarms_of_engine
from benchmarks.news_simulation import rates, stories


def test_the_more_watches_are_counted_the_less_rings_at_nothing() -> None:
    rate = rates(SELDOM, 400, 6 * 24, np.random.default_rng([1, 1]))
    counts = stories(SELDOM, rate, np.random.default_rng([1, 2]))
    found = alarms_of(counts, list(WAYS))
    learnt, seen, every = (
        found[way]
        for way in (
            "watches with a learnt story (version 3)",
            "watches with a story",
            "all there will be (cannot be known)",
        )
    )
    assert learnt[0] > 3 * seen[0]
    assert seen[0] >= every[0]
    assert learnt[1] >= seen[1]
    engine = alarms_of_engine(counts, np.random.default_rng([1, 3]))
    assert learnt[0] > 3 * engine[0], "the engine counts watches that have learnt nothing"
    assert abs(engine[1] - seen[1]) <= max(2, seen[1] // 2), "the invented watches are not those of the engine"


def test_a_bar_of_each_hour() -> None:
    crossings = Crossings()
    for hour in range(4):
        crossings.add(hour, np.array([0, 1]), np.array([2.0, 4.0]))
    assert crossings.alarms(3.0) == [(1, 0)]
    assert crossings.alarms(np.array([9.0, 9.0, 1.0, 1.0])) == [(0, 2), (1, 2)]
