"""Scripted logs with a store beside them: twelve quiet days, then whatever a test says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from alerts.rules.model import Rule, Spike
from schemas.article import Article, Source
from schemas.dead_letter import DeadLetter, dead_letter_id
from schemas.ids import content_hash, milliseconds
from schemas.ports.log import Entry
from schemas.reasons import DeadLetterReason, EventTimeReason
from schemas.signal import Signal
from schemas.topics import ARTICLES, DEAD_LETTERS
from schemas.wire import SignalsRecord, encode
from tests.streams.deciding import Desk, desk_in
from tests.streams.records import FEED_IDS, HOUR, activated, coverage, pair_rule, signal
from tests.streams.world import START

#: Hours of quiet before anything happens.
QUIET_H = 12 * 24

RULE = pair_rule("baku-moscow", Spike())


def at(hour: float) -> datetime:
    """Return a moment ``hour`` hours after the quiet days."""
    return START + (QUIET_H + hour) * HOUR


@dataclass
class Script:
    """What happens, by the time it reaches ``signals``."""

    rules: Sequence[Rule] = (RULE,)
    hours: int = 30
    failing: Callable[[int], Sequence[str]] = lambda hour: ()
    feeds: Callable[[int], Sequence[str]] = lambda hour: FEED_IDS
    background: bool = True
    arrivals: list[tuple[datetime, SignalsRecord]] = field(default_factory=list)

    def put(self, *signals: Signal) -> Script:
        """Let ``signals`` arrive when they were revised."""
        self.arrivals.extend((one.revised_at, one) for one in signals)
        return self

    def burst(self, hour: float, count: int, *, feeds: Sequence[str] = FEED_IDS, name: str = "b") -> Script:
        """Let ``count`` articles on the pair of the rule arrive, a minute between two."""
        moments = [at(hour) + timedelta(minutes=n) for n in range(count)]
        return self.put(*(signal(f"{name}{n}", m, feed=feeds[n % len(feeds)]) for n, m in enumerate(moments)))

    def records(self) -> list[SignalsRecord]:
        """Return the records in order."""
        found = list(self.arrivals)
        found.append((START - timedelta(seconds=1), activated(START, *self.rules)))
        for number in range(QUIET_H + self.hours):
            since = START + number * HOUR
            failing, feeds = self.failing(number - QUIET_H), self.feeds(number - QUIET_H)
            polled = coverage(since, feeds=feeds, failing=failing, reached_back_to=since)
            found.append((since + HOUR, polled))
            if self.background and number < QUIET_H and number % 12 == 5:
                moment = since + timedelta(minutes=20)
                found.append((moment, signal(f"q{number}", moment, feed=FEED_IDS[number // 12 % len(FEED_IDS)])))
        return [record for _, record in sorted(found, key=lambda one: one[0])]

    def desk(self, folder: Path, articles: Sequence[Article] = ()) -> Desk:
        """Return a desk that has decided all of it, with ``articles`` on their own topic."""
        desk = desk_in(folder, self.records())
        with desk.log() as log:
            log.create_topic(ARTICLES, 1)
            if articles:
                log.append(ARTICLES, [Entry(0, encode(article)) for article in articles])
        desk.decide()
        return desk


def article(article_id: str, moment: datetime, title: str, *, feed: str = "alfa") -> Article:
    """Return an article as the poller writes it."""
    return Article(
        article_id=article_id,
        revision=milliseconds(moment),
        revised_at=moment,
        source=Source(id=feed, name=feed.title()),
        feed_id=feed,
        url=f"https://{feed}.example/{article_id}",
        title=title,
        observed_at=moment,
        event_time=moment,
        event_time_reason=EventTimeReason.PUBLISHED,
        published_at=moment,
        content_hash=content_hash(title, "", ""),
    )


def refuse(desk: Desk, lost: Article, when: datetime) -> None:
    """Have ``lost``, the first article of the log of ``desk``, lie in the dead letters: extraction failed."""
    letter = DeadLetter(
        dead_letter_id=dead_letter_id("log", ARTICLES, 0, 0),
        stage="extract",
        reason=DeadLetterReason.EXTRACTION_FAILED,
        error="the model would not",
        topic=ARTICLES,
        partition=0,
        offset=0,
        article_id=lost.article_id,
        original=encode(lost),
        original_bytes=1,
        recorded_at=when,
    )
    with desk.log() as log:
        log.append(DEAD_LETTERS, [Entry(0, encode(letter))])
