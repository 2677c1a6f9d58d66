"""A timeline test → records of ``signals`` in order: quiet weeks, then what is pushed, with coverage all the way.

The same test gives the same records on every machine: chance comes from its seed alone.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from alerts.rules.model import Rule, RuleSet, rules_hash
from alerts.rules.timeline_model import Expectation, Outage, Push, Timeline
from pipelines.rule_tests.subjects import Extract, Names, Subject, subject_of
from schemas.article import Source
from schemas.control import RulesActivated
from schemas.coverage import Coverage, FeedCoverage
from schemas.fingerprint import encode
from schemas.ids import milliseconds
from schemas.reasons import FeedState, Tone
from schemas.signal import Signal
from schemas.wire import SignalsRecord

#: Countries of the background's publishers, in turn.
_COUNTRIES = ("GBR", "USA", "FRA", "DEU", "TUR", "RUS", "AZE", "UKR", "POL", "ITA", "JPN", "IND")

#: How often the background meets in conflict, in cooperation, or neither.
_TONES = (Tone.CONFLICT, Tone.COOPERATION, Tone.NEUTRAL, Tone.NEUTRAL, Tone.NEUTRAL)

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class _Arrival:
    at: datetime
    signal: Signal


def start_of(timeline: Timeline) -> datetime:
    """Return the moment the timeline's times count from."""
    return datetime.combine(timeline.starts, time(), tzinfo=UTC)


def stream_of(timeline: Timeline, rules: Sequence[Rule], names: Names, extract: Extract) -> Iterator[SignalsRecord]:
    """Yield the records. The log ends an hour after the last thing that is expected or pushed."""
    start = start_of(timeline)
    begins = start - timedelta(days=timeline.background.days) - _HOUR
    outlets = _background_outlets(timeline.background.publishers)
    pushes = [step for step in timeline.steps if isinstance(step, Push)]
    subjects = [subject_of(push, start + timedelta(minutes=push.at), names, extract) for push in pushes]
    arrivals = [
        *_background(timeline, _distinct(pushes, subjects), outlets, begins + _HOUR, start),
        *(
            arrival
            for push, subject, name in zip(pushes, subjects, _names_of(pushes), strict=True)
            for arrival in _pushed(push, subject, name, outlets, start)
        ),
    ]
    arrivals.sort(key=lambda arrival: (arrival.at, arrival.signal.article_id))
    compiled = RuleSet.of(*rules).compiled()
    yield RulesActivated(rules_hash=rules_hash(compiled), text="", compiled=compiled, activated_at=begins)
    everyone = _everyone(timeline, outlets)
    yield from _with_coverage(arrivals, everyone, _outages(timeline, outlets, start), begins, _end(timeline, start))


def _end(timeline: Timeline, start: datetime) -> datetime:
    last = 0
    for step in timeline.steps:
        if isinstance(step, Push):
            last = max(last, step.at + step.over)
        else:
            last = max(last, step.last if isinstance(step, Expectation) else step.until)
    return start + timedelta(hours=math.ceil(last / 60) + 1)


# -- who writes ---------------------------------------------------------------------------------------------------------


def _background_outlets(number: int) -> tuple[Source, ...]:
    names = [f"publisher-{n}" for n in range(1, number + 1)]
    return tuple(Source(id=n, name=n, country=_COUNTRIES[i % len(_COUNTRIES)]) for i, n in enumerate(names))


def _chosen(sources: int | tuple[Source, ...], outlets: tuple[Source, ...]) -> tuple[Source, ...]:
    if isinstance(sources, int):
        return outlets[:sources] if sources else outlets
    known = {outlet.id: outlet for outlet in outlets}
    return tuple(known.get(source.id, source) for source in sources)


def _everyone(timeline: Timeline, outlets: tuple[Source, ...]) -> list[Source]:
    """Return every publisher of the test: those a step names were there all along, and brought nothing."""
    found = {outlet.id: outlet for outlet in outlets}
    for step in timeline.steps:
        if not isinstance(step, Expectation):
            for source in _chosen(step.sources, outlets):
                found.setdefault(source.id, source)
    return list(found.values())


# -- what is written ----------------------------------------------------------------------------------------------------


def _distinct(pushes: Sequence[Push], subjects: Sequence[Subject]) -> list[Subject]:
    """Return each subject once: two pushes on one pair have one background."""
    found = {(push.text, push.meeting, push.topics): subject for push, subject in zip(pushes, subjects, strict=True)}
    return list(found.values())


def _background(
    timeline: Timeline, subjects: Sequence[Subject], outlets: tuple[Source, ...], first: datetime, before: datetime
) -> Iterator[_Arrival]:
    rate = timeline.background.stories_per_hour
    for number, subject in enumerate(subjects):
        r = random.Random(f"{timeline.background.seed}/{number}")
        hour = first
        while hour < before:
            for story in range(_poisson(r, rate)):
                at = hour + timedelta(seconds=r.randrange(3600))
                wording = f"background/{number}/{hour.isoformat()}/{story}"
                yield _Arrival(at, _copy(subject.toned(r.choice(_TONES)), wording, wording, r.choice(outlets), at))
            hour += _HOUR


def _names_of(pushes: Sequence[Push]) -> Iterator[str]:
    """Yield what the articles of each push are called by: its line, and a number from the second one of a line on."""
    on_line: Counter[int] = Counter()
    for push in pushes:
        on_line[push.line] += 1
        yield f"line-{push.line}" + (f".{on_line[push.line]}" if on_line[push.line] > 1 else "")


def _pushed(
    push: Push, subject: Subject, name: str, outlets: tuple[Source, ...], start: datetime
) -> Iterator[_Arrival]:
    sources = _chosen(push.sources, outlets)
    finding = subject.toned(push.tone)
    for n in range(push.articles):
        # Copies of a story come after its first: the n-th article tells story n modulo their number.
        at = start + timedelta(minutes=push.at) + timedelta(minutes=push.over) * n / push.articles
        article, wording = f"{name}/{n:05d}", f"{name}/{n % push.stories}"
        yield _Arrival(at, _copy(finding, article, wording, sources[n % len(sources)], at))


def _copy(finding: Signal, article: str, wording: str, source: Source, at: datetime) -> Signal:
    at = at.replace(microsecond=0)
    return finding.model_copy(
        update={
            "article_id": article,
            "revision": milliseconds(at),
            "revised_at": at,
            "observed_at": at,
            "event_time": at,
            "source": source,
            "feed_id": source.id,
            "url": f"https://{source.id}.example/{article}",
            "fingerprint": _fingerprint(wording),
        }
    )


def _fingerprint(wording: str) -> str:
    r = random.Random(wording)
    return encode([r.getrandbits(32) for _ in range(64)])


def _poisson(r: random.Random, mean: float) -> int:
    """Return a Poisson number, by Knuth's product of uniforms."""
    limit, product, count = math.exp(-mean), r.random(), 0
    while product > limit:
        product *= r.random()
        count += 1
    return count


# -- who is polled ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Silence:
    first: datetime
    until: datetime
    feeds: frozenset[str]


def _outages(timeline: Timeline, outlets: tuple[Source, ...], start: datetime) -> list[_Silence]:
    return [
        _Silence(
            start + timedelta(minutes=step.at),
            start + timedelta(minutes=step.until),
            frozenset(source.id for source in _chosen(step.sources, outlets)),
        )
        for step in timeline.steps
        if isinstance(step, Outage)
    ]


def _with_coverage(
    arrivals: Sequence[_Arrival],
    everyone: Sequence[Source],
    outages: Sequence[_Silence],
    begins: datetime,
    end: datetime,
) -> Iterator[SignalsRecord]:
    """Yield coverage at each full hour, and just before each article, so that engine time is the time of what happens."""
    last, waiting = begins, iter([*arrivals, None])
    arrival = next(waiting)
    hour = begins
    while hour < end:
        while arrival is not None and arrival.at < hour + _HOUR:
            if arrival.at > last:
                yield Coverage(since=last, at=arrival.at, partition=0, partitions=1, full=False)
                last = arrival.at
            if not _is_down(arrival, outages):
                yield arrival.signal
            arrival = next(waiting)
        down = {feed for o in outages if o.first < hour + _HOUR and o.until > hour for feed in o.feeds}
        yield _full(last, hour + _HOUR, everyone, down)
        last = hour = hour + _HOUR


def _is_down(arrival: _Arrival, outages: Sequence[_Silence]) -> bool:
    return any(o.first <= arrival.at < o.until and arrival.signal.feed_id in o.feeds for o in outages)


def _full(since: datetime, at: datetime, everyone: Sequence[Source], down: set[str]) -> Coverage:
    return Coverage(
        since=since,
        at=at,
        partition=0,
        partitions=1,
        full=True,
        feeds=tuple(
            FeedCoverage(
                feed_id=source.id,
                source=source,
                state=FeedState.FAILING if source.id in down else FeedState.OK,
                polls_due=4,
                polls_succeeded=0 if source.id in down else 4,
                reached_back_to=None if source.id in down else since,
            )
            for source in everyone
        ),
    )
