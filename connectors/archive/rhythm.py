"""Coverage of history that came without any: read off the data's own rhythm. Pure.

It is read feed by feed; history that is imported has one feed a source (:func:`feed_of`).

A source is taken to have been watched from its first item to its last, except where it, or everything together, was
silent for far longer than it ever is at that time: a hole in the data is no calm in the world.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from types import MappingProxyType

from schemas.article import Source
from schemas.coverage import Coverage, FeedCoverage
from schemas.ids import EPOCH, hour_of, hour_start
from schemas.reasons import FeedState

#: A silence is a hole when it is this many times as long as 99 of 100 silences around it …
FAR_LONGER = 4.0
#: … and longer than this, in hours: nights, meals and a slow printer make shorter ones.
SHORTEST_HOLE_H = 6.0
#: "Around it": this many silences before and after; fewer than the least of them are no rhythm.
NEIGHBOURS, LEAST_NEIGHBOURS = 400, 20
#: A source that ended less than this before the data did, in hours, may only be pausing.
SHORTEST_END_H = 24.0
_IMPORTED = "archive:"


@dataclass(frozen=True)
class Presence:
    """The hours (since 1970) in which a source was watched: ``first`` to ``last``, both included, less ``holes``."""

    first: int
    last: int
    ended: bool
    holes: tuple[tuple[int, int], ...]  # (first, last), both included

    def in_hole(self, hour: int) -> bool:
        """Tell whether ``hour`` lies in a hole."""
        at = bisect_right(self.holes, (hour, 1 << 62)) - 1
        return at >= 0 and self.holes[at][0] <= hour <= self.holes[at][1]


def holes_in(times_h: Sequence[float]) -> list[tuple[int, int]]:
    """Return the whole hours of each silence that is a hole; ``times_h`` are hours since 1970, sorted."""
    gaps = [later - earlier for earlier, later in pairwise(times_h)]
    found = []
    for at, gap in enumerate(gaps):
        if gap > SHORTEST_HOLE_H and gap > _longest_calm(gaps, at):
            first, last = math.floor(times_h[at]) + 1, math.floor(times_h[at + 1]) - 1
            if first <= last:
                found.append((first, last))
    return found


def _longest_calm(gaps: Sequence[float], at: int) -> float:
    """Return how long a silence may last around number ``at``, in hours, and still be calm."""
    around = sorted([*gaps[max(0, at - NEIGHBOURS) : at], *gaps[at + 1 : at + 1 + NEIGHBOURS]])
    if len(around) < LEAST_NEIGHBOURS:
        return math.inf
    return FAR_LONGER * around[math.ceil(0.99 * len(around)) - 1]


def presences(times_h: Mapping[str, Sequence[float]]) -> dict[str, Presence]:
    """Return when each source was watched; ``times_h`` are its items in hours since 1970, sorted."""
    everything = sorted(time for times in times_h.values() for time in times)
    if not everything:
        return {}
    end = everything[-1]
    shared = holes_in(everything)
    found = {}
    for source in sorted(times_h):
        times = times_h[source]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        ended = end - times[-1] > max(SHORTEST_END_H, _longest_calm(gaps, len(gaps)))
        first, last = math.floor(times[0]), math.floor(times[-1] if ended else end)
        # When nothing at all was heard is no hole of a source that had ended, or was yet to join.
        here = [(max(begun, first), min(until, last)) for begun, until in shared if begun <= last and until >= first]
        found[source] = Presence(first, last, ended, tuple(_joined([*holes_in(times), *here])))
    return found


def _joined(holes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in sorted(holes):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


@dataclass(frozen=True)
class ArchiveRhythm:
    """When each feed was watched, and what it brought: ``items`` counts them by (feed id, hour). ``sources``: who publishes
    them, where that is another than the feed's id says."""

    presence: Mapping[str, Presence]
    items: Mapping[tuple[str, int], int]
    sources: Mapping[str, Source] = field(default_factory=dict)

    @classmethod
    def of(
        cls, sightings: Iterable[tuple[str, datetime]], sources: Mapping[str, Source] = MappingProxyType({})
    ) -> ArchiveRhythm:
        """Return the rhythm of items: their feed and when each was seen, in any order."""
        times: dict[str, list[float]] = defaultdict(list)
        items: Counter[tuple[str, int]] = Counter()
        for feed_id, at in sightings:
            times[feed_id].append((at - EPOCH).total_seconds() / 3600)
            items[feed_id, hour_of(at)] += 1
        return cls(presences({feed_id: sorted(of_feed) for feed_id, of_feed in times.items()}), items, sources)

    @property
    def hours(self) -> range:
        """The hours from the first item to the last."""
        if not self.presence:
            return range(0)
        return range(min(p.first for p in self.presence.values()), max(p.last for p in self.presence.values()) + 1)

    def coverage(self, hours: range | None = None) -> Iterator[Coverage]:
        """Yield one record for each of ``hours``, which are among :attr:`hours`; None: for all.

        The first record of a day, and each in which a feed joins or ends, is full: who is not in it is gone.
        """
        before: set[str] = set()
        for hour in self.hours if hours is None else hours:
            here = {feed_id for feed_id, p in self.presence.items() if p.first <= hour <= p.last}
            yield Coverage(
                since=hour_start(hour),
                at=hour_start(hour) + timedelta(hours=1),
                partition=0,
                partitions=1,
                full=hour % 24 == 0 or here != before,
                feeds=tuple(
                    self._line(feed_id, hour, self.presence[feed_id].in_hole(hour)) for feed_id in sorted(here)
                ),
            )
            before = here

    def _line(self, feed_id: str, hour: int, hole: bool) -> FeedCoverage:
        name = feed_id.removeprefix(_IMPORTED)
        return FeedCoverage(
            feed_id=feed_id,
            source=self.sources.get(feed_id) or Source(id=name, name=name),
            state=FeedState.FAILING if hole else FeedState.OK,
            polls_due=1,
            polls_succeeded=0 if hole else 1,
            reached_back_to=None if hole else hour_start(hour),
            items_seen=self.items.get((feed_id, hour), 0),
        )


def feed_of(source_id: str) -> str:
    """Return the id of the feed that imported items of a source are said to come from."""
    return f"{_IMPORTED}{source_id}"
