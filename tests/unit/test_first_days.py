"""The measurement of a budget's first days: more watches counted, fewer alarms at nothing; a bar may change from hour to hour."""

from __future__ import annotations

import numpy as np

from benchmarks.crossings import Crossings
from benchmarks.first_days import SELDOM, WAYS, alarms_of
from benchmarks.news_simulation import rates, stories


def test_the_more_watches_are_counted_the_less_rings_at_nothing() -> None:
    rate = rates(SELDOM, 400, 6 * 24, np.random.default_rng([1, 1]))
    found = alarms_of(stories(SELDOM, rate, np.random.default_rng([1, 2])), list(WAYS))
    learnt, seen, every = (
        found[way][0]
        for way in ("watches with a learnt story", "watches with a story", "all there will be (cannot be known)")
    )
    assert learnt > 3 * seen
    assert seen >= every
    assert found["watches with a learnt story"][1] >= found["watches with a story"][1]


def test_a_bar_of_each_hour() -> None:
    crossings = Crossings()
    for hour in range(4):
        crossings.add(hour, np.array([0, 1]), np.array([2.0, 4.0]))
    assert crossings.alarms(3.0) == [(1, 0)]
    assert crossings.alarms(np.array([9.0, 9.0, 1.0, 1.0])) == [(0, 2), (1, 2)]
