"""What feeds in shadow bring beside those that count: learnt story by story, read off when they join.

    p = (new + 20·p0)/(old + new + 20),  p0 = the same over all keys

old: stories of the key that count, learnt since the shadow began; new: those that only feeds in shadow carried. Of a story
that several of them carried each has its part.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from alerts.tracks.feed_shares import PRIOR_STORIES, Floats

#: No feed is taken to bring more than this part of the news: what counts already goes on counting.
MOST = 0.98


class ShadowStories:
    """Sums by row (key), since the hour a shadow began and by feed in shadow."""

    def __init__(self) -> None:
        self.old: dict[int, dict[int, float]] = {}  # by first hour of a shadow
        self.new: dict[str, dict[int, float]] = {}  # by feed

    def learn(self, since: int, old: Mapping[int, float]) -> None:
        """Add an hour's stories that count, for the shadows that began with ``since``."""
        sums = self.old.setdefault(since, {})
        for row, count in old.items():
            sums[row] = sums.get(row, 0.0) + count

    def add(self, row: int, feeds: Sequence[str], weight: float) -> None:
        """Add a story, worth ``weight``, that only ``feeds``, all in shadow, carried."""
        for feed in feeds:
            sums = self.new.setdefault(feed, {})
            sums[row] = sums.get(row, 0.0) + weight / len(feeds)

    def parts(self, since: int, seen: Mapping[str, float], counting: int, rows: int) -> dict[str, Floats]:
        """Return, for the feeds of ``seen`` whose shadow began with ``since``, the part of each row's stories they will bring.

        ``seen`` is each feed's exposure over its shadow (above 0 to 1): what was not seen of it is taken to be like the rest.
        ``counting`` feeds count already.
        """
        old = _as_array(self.old.get(since, {}), rows)
        new = {feed: _as_array(self.new.get(feed, {}), rows) / seen[feed] for feed in sorted(seen)}
        together: Floats = sum(new.values(), start=np.zeros(rows))
        # Where nothing was learnt yet each feed is taken to bring the same, as in the shares of feeds.
        even = 1.0 / (counting + len(new))
        total = float(old.sum()) + float(together.sum()) + 1.0
        of_row = old + together + PRIOR_STORIES
        found = {feed: (n + PRIOR_STORIES * (float(n.sum()) + even) / total) / of_row for feed, n in new.items()}
        most = np.maximum(sum(found.values(), start=np.zeros(rows)) / MOST, 1.0)
        return {feed: part / most for feed, part in found.items()}

    def doubts(self, since: int, seen: Mapping[str, float], part: Floats) -> Floats:
        """Return how unsure ``part`` (g, by row) is: its variance as a multiple of g², as of a proportion among so many stories.

        u = p/(g·(old + new + 20 + 1))
        """
        rows = len(part)
        old = _as_array(self.old.get(since, {}), rows)
        for feed in sorted(seen):
            old = old + _as_array(self.new.get(feed, {}), rows)
        doubts: Floats = (1.0 - part) / (part * (old + PRIOR_STORIES + 1.0))
        return doubts

    def rebased(self, part: Floats) -> None:
        """Take note that those who count bring 1/``part`` times as many stories from now on."""
        for sums in self.old.values():
            for row in sums:
                sums[row] /= float(part[row])

    def forget(self, feeds: Sequence[str], sinces: Collection[int]) -> None:
        """Drop what was learnt of ``feeds``, and of shadows that began at none of ``sinces``."""
        for feed in feeds:
            self.new.pop(feed, None)
        self.old = {since: sums for since, sums in self.old.items() if since in sinces}

    # -- state ------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, object]:
        """Return what :meth:`load` goes on from exactly."""
        return {
            "old": [[since, list(sums.items())] for since, sums in self.old.items()],
            "new": [[feed, list(sums.items())] for feed, sums in self.new.items()],
        }

    def load(self, document: object) -> None:
        """Become what :meth:`state` described."""
        assert isinstance(document, dict)
        self.old = {int(since): {int(row): float(n) for row, n in sums} for since, sums in document["old"]}
        self.new = {str(feed): {int(row): float(n) for row, n in sums} for feed, sums in document["new"]}


def _as_array(sums: Mapping[int, float], rows: int) -> Floats:
    found = np.zeros(rows)
    if sums:
        found[list(sums)] = list(sums.values())
    return found
