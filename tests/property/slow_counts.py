"""What counts of all that was told so far, found anew each time: articles, stories, publishers, exposure, engine time.

Records of ``signals`` go in. Shares with the program the rules, what they find in a text, and nothing that counts or decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from alerts.rules.model import Rule, Shift, Unit
from alerts.rules.narrowing import Narrowing
from alerts.rules.view import SignalView
from alerts.rules.watching import CompiledWatch, Hit, compile_watch
from schemas.alert_event import Counts
from schemas.coverage import Coverage
from schemas.fingerprint import decode
from schemas.ids import hour_of, hour_start
from schemas.reasons import EventTimeReason
from schemas.signal import Signal

#: A record counts while it was seen so long after the begin of its hour at most; then the hour is learnt.
DEADLINE = timedelta(hours=25)


class News(NamedTuple):
    """An article of a key. Sorted as stories are found."""

    time: datetime
    article_id: str
    hour: int
    publisher: str
    country: str | None
    fingerprint: str
    in_part: bool = True  # what a shift looks for; of the others everything is


_values = cache(decode)


def alike(one: str, other: str) -> bool:
    """26 of 64 values are equal, two of them side by side in one of 32 bands."""
    if not one or not other:
        return False
    equal = [a == b for a, b in zip(_values(one), _values(other), strict=True)]
    return sum(equal) >= 26 and any(equal[i] and equal[i + 1] for i in range(0, 64, 2))


def leaders(news: Iterable[News]) -> list[News]:
    """Return the first article of each story: one that is like no first article of the last 48 hours."""
    found: list[News] = []
    for one in sorted(news):
        recent = (first for first in found if one.time - first.time <= timedelta(hours=48))
        if not any(alike(first.fingerprint, one.fingerprint) for first in recent):
            found.append(one)
    return found


class SlowCounts:
    """All that was told. ``open`` is the hour engine time lies in; ``now`` is None before the first Coverage."""

    def __init__(self) -> None:
        self.now: datetime | None = None
        self.open = 0
        self.first = 0
        self._newest: dict[str, Signal] = {}
        self._clocks: dict[int, datetime] = {}
        self._polls: dict[tuple[str, int], tuple[int, int]] = {}
        self._reached: set[tuple[str, int]] = set()
        self._watches: dict[str, tuple[Rule, CompiledWatch]] = {}
        self._views: dict[int, SignalView] = {}
        self._found: dict[tuple[str, str, int], tuple[list[News], list[News]]] = {}
        self.feeds: set[str] = set()

    def take_signal(self, record: Signal) -> tuple[Signal | None, Signal] | None:
        """Return what it replaces and the record itself; None where it changes nothing."""
        hour = hour_of(record.event_time)
        before = self._newest.get(record.article_id)
        if record.event_time_reason is EventTimeReason.BACKFILL or (before and before.revision >= record.revision):
            return None
        if record.revised_at >= hour_start(hour) + DEADLINE or (self.now and self.now >= hour_start(hour) + DEADLINE):
            return None
        self._newest[record.article_id] = record
        self.forget()
        return before, record

    def take_coverage(self, record: Coverage) -> datetime | None:
        """Return engine time after it; None before every partition has spoken."""
        hour = hour_of(record.since)
        for feed in record.feeds if record.partition == 0 else ():
            due, done = self._polls.get((feed.feed_id, hour), (0, 0))
            self._polls[feed.feed_id, hour] = due + feed.polls_due, done + feed.polls_succeeded
            past = hour - 1
            while feed.reached_back_to is not None and hour_start(past) >= feed.reached_back_to:
                self._reached.add((feed.feed_id, past))
                past -= 1
        self.feeds = {feed.feed_id for feed in record.feeds}
        self._clocks[record.partition] = record.at
        self.forget()
        return min(self._clocks.values()) if len(self._clocks) == record.partitions else None

    def forget(self) -> None:
        """Something changed: nothing that was found holds."""
        self._found.clear()

    def hits(self, rule: Rule, record: Signal) -> Sequence[Hit]:
        """Return what ``rule`` finds in ``record``."""
        known = self._watches.get(rule.name)
        if known is None or known[0] != rule:
            known = self._watches[rule.name] = rule, compile_watch(rule)
        return known[1].hits_in(self._view(record))

    def keys(self, rule: Rule) -> list[str]:
        """Return every key ``rule`` found, as they appeared."""
        return list(dict.fromkeys(hit.key for record in self._newest.values() for hit in self.hits(rule, record)))

    def exposure(self, feed: str, hour: int) -> float:
        """Return the part of ``hour`` in which ``feed`` was seen; of an hour that has not ended, all of it."""
        if hour >= self.open or (feed, hour) in self._reached:
            return 1.0
        due, done = self._polls.get((feed, hour), (0, 0))
        return done / due if due else 0.0

    def coverage(self, first: int, last: int) -> float:
        """Return the mean exposure of all feeds over those hours."""
        hours = range(max(first, self.first), last + 1)
        return sum(self.exposure(feed, hour) for hour in hours for feed in self.feeds) / len(hours) / len(self.feeds)

    def news(self, rule: Rule, key: str, number: int) -> list[News]:
        """Return the articles that a detector of ``rule`` counts for ``key``; of a shift those of its part."""
        return [one for one in self._both(rule, key, number)[0] if one.in_part]

    def counts(self, rule: Rule, key: str, number: int, first: int, last: int, *, whole: bool = False) -> Counts:
        """Return what it counted from hour ``first`` to ``last``: a story counts in the hour of its first article.

        ``whole``: of a shift, what is not of the part too.
        """
        articles, stories = self._both(rule, key, number)
        inside = [one for one in articles if first <= one.hour <= last and (whole or one.in_part)]
        return Counts(
            stories=sum(first <= one.hour <= last and (whole or one.in_part) for one in stories),
            publishers=len({one.publisher for one in inside}),
            articles=len(inside),
        )

    def hourly(
        self, rule: Rule, key: str, number: int, first: int, last: int, *, unit: Unit, whole: bool = False
    ) -> int:
        """Return what is compared with a normal: of publishers those of each hour, added up."""
        if unit is not Unit.PUBLISHERS:
            return int(getattr(self.counts(rule, key, number, first, last, whole=whole), unit.value))
        every = [one for one in self._both(rule, key, number)[0] if whole or one.in_part]
        return len({(one.hour, one.publisher) for one in every if first <= one.hour <= last})

    def _both(self, rule: Rule, key: str, number: int) -> tuple[list[News], list[News]]:
        place = rule.name, key, number
        if place not in self._found:
            found = [one for record in self._newest.values() for one in self._of(rule, key, number, record)]
            self._found[place] = found, leaders(found)
        return self._found[place]

    def _of(self, rule: Rule, key: str, number: int, record: Signal) -> list[News]:
        hour, only = hour_of(record.event_time), rule.when[number].only
        hits = [hit for hit in self.hits(rule, record) if hit.key == key]
        if only is not None:
            hits = [h for h in hits if Narrowing(only, rule.watch.scope).holds(h.sentences, self._view(record))]
        if not hits or self.exposure(record.feed_id, hour) == 0.0:
            return []
        source, detector = record.source, rule.when[number]
        news = News(record.event_time, record.article_id, hour, source.publisher, source.country, record.fingerprint)
        if isinstance(detector, Shift):
            part = Narrowing(detector.to, rule.watch.scope)
            news = news._replace(in_part=any(part.holds(hit.sentences, self._view(record)) for hit in hits))
        return [news]

    def _view(self, record: Signal) -> SignalView:
        return self._views.setdefault(id(record), SignalView(record))
