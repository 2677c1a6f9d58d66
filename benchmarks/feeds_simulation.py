"""Invented news told by many feeds, hour by hour.

Each story is carried by one feed, or by several; who is polled and who counts decides what is seen of it. Articles and
publishers are left out: a story is a key, an hour, the set of its feeds, and whether it is of a part (a tone, say), which
feeds have not the same share of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.detector_scenarios import CORRELATION
from benchmarks.news_simulation import Floats, News, burst, rates, stories

Masks = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: Feeds, and those of them that were there first: a third of the news.
FEEDS = 60
FIRST_FEEDS = 20

#: A story is carried by one feed, else by two and more.
_ALONE = 0.7
#: How unequal feeds are: the standard deviation of the log of what they bring, overall and to single keys.
_UNEQUAL, _UNEQUAL_BY_KEY = 0.8, 0.5

#: A key's normal share of the part; how unequal feeds are in it, overall and for single keys (of the log of the odds); and how
#: much more of it is what the later feeds bring (log odds), for one key more than for another.
_LEAST_SHARE, _MOST_SHARE = 0.1, 0.35
_SHARE_UNEQUAL, _SHARE_UNEQUAL_BY_KEY = 0.4, 0.4
_LATER_SHARE, _LATER_SHARE_BY_KEY = 0.5, 0.5

_DAY = 24


def feed_ids(numbers: Iterable[int]) -> list[str]:
    """Return the ids of feeds by number."""
    return [f"f{number:02d}" for number in numbers]


def mask_of(numbers: Iterable[int]) -> np.uint64:
    """Return the set of feeds as bits."""
    return np.uint64(sum(1 << number for number in numbers))


@dataclass(frozen=True)
class Told:
    """Stories in order of hours: ``key``, ``feeds`` (bits) and whether of the part; ``starts`` by hour (0 the first)."""

    key: Numbers
    feeds: Masks
    of_part: Flags
    starts: Numbers

    def of_hour(self, hour: int) -> tuple[Numbers, Masks, Flags]:
        """Return keys, feeds and whether of the part of the stories that began in ``hour``."""
        here = slice(self.starts[hour], self.starts[hour + 1])
        return self.key[here], self.feeds[here], self.of_part[here]


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
        self._draw_shares(self._random(6))

    def _draw_shares(self, random: np.random.Generator) -> None:
        """Draw every key's and every feed's share of the part, and how each key's scatters from day to day."""
        keys = self.keys
        share = random.uniform(_LEAST_SHARE, _MOST_SHARE, keys)
        self._odds: Floats = np.log(share / (1.0 - share))
        tilt = random.normal(0.0, _SHARE_UNEQUAL, FEEDS) + random.normal(0.0, _SHARE_UNEQUAL_BY_KEY, (keys, FEEDS))
        tilt[:, FIRST_FEEDS:] += random.normal(_LATER_SHARE, _LATER_SHARE_BY_KEY, keys)[:, None]
        self._tilt: Floats = tilt
        certainty = 1.0 / CORRELATION - 1.0
        a, b = certainty * share[:, None], certainty * (1.0 - share[:, None])
        self._scatter: Floats = random.beta(a, b, (keys, self.hours // _DAY + 1)) - share[:, None]

    def _random(self, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, stream])

    def quiet(self) -> Told:
        """Return the news of a time in which nothing happens."""
        return self._carried(stories(self.news, self.rate, self._random(2)), self._random(3), self._random(7))

    def with_bursts(self, starts: Numbers, factor: float, length: int) -> Told:
        """Return the same news, and more on each key for ``length`` hours from its start."""
        more = burst(self.rate, starts, factor, length) - self.rate
        counts = stories(self.news, more, self._random(4))
        return _joined(self.quiet(), self._carried(counts, self._random(5), self._random(8)), self.hours)

    def with_steps(self, starts: Numbers, share: float, length: int) -> Told:
        """Return the same news, of which ``share`` of each key is of the part for ``length`` hours from its start."""
        odds = np.repeat(self._odds[:, None], self.hours, axis=1)
        for key, start in enumerate(starts):
            odds[key, start : start + length] = np.log(share / (1.0 - share))
        counts = stories(self.news, self.rate, self._random(2))
        return self._carried(counts, self._random(3), self._random(7), odds)

    def _carried(
        self, counts: Floats, random: np.random.Generator, of_share: np.random.Generator, odds: Floats | None = None
    ) -> Told:
        """Say who carries each of so many stories (keys × hours), and which are of the part: by ``odds`` (log) of the key."""
        by_hour = counts.astype(np.int64).T
        cells = np.nonzero(by_hour)
        times = by_hour[cells]
        hour, key = np.repeat(cells[0], times), np.repeat(cells[1], times)
        first = self._some_feed(key, random)
        feeds = _masks(first)
        again = np.flatnonzero(random.random(len(key)) >= _ALONE)
        while len(again):
            feeds[again] |= _masks(self._some_feed(key[again], random))
            again = again[random.random(len(again)) < 0.5]
        log_odds = (self._odds[key] if odds is None else odds[key, hour]) + self._tilt[key, first]
        share = 1.0 / (1.0 + np.exp(-log_odds)) + self._scatter[key, hour // _DAY]
        of_part = of_share.random(len(key)) < share
        return Told(key, feeds, of_part, np.searchsorted(hour, np.arange(self.hours + 1)))

    def _some_feed(self, key: Numbers, random: np.random.Generator) -> Numbers:
        at = (self._cumulated[key] < random.random(len(key))[:, None]).sum(axis=1)
        some: Numbers = np.minimum(at, FEEDS - 1)
        return some


def _masks(feeds: Numbers) -> Masks:
    shifted: Masks = np.uint64(1) << feeds.astype(np.uint64)
    return shifted


def _joined(one: Told, other: Told, hours: int) -> Told:
    hour = np.concatenate([np.repeat(np.arange(hours), np.diff(t.starts)) for t in (one, other)])
    order = np.argsort(hour, kind="stable")
    key = np.concatenate([one.key, other.key])[order]
    feeds = np.concatenate([one.feeds, other.feeds])[order]
    of_part = np.concatenate([one.of_part, other.of_part])[order]
    return Told(key, feeds, of_part, np.searchsorted(hour[order], np.arange(hours + 1)))
