"""The measurement of seldom pairs: stories of a day are counted once, and each class of keys has its own line."""

from __future__ import annotations

import numpy as np

from benchmarks.seldom_pairs import BARS, CLASSES, described, sizes_of


def test_days_that_begin_with_a_story_do_not_overlap() -> None:
    counts = np.zeros(200)
    counts[[3, 4, 26, 27, 90]] = (1, 2, 1, 1, 4)
    assert sizes_of(counts) == [4, 1, 4]
    assert sizes_of(np.zeros(50)) == []


def test_a_line_for_each_class_and_one_for_all() -> None:
    counts = np.zeros((3, 60 * 24))
    counts[0, ::1000] = 1  # .0014 an hour
    counts[1, ::5] = 1  # .2 an hour
    counts[2, 1] = 1
    counts[2, 50 * 24 : 50 * 24 + 2] = 5  # eleven stories in two months, ten of them at once
    *classes, every = (line.split() for line in described(counts))
    assert len(classes) == len(CLASSES) - 1
    assert [line[3] for line in classes] == ["0", "0", "1", "1", "0", "0", "1"]
    assert [int(line[-1]) for line in classes] == [0, 0, 0, 1, 0, 0, 0], "at the highest bar the ten at once"
    assert len(every[-len(BARS) :]) == len(BARS)
    assert float(every[-1]) == 2.0, "one alert in half a month"
