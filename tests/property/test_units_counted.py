"""What ``of`` counts: a story once, in its first hour; a publisher once an hour, or once a window where floors ask; each article.

Every detector counts invented news (copies, groups, late, doubled, edited, withdrawn) by every unit, beside an account that is
done slowly from the records alone. Detectors that know a normal are compared with themselves on plain news as well: one story by
one publisher for each thing that is to be counted.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import get_args

import pytest

from alerts.engine import Engine
from alerts.engine_state import restore, snapshot
from alerts.lifecycle import Verdict
from alerts.rules.model import (
    Confirm,
    Cusum,
    Detector,
    Drop,
    Floors,
    New,
    PartOf,
    Ratio,
    Record,
    Sensitivity,
    Shift,
    Spike,
    Threshold,
    Unit,
    Zscore,
)
from alerts.standing import standings
from schemas.alert_event import Counts
from schemas.coverage import Coverage
from schemas.ids import hour_of
from schemas.reasons import ArticleStatus, EventTimeReason, Tone
from schemas.signal import Signal
from schemas.wire import SignalsRecord
from tests.streams.records import FEEDS, HOUR, activated, coverage, pair_rule, signal
from tests.streams.world import START, World

KEY = "AZE-RUS"
HOSTILE = PartOf(tones=(Tone.CONFLICT,))
LOW = Floors(stories=1, times=1.2)
HIGH = Sensitivity.HIGH
DAYS = 40
CALM = 37  # days of news as ever; then many times as much, or nothing: what a drop looks for

DETECTORS: tuple[Detector, ...] = (
    Spike(floors=LOW, sensitivity=HIGH),
    Shift(to=HOSTILE, window_h=24, part=1, floors=LOW, sensitivity=HIGH),
    Threshold(count=6, within_h=30),
    New(quiet_for_h=2, confirm=Confirm(within_h=30)),
    Drop(expected=2.0, floors=Floors(times=1.1), sensitivity=HIGH, windows_h=(24, 72)),
    Cusum(floors=LOW, sensitivity=HIGH),
    Ratio(floors=LOW, ratio=1.2),
    Zscore(floors=LOW, sd=1.0),
    Record(floors=LOW, baseline_h=24 * 28),
)
KINDS = [detector.kind for detector in DETECTORS]

#: The group that two of the six feeds belong to is one publisher.
PUBLISHER = {feed: group or feed for feed, _, group in FEEDS}
FEED_OF = {publisher: feed for feed, publisher in reversed(PUBLISHER.items())}


@dataclass(frozen=True)
class Told:
    """What counts of an article in the end: plain values, read off its records."""

    article_id: str
    at: datetime
    hour: int
    publisher: str
    wording: str
    hostile: bool


def news(seed: int, *, ends: str) -> list[SignalsRecord]:
    """Weeks of messy news on one pair that ``end`` in a burst, hostile and by everybody, or in silence."""
    r = random.Random(seed)
    world = World(r)
    for number in range(DAYS * 24):
        hour = START + number * HOUR
        rate = 0.35 if number < CALM * 24 else 2.4 if ends == "burst" else 0.02
        for _ in range(sum(r.random() < rate / 4 for _ in range(4))):
            made = world.article(hour, ("AZE", "RUS"))
            for copy in range(r.randrange(1, 4) if r.random() < 0.4 else 0):
                later = hour + copy * r.choice((0, 7, 40)) * HOUR
                if later < START + DAYS * 24 * HOUR:
                    world.article(later, ("AZE", "RUS"), wording=made.article_id)
        world.add(hour + HOUR, coverage(hour, reached_back_to=hour))
    found = [record for _, record in sorted(world.arrivals, key=lambda arrival: arrival[0])]
    end = max(place for place, record in enumerate(found) if isinstance(record, Coverage))
    burst = START + CALM * 24 * HOUR
    return [
        record.model_copy(update={"tone": Tone.CONFLICT, "sentences": hostile(record)})
        if isinstance(record, Signal) and record.event_time >= burst and number % 3
        else record
        for number, record in enumerate(found[: end + 1])
    ]


def hostile(record: Signal) -> tuple[object, ...]:
    """Return the sentences of ``record``, in a hostile tone."""
    return tuple(sentence.model_copy(update={"tone": Tone.CONFLICT}) for sentence in record.sentences)


@lru_cache
def records_of(ends: str) -> tuple[SignalsRecord, ...]:
    return tuple(news(11, ends=ends))


@lru_cache
def told(ends: str) -> tuple[Told, ...]:
    """Return what counts of the news, in order of time, found by reading every record once."""
    newest: dict[str, tuple[Signal, datetime]] = {}
    for record in records_of(ends):
        if not isinstance(record, Signal) or record.event_time_reason is EventTimeReason.BACKFILL:
            continue
        before = newest.get(record.article_id)
        if before is not None and record.revision <= before[0].revision:
            continue
        at = before[1] if before is not None else record.event_time
        if record.revised_at < START + (hour_of(at) - hour_of(START) + 25) * HOUR:
            newest[record.article_id] = (record, at)
    found = [
        Told(
            article,
            at,
            hour_of(at),
            PUBLISHER[record.feed_id],
            record.fingerprint,
            any(sentence.tone is Tone.CONFLICT for sentence in record.sentences),
        )
        for article, (record, at) in newest.items()
        if record.status is ArticleStatus.LIVE and any({p.source, p.target} == {"AZE", "RUS"} for p in record.pairs)
    ]
    return tuple(sorted(found, key=lambda one: (one.at, one.article_id)))


def leaders(articles: Sequence[Told]) -> set[str]:
    """Return the first article of each story: alike means the same wording here, and a story takes nothing in after 48 h."""
    first: dict[str, list[Told]] = {}
    for one in articles:
        stories = first.setdefault(one.wording, [])
        if not any(one.at - story.at <= timedelta(hours=48) for story in stories):
            stories.append(one)
    return {one.article_id for stories in first.values() for one in stories}


def slowly(ends: str, first_hour: int, last_hour: int, *, part: bool) -> Counts:
    """Return what a window holds, or what is hostile in it."""
    lead = leaders(told(ends))
    inside = [one for one in told(ends) if first_hour <= one.hour <= last_hour and (one.hostile or not part)]
    return Counts(
        stories=sum(one.article_id in lead for one in inside),
        publishers=len({one.publisher for one in inside}),
        articles=len(inside),
    )


def plainly(ends: str, unit: Unit) -> list[SignalsRecord]:
    """Return news of one story for each ``unit`` of each hour, told once, in time, and never touched again."""
    lead = leaders(told(ends))
    chosen: dict[object, Told] = {}
    for one in told(ends):
        if unit is Unit.STORIES and one.article_id not in lead:
            continue
        name: object = (one.hour, one.publisher) if unit is Unit.PUBLISHERS else one.article_id
        before = chosen.get(name)
        chosen[name] = one if before is None or one.hostile else before
    records: list[SignalsRecord] = []
    waiting = sorted(chosen.values(), key=lambda one: one.at)
    for record in records_of(ends):
        if isinstance(record, Coverage):
            while waiting and waiting[0].hour <= hour_of(record.since):
                one = waiting.pop(0)
                tone = Tone.CONFLICT if one.hostile else Tone.NEUTRAL
                records.append(signal(f"p{one.article_id}", one.at, feed=FEED_OF[one.publisher], tone=tone))
            records.append(record)
    return records


def end_for(kind: str) -> str:
    """Return what the news must end with for a detector to find something."""
    return "silence" if kind == "drop" else "burst"


def engine_of(ends: str, records: Sequence[SignalsRecord], unit: Unit) -> Engine:
    engine = Engine()
    detectors = [detector for detector in DETECTORS if end_for(detector.kind) == ends]
    rules = [pair_rule(detector.kind, detector.model_copy(update={"of": unit})) for detector in detectors]
    for offset, record in enumerate([activated(START, *rules), *records]):
        engine.step(offset, record)
    return engine


@lru_cache
def messy(ends: str, unit: Unit) -> Engine:
    return engine_of(ends, records_of(ends), unit)


@lru_cache
def plain(ends: str, unit: Unit) -> Engine:
    return engine_of(ends, plainly(ends, unit), Unit.STORIES)


def verdicts(engine: Engine, kind: str) -> list[Verdict]:
    """Return what a detector finds over the windows that end with each hour that may still be asked about."""
    assert engine.open is not None
    (track,) = engine.rules[kind].tracks
    return [track.verdict(KEY, hour) for hour in range(engine.open - 24, engine.open)]


def unit_of(counts: Counts, unit: Unit) -> int:
    return {Unit.STORIES: counts.stories, Unit.PUBLISHERS: counts.publishers, Unit.ARTICLES: counts.articles}[unit]


def test_the_news_have_what_the_law_is_about() -> None:
    records = [record for record in records_of("burst") if isinstance(record, Signal)]
    counting = {one.article_id: one for one in told("burst")}
    assert len(records) > len({record.revision for record in records}) > 400  # doubled
    assert any(record.status is ArticleStatus.WITHDRAWN for record in records)
    assert any(r.article_id not in counting for r in records if r.observed_at - r.event_time > 25 * HOUR)  # too late
    assert any(r.article_id in counting for r in records if r.observed_at - r.event_time > 10 * HOUR)  # late
    by_hour = {(one.hour, one.publisher) for one in counting.values()}
    assert len(leaders(told("burst"))) < len(by_hour) < len(counting)


@pytest.mark.parametrize("unit", list(Unit))
@pytest.mark.parametrize("kind", KINDS)
def test_a_window_holds_what_counting_slowly_finds(kind: str, unit: Unit) -> None:
    ends = end_for(kind)
    for verdict in verdicts(messy(ends, unit), kind):
        first, last = verdict.hour - verdict.window_h + 1, verdict.hour
        counts = slowly(ends, first, last, part=kind == "shift")
        assert verdict.counts == counts
        if unit is not Unit.PUBLISHERS or kind in ("threshold", "new"):
            assert verdict.count == unit_of(counts, unit)
        else:  # What is normal is known by the hour, so hours are what is added up.
            hours = [slowly(ends, hour, hour, part=kind == "shift") for hour in range(first, last + 1)]
            assert verdict.count == sum(of.publishers for of in hours)


@pytest.mark.parametrize("unit", list(Unit))
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("threshold", "new")])
def test_what_is_normal_is_that_of_the_unit(kind: str, unit: Unit) -> None:
    ends = end_for(kind)
    crossed = 0
    for mine, other in zip(verdicts(messy(ends, unit), kind), verdicts(plain(ends, unit), kind), strict=True):
        seen = (mine.hour, mine.window_h, mine.count, mine.expected, mine.score, mine.coverage)
        assert seen == (other.hour, other.window_h, other.count, other.expected, other.score, other.coverage)
        if mine.counts.stories or kind == "drop":  # All other floors ask for a story, which copies alone are none of.
            assert (mine.crossed, mine.calm) == (other.crossed, other.calm)
            crossed += mine.crossed
    assert crossed


@pytest.mark.parametrize("unit", list(Unit))
def test_thresholds_cross_by_their_unit(unit: Unit) -> None:
    for verdict in verdicts(messy("burst", unit), "threshold"):
        counts = slowly("burst", verdict.hour - 29, verdict.hour, part=False)
        assert verdict.crossed is (unit_of(counts, unit) >= 6)


@pytest.mark.parametrize("unit", list(Unit))
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_window_lacks_is_told_by_the_same_unit(kind: str, unit: Unit) -> None:
    engine = messy(end_for(kind), unit)
    (track,) = engine.rules[kind].tracks
    for verdict in verdicts(engine, kind):
        said = any(not standing.missing for standing in standings(engine.rules[kind], KEY, verdict.hour))
        assert said is bool(track.verdicts(KEY, verdict.hour, verdict.hour))


@pytest.mark.parametrize("unit", list(Unit))
@pytest.mark.parametrize("kind", KINDS)
def test_one_more_is_never_less_surprising_and_says_nothing_of_hours_before(kind: str, unit: Unit) -> None:
    """Whatever is counted: asked of an engine that went through a snapshot, which knows what it knew."""
    as_it_was = messy(end_for(kind), unit)
    engine = restore(snapshot(as_it_was))
    *earlier, before = verdicts(as_it_was, kind)
    assert verdicts(engine, kind) == [*earlier, before]
    told_by = {one.publisher for one in told(end_for(kind)) if one.hour == before.hour}
    feed = next(feed for feed in PUBLISHER if PUBLISHER[feed] not in told_by)
    at = START + (before.hour - hour_of(START)) * HOUR + timedelta(minutes=59)
    engine.step(10**6, signal("one-more", at, feed=feed, tone=Tone.CONFLICT))
    *same, after = verdicts(engine, kind)
    assert same == earlier
    by_window = unit is Unit.PUBLISHERS and kind in ("threshold", "new")  # There a publisher counts once a window.
    assert after.count - before.count in ((0, 1) if by_window else (1,))
    (least, least_crossed), (most, most_crossed) = ((one.score or 0.0, one.crossed) for one in (before, after))
    if kind == "drop":
        (least, least_crossed), (most, most_crossed) = (most, most_crossed), (least, least_crossed)
    assert most >= least
    assert most_crossed >= least_crossed


def test_every_detector_of_the_rule_language_is_here() -> None:
    every = {cls.model_fields["kind"].default for cls in get_args(get_args(Detector)[0])}
    assert {*KINDS} == every


@pytest.mark.parametrize("unit", list(Unit))
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("threshold", "new")])
def test_who_reads_an_alert_is_told_what_was_compared(kind: str, unit: Unit) -> None:
    rang = [verdict for verdict in verdicts(messy(end_for(kind), unit), kind) if verdict.crossed]
    assert rang
    for verdict in rang:
        if unit is Unit.STORIES and kind != "shift":
            assert verdict.told == ""
        else:
            words = f"{unit.value}, hour by hour" if unit is Unit.PUBLISHERS else unit.value
            assert str(verdict.count) in verdict.told.split()
            assert f" {words}" in verdict.told
