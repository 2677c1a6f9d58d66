"""The engine over whole invented streams: every kind of event occurs, and restarting anywhere changes nothing."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

import pytest

from alerts.engine import Engine
from alerts.engine_state import restore, snapshot
from schemas.alert_event import AlertEvent, Decision
from schemas.reasons import EventKind, EventReason
from schemas.signal import Signal
from schemas.wire import SignalsRecord
from tests.streams.world import invented_stream


def decided(stream: list[SignalsRecord], restarts: Collection[int] = ()) -> list[Decision]:
    """Return what an engine decides that is packed and unpacked before each of ``restarts``."""
    engine = Engine()
    decisions: list[Decision] = []
    for offset, record in enumerate(stream):
        if offset in restarts:
            engine = restore(snapshot(engine))
        decisions.extend(engine.step(offset, record, partial(enumerate, stream[:offset])))
    return decisions


@pytest.fixture(scope="module")
def streams() -> list[list[SignalsRecord]]:
    return [invented_stream(seed) for seed in range(4)]


@pytest.fixture(scope="module")
def straight(streams: list[list[SignalsRecord]]) -> list[list[Decision]]:
    """What each stream gives an engine that nothing disturbs."""
    return [decided(stream) for stream in streams]


def test_the_streams_hold_what_the_laws_are_about(straight: list[list[Decision]]) -> None:
    events = [decision.event for decisions in straight for decision in decisions]
    kinds = {event.event for event in events}
    assert kinds >= {
        EventKind.OPENED,
        EventKind.RESOLVED,
        EventKind.ESCALATED,
        EventKind.PENDING,
        EventKind.SUBSIDED,
        EventKind.REMINDED,
        EventKind.UPDATED,
        EventKind.BLIND,
        EventKind.SIGHTED,
        EventKind.RULE_READY,
        EventKind.RULE_REMOVED,
    }
    opened = [event for event in events if event.event is EventKind.OPENED]
    assert {event.detector for event in opened} == {"spike", "threshold", "new"}
    assert {EventReason.LEARNING, EventReason.CROSSED, EventReason.SCHEDULE_BEGAN} <= {event.reason for event in opened}


def test_every_event_names_what_rang(straight: list[list[Decision]]) -> None:
    for decision in (decision for decisions in straight for decision in decisions):
        event = decision.event
        assert tuple(e.evidence_hash() for e in decision.evidence) == event.evidence
        if event.event is EventKind.OPENED:
            assert event.window is not None
            lasts = event.rule == "patient"
            assert lasts or event.window.start <= event.crossing < event.window.end  # type: ignore[operator]
            assert decision.evidence
            assert all(event.window.start <= e.event_time < event.window.end for e in decision.evidence)
            assert min(30, event.counts.stories) == len({e.story for e in decision.evidence if e.story == e.article_id})
        if event.detector == "spike":
            assert event.expected is not None
            assert event.score is not None


def test_restarts_change_no_byte(streams: list[list[SignalsRecord]], straight: list[list[Decision]]) -> None:
    for number, (stream, whole) in enumerate(zip(streams, straight, strict=True)):
        assert decided(stream, restarts=range(11 * number, len(stream), 47)) == whole


def test_chains_have_no_gap(straight: list[list[Decision]]) -> None:
    last: dict[str, AlertEvent] = {}
    for decision in straight[0]:
        event = decision.event
        before = last.get(event.rule)
        assert event.seq == (before.seq + 1 if before else 1)
        assert event.previous == (before.chain_hash() if before else "")
        last[event.rule] = event


def test_an_article_twice_is_the_article_once(
    streams: list[list[SignalsRecord]], straight: list[list[Decision]]
) -> None:
    stream = streams[1]
    doubled = [copy for record in stream for copy in ([record] * 2 if isinstance(record, Signal) else [record])]
    assert [d.event for d in decided(doubled)] == [d.event for d in straight[1]]
