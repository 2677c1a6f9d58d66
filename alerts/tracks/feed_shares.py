"""Which feeds a key's stories come from, so that a silent feed costs each key what it used to bring it.

    w = (n_kf + 20·w0_f) / (Σ n_k + 20)
    E = 1 − Σ_f w_f·(1 − e_f) − w_shared·(1 − ē)²,   ē = Σ w0_f·e_f

n_kf: learnt stories of key k carried by feed f alone, halved over 28 days while f is seen, frozen while it is not; a
pseudo-feed takes stories of two and more. w0: the same over all keys. Taken anew at 00:00 UTC. A feed that left keeps
its column, out of all sums, until it is forgotten: when it comes back its share is known.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Stories a key is taken to have had by the overall shares before any of its own.
PRIOR_STORIES = 20.0

#: Half-life of a share, in hours.
HALF_LIFE_H = 28 * 24.0
_DECAY = 0.5 ** (1.0 / HALF_LIFE_H)

#: What fades is written into the cells when it is down to this, after forty half-lives.
_LEAST_FADED = 2.0**-40

#: The column of stories that two feeds or more carried.
SHARED = ""


class FeedShares:
    """Shares of feeds for every row of a track. Row 0 is the key that never saw anything."""

    def __init__(self) -> None:
        self.columns: dict[str, int] = {SHARED: 0}
        self.rows = 1
        # Room for more rows than there are, so that a key costs no copy of all the others.
        self._learnt: Floats = np.zeros((8, 1))
        self._today: Floats = np.zeros((8, 1))
        # What fades, fades for all rows alike: a cell is worth itself times its column's part, and an hour costs no row.
        self._faded: Floats = np.ones(1)
        # What was last asked and answered, until a share is another: rules ask hour after hour of the same outage.
        self._known: tuple[object, Floats] | None = None
        self._least = 1.0  # none of them is less; found anew where it seems to be low

    @property
    def learnt(self) -> Floats:
        """Rows × columns, as learnt so far."""
        return self._learnt[: self.rows] * self._faded

    @property
    def today(self) -> Floats:
        """The same as of 00:00 UTC."""
        return self._today[: self.rows]

    def add_row(self) -> None:
        """Add a key without any story."""
        self._known = None
        if self.rows == len(self._learnt):
            more = np.zeros((self.rows // 8 + 8, len(self.columns)))
            self._learnt = np.vstack([self._learnt, more])
            self._today = np.vstack([self._today, more])
        self.rows += 1

    def learn(self, stories: Mapping[int, Mapping[str, int]], shortfalls: Mapping[str, float]) -> None:
        """Learn an hour: ``stories[row][feed]`` began in it; a feed's old share fades as far as the feed was seen."""
        self.fade(1, shortfalls)
        cells: list[int] = []
        known = self.columns
        for row, by_feed in stories.items():
            for feed, count in by_feed.items():
                # A column may make new arrays: first all columns, then the cells.
                cells += (row, known[feed] if feed in known else self._column(feed), count)
        if cells:
            rows, columns, counts = np.array(cells).reshape(-1, 3).T
            self._learnt[rows, columns] += counts / self._faded[columns]

    def fade(self, hours: int, shortfalls: Mapping[str, float] | None = None) -> None:
        """Let what was learnt fade over ``hours``, in each of which feeds were seen but for ``shortfalls``."""
        part = self._fade(shortfalls) if shortfalls else _DECAY
        for _ in range(hours):
            self._faded *= part
            self._least *= _DECAY
            if self._least < _LEAST_FADED:
                self._least = float(self._faded.min())
                if self._least < _LEAST_FADED:
                    self._unfold()

    def _unfold(self) -> None:
        """Let every cell be worth itself."""
        self._learnt *= self._faded
        self._faded = np.ones(len(self.columns))
        self._least = 1.0

    def _fade(self, shortfalls: Mapping[str, float]) -> Floats:
        fade = np.full(len(self.columns), _DECAY)
        for feed, exposure in shortfalls.items():
            if feed in self.columns:
                fade[self.columns[feed]] = _DECAY**exposure
        return fade

    def new_day(self) -> None:
        """Take the shares of the coming day from what was learnt until now."""
        self._known = None
        self._today = self._learnt * self._faded

    def joined(self, parts: Mapping[str, Floats], absent: Collection[str] = ()) -> None:
        """Take in feeds that bring ``parts[feed]`` of each row's stories from now on, as if they always had.

            n_kf = Σ n_k · p_kf / (1 − Σ p_k)

        ``absent`` feeds are no part of Σ n_k.
        """
        self._known = None
        self._unfold()
        places = {feed: self._column(feed) for feed in parts}  # May make new arrays: first all columns, then the cells.
        without = [self.columns[feed] for feed in absent if feed in self.columns]
        together: Floats = sum(parts.values(), start=np.zeros(self.rows))
        for stories in (self._learnt, self._today):
            others = np.delete(stories[: self.rows], [*places.values(), *without], axis=1).sum(axis=1)
            for feed, part in parts.items():
                stories[: self.rows, places[feed]] = others * part / (1.0 - together)

    def renamed(self, old: str, new: str) -> None:
        """Go on with what was learnt of ``old`` as that of ``new``."""
        self._known = None
        if old in self.columns and new not in self.columns:
            self.columns = {new if feed == old else feed: column for feed, column in self.columns.items()}

    def forget(self, feed: str) -> None:
        """Drop what was learnt of a feed that left."""
        self._known = None
        column = self.columns.pop(feed, None)
        if column is not None:
            self._learnt = np.delete(self._learnt, column, axis=1)
            self._today = np.delete(self._today, column, axis=1)
            self._faded = np.delete(self._faded, column)
            self.columns = {other: place - (place > column) for other, place in self.columns.items()}

    def exposures(self, shortfalls: Mapping[str, float], feeds: int, absent: Collection[str] = ()) -> Floats | float:
        """Return E of every row for an hour in which ``shortfalls`` of ``feeds`` counting feeds were not wholly seen.

        ``absent`` feeds did not count in it and are no part of the whole.
        """
        if not shortfalls:
            return 1.0
        asked = (tuple(shortfalls.items()), feeds, tuple(absent))
        if self._known is None or self._known[0] != asked:
            found = self._exposures(shortfalls, feeds, absent)
            self._known = asked, found
        return self._known[1]

    def _exposures(self, shortfalls: Mapping[str, float], feeds: int, absent: Collection[str]) -> Floats:
        for feed in shortfalls:
            self._column(feed)
        here = np.ones(len(self.columns))
        here[[self.columns[feed] for feed in absent if feed in self.columns]] = 0.0
        overall = self.today.sum(axis=0) * here
        own = np.zeros(len(self.columns))
        own[1:] = overall[1:]
        # Where nothing was learnt yet each feed is taken to bring the same; one story's worth of that stays in w0.
        total = float(overall.sum()) + 1.0
        weights = (own + _even(self.columns, shortfalls, feeds)) / total
        weights[0] = overall[0] / total
        missing = np.zeros(len(self.columns))
        for feed, exposure in shortfalls.items():
            missing[self.columns[feed]] = 1.0 - exposure
        alone = float(weights[1:].sum()) + _elsewhere(self.columns, shortfalls, feeds) / total
        unseen = float(weights @ missing) / alone if alone > 0.0 else 0.0
        missing[0] = unseen * unseen
        sums = self.today @ here if absent else self.today.sum(axis=1)
        lost = (self.today @ missing + PRIOR_STORIES * float(weights @ missing)) / (sums + PRIOR_STORIES)
        result: Floats = np.clip(1.0 - lost, 0.0, 1.0)
        return result

    def _column(self, feed: str) -> int:
        if feed not in self.columns:
            self._known = None
            self.columns[feed] = len(self.columns)
            blank = np.zeros((len(self._learnt), 1))
            self._learnt = np.hstack([self._learnt, blank])
            self._today = np.hstack([self._today, blank])
            self._faded = np.append(self._faded, 1.0)
        return self.columns[feed]

    def state(self) -> tuple[dict[str, object], dict[str, npt.NDArray[np.generic]]]:
        """Return what :meth:`load` goes on from exactly."""
        arrays = {"learnt": self._learnt[: self.rows].copy(), "today": self.today.copy(), "faded": self._faded.copy()}
        return {"columns": list(self.columns)}, dict(arrays)

    def load(self, document: dict[str, object], arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what :meth:`state` described."""
        self._known = None
        columns = document["columns"]
        assert isinstance(columns, list)
        self.columns = {str(feed): i for i, feed in enumerate(columns)}
        self._learnt = np.array(arrays["learnt"], dtype=np.float64)
        self.rows = len(self._learnt)
        self._faded = np.array(arrays["faded"], dtype=np.float64)
        self._least = float(self._faded.min())
        self._today = np.array(arrays["today"], dtype=np.float64)


def _even(columns: Mapping[str, int], shortfalls: Mapping[str, float], feeds: int) -> Floats:
    """Return one story spread evenly over the ``feeds`` that count, as far as they have a column."""
    even = np.zeros(len(columns))
    for feed in shortfalls:
        even[columns[feed]] = 1.0 / max(1, feeds)
    return even


def _elsewhere(columns: Mapping[str, int], shortfalls: Mapping[str, float], feeds: int) -> float:
    """Return the part of that story that lies with feeds that were seen wholly."""
    return 1.0 - len(shortfalls) / max(1, feeds) if feeds else 0.0
