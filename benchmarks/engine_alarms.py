"""The engine itself over invented counts: each story an article of its own feed and pair, one rule for every pair, alerts out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from alerts.engine import Engine
from alerts.rules.model import AnyActor, Budget, PairPart, Rule, RuleSet, Scope, Spike, Watch, WatchKind, rules_hash
from benchmarks.news_simulation import Counts
from schemas.article import Source
from schemas.control import RulesActivated
from schemas.coverage import Coverage, FeedCoverage
from schemas.ids import milliseconds
from schemas.reasons import ArticleStatus, EventKind, EventTimeReason, FeedState, Prominence
from schemas.signal import ActorFound, PairFound, Signal, ToneCounts
from schemas.wire import SignalsRecord

#: A Monday, 00:00 UTC, as hour 0 of invented news is.
START = datetime(2025, 1, 6, tzinfo=UTC)
FEEDS = 60

_HOUR = timedelta(hours=1)
_SOURCES = [Source(id=f"feed-{n:02d}", name=f"feed-{n:02d}", country="USA") for n in range(FEEDS)]


def engine_alarms(counts: Counts, false_alarms: float, random: np.random.Generator) -> list[tuple[str, int]]:
    """Return (key, hour) of every alert that opens over ``counts`` with a budget of so many ``false_alarms`` a month."""
    engine, opened = Engine(), []
    for offset, record in enumerate(_records(counts, false_alarms, random)):
        for decision in engine.step(offset, record):
            event = decision.event
            if event.event is EventKind.OPENED:
                opened.append((event.key, (event.at - START) // _HOUR))
    assert len(engine.rules["every-pair"].keys) == int((counts.sum(axis=1) > 0).sum()), "the rule refused keys"
    return opened


def _records(counts: Counts, false_alarms: float, random: np.random.Generator) -> Iterator[SignalsRecord]:
    """Yield the rule, then hour by hour the stories in the order of their minutes and the Coverage that ends the hour."""
    part = PairPart(one=(AnyActor(),), other=(AnyActor(),))
    watch = Watch(kind=WatchKind.PAIR, pair=part, scope=Scope.SENTENCE)
    spike = Spike(sensitivity=None, budget=Budget(false_alarms_per_month=false_alarms))
    every = Rule(name="every-pair", watch=watch, when=(spike,), max_keys=len(counts) + 1, limit=len(counts))
    compiled = RuleSet.of(every).compiled()
    yield RulesActivated(rules_hash=rules_hash(compiled), text="# invented", compiled=compiled, activated_at=START)
    yield _coverage(START - _HOUR)
    number = 0
    for hour in range(counts.shape[1]):
        since = START + hour * _HOUR
        (some,) = np.nonzero(counts[:, hour])
        keys = np.repeat(some, counts[some, hour].astype(np.int64))
        seconds, feeds = random.integers(0, 3600, len(keys)), random.integers(0, FEEDS, len(keys))
        for at in np.argsort(seconds, kind="stable"):
            moment = since + timedelta(seconds=int(seconds[at]))
            yield _story(number, int(keys[at]), moment, _SOURCES[int(feeds[at])])
            number += 1
        yield _coverage(since)


def _coverage(since: datetime) -> Coverage:
    rows = tuple(
        FeedCoverage(
            feed_id=source.id, source=source, state=FeedState.OK, polls_due=4, polls_succeeded=4, reached_back_to=since
        )
        for source in _SOURCES
    )
    return Coverage(since=since, at=since + _HOUR, partition=0, partitions=1, full=True, feeds=rows)


def _story(number: int, key: int, moment: datetime, source: Source) -> Signal:
    pair = (f"A{key:05d}", f"B{key:05d}")
    actors = tuple(
        ActorFound(id=actor, type="company", mentions=1, prominence=Prominence.TITLE, sentences=(0,)) for actor in pair
    )
    found = PairFound(
        source=pair[0],
        target=pair[1],
        directed=False,
        prominence=Prominence.TITLE,
        tones=ToneCounts(neutral=1),
        mentions=1,
        sentences=(0,),
    )
    return Signal(
        article_id=f"{number:024x}",
        revision=milliseconds(moment),
        revised_at=moment,
        status=ArticleStatus.LIVE,
        source=source,
        feed_id=source.id,
        url=f"https://{source.id}.example/{number}",
        title="two sides meet",
        text="two sides meet",
        language="en",
        observed_at=moment,
        event_time=moment,
        event_time_reason=EventTimeReason.PUBLISHED,
        extractor_version="invented",
        sentences=(),
        actors=actors,
        pairs=(found,),
    )
