"""Shares of feeds fade a column at a time, and are what fading every cell every hour gives."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from alerts.tracks.feed_shares import HALF_LIFE_H, FeedShares

FEEDS = ("alpha", "bravo", "charlie")
_ROWS = 4


class SlowShares:
    """The definition: every cell fades every hour."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, str], float] = {}

    def learn(self, stories: dict[int, dict[str, int]], shortfalls: dict[str, float]) -> None:
        """Learn an hour."""
        for (row, feed), worth in self.cells.items():
            self.cells[row, feed] = worth * 0.5 ** (shortfalls.get(feed, 1.0) / HALF_LIFE_H)
        for row, by_feed in stories.items():
            for feed, count in by_feed.items():
                self.cells[row, feed] = self.cells.get((row, feed), 0.0) + count


def hour_of(r: Random) -> tuple[dict[int, dict[str, int]], dict[str, float]]:
    stories = {row: {r.choice(FEEDS): r.randrange(1, 4)} for row in range(1, _ROWS) if r.random() < 0.3}
    return stories, {feed: r.random() for feed in FEEDS if r.random() < 0.1}


def with_rows() -> FeedShares:
    shares = FeedShares()
    for _ in range(_ROWS - 1):
        shares.add_row()
    return shares


def assert_as(shares: FeedShares, slow: SlowShares) -> None:
    for (row, feed), worth in slow.cells.items():
        assert shares.learnt[row, shares.columns[feed]] == pytest.approx(worth, rel=1e-9)


@pytest.mark.parametrize("hours", [50, 60_000])  # the latter is above ninety half-lives
def test_they_are_what_fading_every_cell_gives(hours: int) -> None:
    shares, slow, r = with_rows(), SlowShares(), Random(hours)
    for _ in range(hours):
        stories, shortfalls = hour_of(r)
        shares.learn(stories, shortfalls)
        slow.learn(stories, shortfalls)
    assert_as(shares, slow)
    shares.new_day()
    assert (shares.today == shares.learnt).all()


def test_a_feed_that_joins_takes_its_part_of_what_has_faded() -> None:
    shares = with_rows()
    shares.learn({1: {"alpha": 3}, 2: {"bravo": 1}}, {})
    for _ in range(int(HALF_LIFE_H)):
        shares.learn({}, {})
    shares.joined({"charlie": np.full(_ROWS, 0.25)})
    assert shares.learnt[1, shares.columns["charlie"]] == pytest.approx(0.5)
    shares.learn({}, {"alpha": 0.0})
    assert shares.learnt[1, shares.columns["alpha"]] == pytest.approx(1.5), "it was not seen, so it does not fade"
    shares.forget("alpha")
    assert shares.learnt[1].sum() == pytest.approx(0.5, rel=0.01)


def test_they_are_read_back_to_the_last_bit() -> None:
    shares, again, r = with_rows(), FeedShares(), Random(5)
    for number in range(400):
        if number == 200:
            again.load(*shares.state())
        stories, shortfalls = hour_of(r)
        shares.learn(stories, shortfalls)
        if number >= 200:
            again.learn(stories, shortfalls)
    assert shares.learnt.tobytes() == again.learnt.tobytes()
