"""The engine tells what a slow decider, written from the pages alone, tells of the same records, and in the same places."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest

from alerts.engine import Engine
from alerts.engine_state import restore, snapshot
from schemas.alert_event import AlertEvent, Counts
from schemas.ids import hour_of
from schemas.reasons import EventKind
from tests.property.slow_decider import SlowDecider, Told
from tests.streams.small_worlds import SmallWorld

#: Of these the window and its counts are compared too.
_COUNTED = (EventKind.OPENED, EventKind.ESCALATED, EventKind.UPDATED, EventKind.PENDING)


def told(event: AlertEvent) -> Told:
    crossing = hour_of(event.crossing) if event.crossing is not None else None
    about = Told(event.event, event.reason, event.rule, event.key, event.at, event.mode, crossing)
    if event.key:
        about = about._replace(severity=event.severity)
    hours = event.window.hours if event.window is not None else 0
    return about._replace(
        detector=event.detector, hours=hours, counts=event.counts, expected=event.expected, score=event.score
    )


def compared(events: list[Told]) -> list[Told]:
    """Return them by rule and key, without what is not compared."""
    short = [
        one._replace(
            detector=one.detector if one.event in _COUNTED else "",
            hours=one.hours if one.event in _COUNTED else 0,
            counts=one.counts if one.event in _COUNTED else Counts(),
            expected=one.expected if one.event in _COUNTED else None,
            score=one.score if one.event in _COUNTED else None,
            crossing=None if one.event is EventKind.SUBSIDED else one.crossing,
        )
        for one in events
    ]
    return sorted(short, key=lambda one: (one.rule, one.key, one.event, one.reason))


def differences(world: SmallWorld) -> tuple[int, list[str]]:
    """Return how many events there were, and what differs at the first record at which something does.

    The engine is packed and unpacked now and then, as by a restart.
    """
    engine, slow, events = Engine(), SlowDecider(), 0
    for offset, record in enumerate(world.records):
        if offset % 31 == 30:
            engine = restore(snapshot(engine))
        decided = engine.step(offset, record, partial(enumerate, world.records[:offset]))
        fast, plain = compared([told(decision.event) for decision in decided]), compared(slow.step(record))
        if fast != plain:
            return events, [f"record {offset}", *(f"engine: {e}" for e in fast), *(f"slow: {e}" for e in plain)]
        events += len(fast)
    return events, []


@pytest.mark.parametrize(
    ("kinds", "seeds", "least"),
    [(("threshold",), (*range(14), 99, 181, 255), 150), (("new", "threshold"), (*range(100, 108), 182), 60)],
    ids=["threshold", "new"],
)
def test_the_engine_tells_what_the_pages_promise(kinds: tuple[str, ...], seeds: Sequence[int], least: int) -> None:
    events = 0
    for seed in seeds:
        told_of, differing = differences(SmallWorld(seed, kinds))
        assert not differing, "\n".join([f"seed {seed}", *differing])
        events += told_of
    assert events >= least


def test_a_spike_among_them() -> None:
    told_of, differing = differences(SmallWorld(204, ("spike",), days=8, feeds_fail=False))
    assert not differing, "\n".join(differing)
    assert told_of >= 15


@pytest.mark.parametrize(
    ("kinds", "seed", "days"), [(("ratio", "zscore", "record"), 205, 10), (("shift",), 15, 11)], ids=["plain", "shift"]
)
def test_those_beside_a_spike(kinds: tuple[str, ...], seed: int, days: int) -> None:
    told_of, differing = differences(SmallWorld(seed, kinds, days=days, feeds_fail=False))
    assert not differing, "\n".join(differing)
    assert told_of >= 6
