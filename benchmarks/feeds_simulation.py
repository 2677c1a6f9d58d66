"""Invented news told by many feeds, and a spike that follows it hour by hour: the engine's coverage, shares, banks and joins.

Each story is carried by one feed, or by several; who is polled and who counts decides what is seen of it. Articles and
publishers are left out: a story is a key, an hour and the set of its feeds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alerts.coverage import CoverageBook
from alerts.rules.model import Spike
from alerts.tracks.feed_shares import SHARED
from alerts.tracks.spike import SpikeTrack
from alerts.tracks.spike_banks import SharedBanks
from benchmarks.detector_runs import FIRST_HOUR
from benchmarks.news_simulation import Floats, News, burst, rates, stories
from schemas.article import Source
from schemas.coverage import Coverage, FeedCoverage
from schemas.ids import hour_start
from schemas.reasons import FeedState

Masks = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

#: Feeds, and those of them that were there first: a third of the news.
FEEDS = 60
FIRST_FEEDS = 20

#: A story is carried by one feed, else by two and more.
_ALONE = 0.7
#: How unequal feeds are: the standard deviation of the log of what they bring, overall and to single keys.
_UNEQUAL, _UNEQUAL_BY_KEY = 0.8, 0.5

#: Told an hour and the scores of keys whose windows reach their floors.
Note = Callable[[int, Mapping[int, float]], None]

#: Score from which a window is noted.
_NOTED = 1.0


def feed_ids(numbers: Iterable[int]) -> list[str]:
    """Return the ids of feeds by number."""
    return [f"f{number:02d}" for number in numbers]


def mask_of(numbers: Iterable[int]) -> np.uint64:
    """Return the set of feeds as bits."""
    return np.uint64(sum(1 << number for number in numbers))


@dataclass(frozen=True)
class Told:
    """Stories in order of hours: ``key``, ``hour`` (0 the first) and ``feeds`` (bits) of each; ``starts`` by hour."""

    key: Numbers
    feeds: Masks
    starts: Numbers

    def of_hour(self, hour: int) -> tuple[Numbers, Masks]:
        """Return keys and feeds of the stories that began in ``hour``."""
        here = slice(self.starts[hour], self.starts[hour + 1])
        return self.key[here], self.feeds[here]


class World:
    """One portfolio of keys and its feeds, from a seed; the same seed has the same quiet news, whatever is laid over it."""

    def __init__(self, keys: int, hours: int, seed: int, news: News | None = None) -> None:
        self.keys, self.hours, self.seed = keys, hours, seed
        self.news = news or News()
        random = self._random(1)
        self.rate = rates(self.news, keys, hours, random)
        brings = random.normal(0.0, _UNEQUAL, FEEDS) + random.normal(0.0, _UNEQUAL_BY_KEY, (keys, FEEDS))
        weights = np.exp(brings)
        for some in (slice(0, FIRST_FEEDS), slice(FIRST_FEEDS, FEEDS)):  # The first feeds bring a third, more or less.
            share = FIRST_FEEDS / FEEDS if some.start == 0 else 1.0 - FIRST_FEEDS / FEEDS
            weights[:, some] *= share / weights[:, some].sum(axis=1).mean()
        self._cumulated: Floats = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)

    def _random(self, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, stream])

    def quiet(self) -> Told:
        """Return the news of a time in which nothing happens."""
        return self._carried(stories(self.news, self.rate, self._random(2)), self._random(3))

    def with_bursts(self, starts: Numbers, factor: float, length: int) -> Told:
        """Return the same news, and more on each key for ``length`` hours from its start."""
        more = burst(self.rate, starts, factor, length) - self.rate
        return _joined(
            self.quiet(), self._carried(stories(self.news, more, self._random(4)), self._random(5)), self.hours
        )

    def _carried(self, counts: Floats, random: np.random.Generator) -> Told:
        """Say who carries each of so many stories (keys × hours)."""
        by_hour = counts.astype(np.int64).T
        cells = np.nonzero(by_hour)
        times = by_hour[cells]
        hour, key = np.repeat(cells[0], times), np.repeat(cells[1], times)
        feeds = self._some_feed(key, random)
        again = np.flatnonzero(random.random(len(key)) >= _ALONE)
        while len(again):
            feeds[again] |= self._some_feed(key[again], random)
            again = again[random.random(len(again)) < 0.5]
        return Told(key, feeds, np.searchsorted(hour, np.arange(self.hours + 1)))

    def _some_feed(self, key: Numbers, random: np.random.Generator) -> Masks:
        at = (self._cumulated[key] < random.random(len(key))[:, None]).sum(axis=1)
        shifted: Masks = np.uint64(1) << np.minimum(at, FEEDS - 1).astype(np.uint64)
        return shifted


def _joined(one: Told, other: Told, hours: int) -> Told:
    hour = np.concatenate([np.repeat(np.arange(hours), np.diff(t.starts)) for t in (one, other)])
    order = np.argsort(hour, kind="stable")
    key, feeds = (np.concatenate(pair)[order] for pair in ((one.key, other.key), (one.feeds, other.feeds)))
    return Told(
        np.asarray(key, np.int64), np.asarray(feeds, np.uint64), np.searchsorted(hour[order], np.arange(hours + 1))
    )


class ToldTrack(SpikeTrack):
    """A spike whose stories come from :class:`Told`; all else is the engine's."""

    def __init__(self, keys: int, told: Told) -> None:
        super().__init__(Spike(), 0, SharedBanks())
        self.told = told
        self.visible: dict[int, np.uint64] = {}  # by hour not learnt yet: the feeds that were seen in it
        for key in range(keys):
            self._add_row(str(key))

    def seen_in(self, hour: int) -> tuple[Numbers, Masks, np.uint64]:
        """Return keys and carriers of the stories somebody seen told in ``hour``, and the feeds that count in it."""
        keys, carriers = self.told.of_hour(hour - FIRST_HOUR)
        members = mask_of(int(feed[1:]) for feed in self.joining.roll.at(hour))
        return keys, carriers & self.visible.get(hour, ~np.uint64(0)), members

    def count(self, hour: int) -> None:
        """Tell the bank what each key has in ``hour``."""
        assert self.share is not None
        keys, carriers, members = self.seen_in(hour)
        bank = self.share.bank
        found = np.bincount(keys[(carriers & members) != 0], minlength=len(self.rows))
        bank.counts[hour % bank.parameters.kept_h, 1 : bank.rows] = found

    def _stories_that_count(self, hour: int) -> dict[int, dict[str, int]]:
        found: dict[int, dict[str, int]] = {}
        keys, carriers, members = self.seen_in(hour)
        for key, feeds in zip(keys.tolist(), (carriers & members).tolist(), strict=True):
            if feeds:
                by_feed = found.setdefault(key + 1, {})
                feed = f"f{feeds.bit_length() - 1:02d}" if feeds & (feeds - 1) == 0 else SHARED
                by_feed[feed] = by_feed.get(feed, 0) + 1
        self.visible.pop(hour, None)
        return found

    def _stories_in_shadow(self, hour: int) -> Iterable[tuple[int, Sequence[str]]]:
        keys, carriers, members = self.seen_in(hour)
        for key, feeds in zip(keys.tolist(), carriers.tolist(), strict=True):
            if feeds and not feeds & int(members):
                yield key + 1, feed_ids(n for n in range(FEEDS) if feeds >> n & 1)


class Watch:
    """A track and the coverage it goes by, stepped hour by hour."""

    def __init__(self, keys: int, told: Told, feeds: Collection[int]) -> None:
        self.book = CoverageBook()
        self.track = ToldTrack(keys, told)
        self.hour = 0
        self._poll(feeds, ())
        self.track.start(FIRST_HOUR, FIRST_HOUR, self.book)
        self.track.count(FIRST_HOUR)

    def _poll(self, feeds: Collection[int], down: Collection[int]) -> None:
        since = hour_start(FIRST_HOUR + self.hour)
        polled = tuple(
            FeedCoverage(
                feed_id=feed,
                source=Source(id=feed),
                state=FeedState.FAILING if number in down else FeedState.OK,
                polls_due=1,
                polls_succeeded=0 if number in down else 1,
            )
            for number, feed in zip(feeds, feed_ids(feeds), strict=True)
        )
        at = hour_start(FIRST_HOUR + self.hour + 1)
        self.book.apply(Coverage(since=since, at=at, partition=0, partitions=1, full=True, feeds=polled))

    def go_on(
        self, until: int, feeds: Collection[int], *, down: Collection[int] = (), note: Note | None = None
    ) -> None:
        """Step to hour ``until`` with ``feeds`` polled, those that are ``down`` in vain; tell ``note`` each hour's scores."""
        seen = mask_of(set(feeds) - set(down))
        while self.hour < until:
            if self.hour:
                self._poll(feeds, down)
            hour = FIRST_HOUR + self.hour
            self.track.visible[hour] = seen
            self.track.count(hour)
            self.track.close_hour(hour, self.book)
            self.track.count(hour + 1)
            self.book.forget_before(hour - 80)
            if note is not None:
                note(self.hour, scores(self.track, hour))
            self.hour += 1


def scores(track: SpikeTrack, hour: int) -> Mapping[int, float]:
    """Return the best score of each key whose windows that end with ``hour`` reach their floors."""
    assert track.share is not None
    bank, floors = track.share.bank, track.settings.floors
    best: dict[int, float] = {}
    for number, length in enumerate(bank.parameters.windows_h):
        count, _, seen = bank._window_sums(hour, length)  # for all rows at once
        mean = bank.level[hour % bank.parameters.kept_h, : bank.rows] * seen
        (rows,) = np.nonzero((count >= floors.stories) & (count >= floors.times * mean))
        for row in rows:
            score = bank._score(int(row), hour, number).score
            if score >= _NOTED:
                best[int(row) - 1] = max(best.get(int(row) - 1, 0.0), score)
    return best
