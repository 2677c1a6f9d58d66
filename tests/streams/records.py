"""One record at a time, short to write: signals on pairs, coverage of an hour, rules put into force."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from alerts.rules.model import (
    Detector,
    NamedActors,
    PairPart,
    Rule,
    RuleSet,
    Scope,
    Watch,
    WatchKind,
    rules_hash,
)
from schemas.article import Source
from schemas.control import RulesActivated
from schemas.coverage import Coverage, FeedCoverage
from schemas.fingerprint import encode
from schemas.ids import milliseconds
from schemas.reasons import ArticleStatus, EventTimeReason, FeedState, Prominence, Tone
from schemas.signal import ActorFound, PairFound, Sentence, Signal, ToneCounts

HOUR = timedelta(hours=1)

#: Feeds of the invented world: id, country, group.
FEEDS = (
    ("alfa", "AZE", None),
    ("bravo", "RUS", None),
    ("charlie", "GBR", "northern"),
    ("delta", "GBR", "northern"),
    ("echo", "UKR", None),
    ("foxtrot", "TUR", None),
)
FEED_IDS = tuple(feed for feed, _, _ in FEEDS)


def source_of(feed: str) -> Source:
    """Return the publisher of an invented feed."""
    country, group = next((c, g) for f, c, g in FEEDS if f == feed)
    return Source(id=feed, name=feed.title(), country=country, group=group)


def fingerprint_of(wording: str, *, changed: int = 0) -> str:
    """Return a fingerprint of ``wording`` of whose 64 values ``changed`` are other ones."""
    values = [random.Random(f"{wording}/{i}").getrandbits(32) for i in range(64)]
    for i in range(changed):
        values[(i * 7) % 64] = random.Random(f"{wording}/{changed}/{i}").getrandbits(32)
    return encode(values)


def signal(
    article_id: str,
    event_time: datetime,
    *,
    feed: str = "alfa",
    pair: tuple[str, str] | None = ("AZE", "RUS"),
    observed_at: datetime | None = None,
    revised_at: datetime | None = None,
    wording: str | None = None,
    tone: Tone = Tone.NEUTRAL,
    status: ArticleStatus = ArticleStatus.LIVE,
    reason: EventTimeReason = EventTimeReason.PUBLISHED,
) -> Signal:
    """Return the signal of a one-sentence article in which ``pair`` meets in the title."""
    observed = observed_at or event_time
    revised = revised_at or observed
    title = f"{article_id}: two sides meet"
    actors = tuple(
        ActorFound(id=a, type="country", mentions=1, prominence=Prominence.TITLE, sentences=(0,)) for a in pair or ()
    )
    pairs: tuple[PairFound, ...] = ()
    if pair is not None:
        one, other = sorted(pair)
        found = PairFound(
            source=one,
            target=other,
            directed=False,
            prominence=Prominence.TITLE,
            tones=ToneCounts(**{tone.value: 1}),
            mentions=1,
            sentences=(0,),
        )
        pairs = (found,)
    return Signal(
        article_id=article_id,
        revision=milliseconds(revised),
        revised_at=revised,
        status=status,
        source=source_of(feed),
        feed_id=feed,
        url=f"https://{feed}.example/{article_id}",
        title=title,
        text=title,
        language="en",
        observed_at=observed,
        event_time=event_time,
        event_time_reason=reason,
        extractor_version="invented",
        fingerprint=fingerprint_of(wording or article_id),
        tone=tone,
        sentences=(Sentence(start=0, end=len(title), tone=tone),),
        actors=actors if status is ArticleStatus.LIVE else (),
        pairs=pairs if status is ArticleStatus.LIVE else (),
    )


def coverage(
    since: datetime,
    at: datetime | None = None,
    *,
    feeds: Sequence[str] = FEED_IDS,
    failing: Sequence[str] = (),
    partition: int = 0,
    partitions: int = 1,
    reached_back_to: datetime | None = None,
) -> Coverage:
    """Return a full Coverage of a stretch (an hour unless ``at`` says otherwise) in which ``failing`` feeds did not answer."""
    return Coverage(
        since=since,
        at=at or since + HOUR,
        partition=partition,
        partitions=partitions,
        full=True,
        feeds=tuple(
            FeedCoverage(
                feed_id=feed,
                source=source_of(feed),
                state=FeedState.FAILING if feed in failing else FeedState.OK,
                polls_due=4,
                polls_succeeded=0 if feed in failing else 4,
                reached_back_to=None if feed in failing else (reached_back_to or since - HOUR),
            )
            for feed in feeds
        ),
    )


def pair_rule(name: str, *when: Detector, one: str = "AZE", other: str = "RUS") -> Rule:
    """Return a rule on one pair."""
    part = PairPart(
        one=(NamedActors(ids=(one,)),),
        other=(NamedActors(ids=(other,)),),
    )
    return Rule(name=name, watch=Watch(kind=WatchKind.PAIR, pair=part, scope=Scope.SENTENCE), when=when)


def activated(at: datetime, *rules: Rule) -> RulesActivated:
    """Return the record that puts ``rules`` into force."""
    compiled = RuleSet.of(*rules).compiled()
    return RulesActivated(rules_hash=rules_hash(compiled), text="# invented", compiled=compiled, activated_at=at)
