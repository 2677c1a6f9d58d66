"""Engine time and exposure: which feeds were really looked at, hour by hour. Coverage records in, exposures out.

Never looks at articles: a feed that brings nothing although it was polled is calm, not blind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from alerts.rules.model import SourcesPart
from alerts.rules.narrowing import admits
from schemas.article import Source
from schemas.coverage import Coverage, FeedCoverage
from schemas.ids import hour_of, hour_start
from schemas.reasons import FeedState

#: States in which an hour without a due poll still counts as watched.
_SEEING = frozenset({FeedState.OK, FeedState.SILENT})

#: Hours of history kept: a month, so that a backlog or a late poll can restore what it reaches back over.
KEPT_HOURS = 35 * 24

_HOUR, _KEPT, _INSTANT = timedelta(hours=1), timedelta(hours=KEPT_HOURS), timedelta(microseconds=1)


@dataclass
class FeedStanding:
    """What is known of one feed. ``complete_since``/``complete_until`` bound the stretch known without a gap."""

    source: Source
    state: FeedState
    known_since: int  # hour of the first Coverage that named it
    changed_at: int | None = None  # hour it last joined, left, failed or came back
    complete_since: datetime | None = None
    complete_until: datetime | None = None
    last_success: datetime | None = None


@dataclass
class HourCoverage:
    """One hour: polls by feed, feeds that could not see although nothing was due, feeds restored by a later poll."""

    watched: bool = False
    polls: dict[str, tuple[int, int]] = field(default_factory=dict)  # feed -> (due, succeeded)
    down: set[str] = field(default_factory=set)
    restored: set[str] = field(default_factory=set)


@dataclass
class CoverageChange:
    """What a Coverage record changed: engine time moved to ``now``; exposures of ``hours`` are others than before."""

    now: datetime | None
    hours: frozenset[int] = frozenset()


class Covered:
    """Who answered within a time. How many of them a rule looks at is found once for all rules that look at the same."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._publishers: dict[tuple[SourcesPart, ...], int] = {}

    def publishers(self, whose: tuple[SourcesPart, ...]) -> int:
        """Return how many distinct publishers there are that every part of ``whose`` admits."""
        found = self._publishers.get(whose)
        if found is None:
            admitted = (source for source in self._sources if all(admits(part, source) for part in whose))
            found = self._publishers[whose] = len({source.publisher for source in admitted})
        return found


class CoverageBook:
    """The exposure of every feed in every hour, and engine time: the minimum over partitions of the newest Coverage."""

    def __init__(self) -> None:
        self.newest: dict[int, datetime] = {}
        self.partitions = 0
        self.applied_until: datetime | None = None
        self.first_since: datetime | None = None
        self.feeds: dict[str, FeedStanding] = {}
        self.hours: dict[int, HourCoverage] = {}
        # What every rule asks for at the end of an hour: found once, until a record changes it. No part of the state.
        self._shortfalls: dict[int, dict[str, float]] = {}
        self._counting: list[str] | None = None
        self._covered: dict[int, Covered] = {}

    @property
    def now(self) -> datetime | None:
        """Engine time; None until every partition has spoken."""
        if not self.partitions or len(self.newest) < self.partitions:
            return None
        return min(self.newest.values())

    def apply(self, coverage: Coverage) -> CoverageChange:
        """Take in a record; repeats and records of the past change nothing."""
        self._covered.clear()
        before = self.newest.get(coverage.partition)
        # A topic never has fewer partitions again: made anew, it is of another log, with a ledger of its own.
        self.partitions = max(self.partitions, coverage.partitions)
        if before is None or coverage.at > before:
            self.newest[coverage.partition] = coverage.at
        changed: set[int] = set()
        if self.applied_until is None or coverage.at > self.applied_until:
            changed = self._take_in(coverage)
            self.applied_until = coverage.at
            if self.first_since is None:
                self.first_since = coverage.since
        return CoverageChange(self.now, frozenset(changed))

    def _feeds_changed(self) -> None:
        self._shortfalls.clear()
        self._counting = None

    def _take_in(self, coverage: Coverage) -> set[int]:
        hour = hour_of(coverage.since)
        row = self.hours.setdefault(hour, HourCoverage())
        row.watched = True
        changed: set[int] = set()
        for feed in coverage.feeds:
            changed |= self._take_in_feed(coverage, hour, row, feed)
        for told in (hour, *changed):
            self._shortfalls.pop(told, None)
        if coverage.full:
            named = {feed.feed_id for feed in coverage.feeds}
            for feed_id, standing in self.feeds.items():
                if feed_id not in named and standing.state is not FeedState.REMOVED:
                    standing.state, standing.changed_at = FeedState.REMOVED, hour
                    self._feeds_changed()
        for feed_id, standing in self.feeds.items():
            if standing.state not in _SEEING:
                row.down.add(feed_id)
        return changed

    def _take_in_feed(self, coverage: Coverage, hour: int, row: HourCoverage, feed: FeedCoverage) -> set[int]:
        standing = self.feeds.get(feed.feed_id)
        if standing is None:
            standing = FeedStanding(feed.source, feed.state, hour, changed_at=hour)
            self.feeds[feed.feed_id] = standing
            self._feeds_changed()
        if feed.state is not standing.state:
            self._feeds_changed()
            if (feed.state in _SEEING) != (standing.state in _SEEING):
                standing.changed_at = hour
            standing.state = feed.state
        standing.source = feed.source
        if feed.polls_due or feed.polls_succeeded:
            due, succeeded = row.polls.get(feed.feed_id, (0, 0))
            row.polls[feed.feed_id] = (due + feed.polls_due, succeeded + feed.polls_succeeded)
        if feed.polls_succeeded and feed.reached_back_to is not None:
            return self._extend(standing, feed.feed_id, feed.reached_back_to, coverage, hour)
        return set()

    def _extend(
        self, standing: FeedStanding, feed_id: str, reached: datetime, coverage: Coverage, before: int
    ) -> set[int]:
        """Lengthen the stretch known without a gap and restore the hours below ``before`` that lie wholly inside it."""
        continues = standing.last_success is not None and reached <= standing.last_success
        if continues and standing.complete_since is not None:
            standing.complete_since = min(standing.complete_since, reached)
            first_new = (standing.complete_until or reached) - _HOUR
        else:
            standing.complete_since = first_new = reached
        first_new = min(first_new, reached)
        standing.complete_until = coverage.since
        standing.last_success = coverage.at
        oldest = max(first_new, standing.complete_since, coverage.at - _KEPT)
        start = hour_of(oldest - _INSTANT) + 1  # the first hour that begins at or after ``oldest``
        restored: set[int] = set()
        for hour in range(start, before):
            row = self.hours.get(hour)
            if row is None:
                row = self.hours[hour] = HourCoverage()
            if feed_id not in row.restored:
                if self.exposure(feed_id, hour) < 1.0:
                    restored.add(hour)
                row.restored.add(feed_id)
        return restored

    def exposure(self, feed_id: str, hour: int) -> float:
        """Return the share of the hour in which ``feed_id`` could be seen: 0 to 1."""
        row = self.hours.get(hour)
        if row is None:
            return 0.0
        if feed_id in row.restored:
            return 1.0
        standing = self.feeds.get(feed_id)
        if not row.watched or standing is None or standing.known_since > hour:
            return 0.0
        due, succeeded = row.polls.get(feed_id, (0, 0))
        if due:
            return max(0.0, min(1.0, succeeded / due))
        return 0.0 if feed_id in row.down else 1.0

    def shortfalls(self, hour: int) -> dict[str, float]:
        """Return the exposure of every feed that counts and was seen less than wholly in ``hour``, in order of feed id."""
        found = self._shortfalls.get(hour)
        if found is None:
            found = {f: e for f in sorted(self.counting()) if (e := self.exposure(f, hour)) < 1.0}
            self._shortfalls[hour] = found
        return found

    def counting(self) -> list[str]:
        """Return the feeds whose articles count: all that were not removed or paused, in the order they came."""
        if self._counting is None:
            gone = (FeedState.REMOVED, FeedState.PAUSED)
            self._counting = [f for f, s in self.feeds.items() if s.state not in gone]
        return self._counting

    def source_id(self, feed_id: str) -> str:
        """Return the id of the source of a feed that some record named."""
        return self.feeds[feed_id].source.id

    def publishers_covered(self, since_hour: int, whose: tuple[SourcesPart, ...]) -> int:
        """Return how many distinct publishers that all of ``whose`` admit have a feed that answered since ``since_hour``."""
        return self.covered(since_hour).publishers(whose)

    def covered(self, since_hour: int) -> Covered:
        """Return who answered since ``since_hour``; what later records change is not in it."""
        found = self._covered.get(since_hour)
        if found is None:
            since = hour_start(since_hour)
            answered = [s.source for s in self.feeds.values() if s.last_success is not None and s.last_success >= since]
            found = self._covered[since_hour] = Covered(answered)
        return found

    def changed_since(self, hour: int) -> tuple[str, ...]:
        """Return the feeds that joined, left, failed or came back since ``hour``, sorted."""
        return tuple(sorted(f for f, s in self.feeds.items() if s.changed_at is not None and s.changed_at >= hour))

    def earliest_reach(self) -> datetime | None:
        """Return the oldest instant from which some feed is known completely."""
        reaches = [s.complete_since for s in self.feeds.values() if s.complete_since is not None]
        return min(reaches) if reaches else None

    def everyone_was_tried(self) -> bool:
        """Return whether no feed still waits for its first poll."""
        return all(s.state is not FeedState.NEW for s in self.feeds.values())

    def forget_before(self, hour: int) -> None:
        """Drop hours below ``hour``."""
        for by_hour in (self.hours, self._shortfalls):
            for old in [h for h in by_hour if h < hour]:
                del by_hour[old]


def open_hour(now: datetime) -> int:
    """Return the hour that is still open at engine time ``now``; at 11:00 sharp hour 10 is closed and 11 is open."""
    return hour_of(now)


@lru_cache(maxsize=1024)  # Asked of every article; the hours of a month at most are asked about.
def count_deadline(event_hour: int) -> datetime:
    """Return the instant before which an article or revision of ``event_hour`` must be observed to be counted."""
    return hour_start(event_hour + 25)
