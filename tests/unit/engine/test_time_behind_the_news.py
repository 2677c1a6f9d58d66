"""Engine time may stand still while news goes on (a stalled partition, polls far apart): it costs no count and no rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from alerts.engine import Engine
from alerts.rules.model import Spike, Threshold
from schemas.alert_event import AlertEvent
from schemas.reasons import EventKind
from schemas.wire import SignalsRecord
from tests.streams.records import HOUR, activated, coverage, pair_rule, signal

START = datetime(2025, 3, 3, tzinfo=UTC)


def events_of(stream: list[SignalsRecord]) -> list[AlertEvent]:
    engine = Engine()
    return [decision.event for offset, record in enumerate(stream) for decision in engine.step(offset, record)]


def steady_stream(days: int, *, hours_at_once: int) -> list[SignalsRecord]:
    """One story every third hour, then two dozen in an hour; coverage comes for ``hours_at_once`` at a time."""
    rule = pair_rule("steady", Spike())
    stream: list[SignalsRecord] = [activated(START, rule), coverage(START - HOUR, reached_back_to=START - HOUR)]
    feeds = ("alfa", "bravo", "charlie", "echo", "foxtrot")
    burst = days * 24 - 12
    for first in range(0, days * 24, hours_at_once):
        block = range(first, first + hours_at_once)
        for hour in block:
            numbers = range(24 if hour == burst else int(hour % 3 == 0))
            stream += [
                signal(f"{hour}-{n}", START + hour * HOUR + timedelta(minutes=5 + n), feed=feeds[(hour + n) % 5])
                for n in numbers
            ]
        stream += [coverage(START + hour * HOUR) for hour in block]
    return stream


def test_news_ahead_of_engine_time_is_learnt_and_scored_like_news_in_time() -> None:
    in_time, ahead = (events_of(steady_stream(10, hours_at_once=hours)) for hours in (1, 6))
    opened = [[e for e in events if e.event is EventKind.OPENED] for events in (in_time, ahead)]
    assert len(opened[0]) == 1
    assert [(e.crossing, e.expected, e.score, e.counts) for e in opened[1]] == [
        (e.crossing, e.expected, e.score, e.counts) for e in opened[0]
    ]


def test_a_crossing_within_the_rest_opens_nothing_once_the_rest_is_over() -> None:
    rule = pair_rule("word", Threshold(count=2, within_h=6, cooldown_h=24, resolve_after_h=12))
    stream: list[SignalsRecord] = [activated(START, rule), coverage(START - HOUR, reached_back_to=START - HOUR)]
    # Rings at once, is over after six hours and twelve, and crosses again in the rest after that; later one more comes.
    news = {1: 2, 30: 2, 45: 1}
    for hour in range(24 * 6):
        stream += [
            signal(f"{hour}-{n}", START + hour * HOUR + timedelta(minutes=5 + n)) for n in range(news.get(hour, 0))
        ]
        stream.append(coverage(START + hour * HOUR))
    alerts = [(event.event, event.at) for event in events_of(stream) if event.alert_id]
    assert [kind for kind, _ in alerts] == [EventKind.OPENED, EventKind.RESOLVED]
    resting_since = alerts[1][1]
    assert resting_since < START + 30 * HOUR < START + 36 * HOUR < resting_since + 24 * HOUR
