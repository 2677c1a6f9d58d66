"""A rule that rests over ends of hours is, byte for byte, what it would be had it closed each of them."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from functools import partial

import pytest

from alerts.engine import Engine
from alerts.engine_state import snapshot
from alerts.key_moves import KeyMove
from alerts.resting import Resting
from alerts.rule_state import RuleState
from alerts.rules.model import (
    AnyActor,
    Budget,
    Floors,
    NamedActors,
    PairPart,
    Scope,
    Spike,
    Threshold,
    Watch,
    WatchKind,
)
from alerts.tracks.port import Exposure
from schemas.ids import hour_of
from schemas.reasons import EventKind
from schemas.wire import SignalsRecord
from tests.streams.records import FEED_IDS, HOUR, activated, coverage, pair_rule, signal
from tests.streams.world import START

DAYS = 24
ACTORS = ("AZE", "RUS", "GBR", "UKR", "ARM")

_OF_ARMENIA = PairPart(one=(NamedActors(ids=("ARM",)),), other=(AnyActor(),))

RULES = (
    pair_rule("a-calm", Spike()),
    pair_rule("b-busy", Spike(floors=Floors(stories=3, publishers=2, times=2.0)), one="GBR", other="UKR"),
    pair_rule("c-silent", Spike(), one="ARM", other="GBR"),
    pair_rule("d-two", Spike(floors=Floors(stories=2, publishers=2)), Spike(windows_h=(12,)), one="ARM", other="AZE"),
    pair_rule("e-long", Spike(windows_h=(6, 72)), one="ARM", other="RUS"),
    pair_rule("f-counts", Threshold(count=2, within_h=6), one="ARM", other="UKR"),
    pair_rule("h-budget", Spike(sensitivity=None, budget=Budget(false_alarms_per_month=0.01))).model_copy(
        update={"watch": Watch(kind=WatchKind.PAIR, pair=_OF_ARMENIA, scope=Scope.SENTENCE)}
    ),
)


def stream_of(seed: int) -> list[SignalsRecord]:
    """Weeks with few articles and some bursts; feeds fail for a time or all at once, are restored, come, leave, come back."""
    r = random.Random(seed)
    arrivals: list[tuple[datetime, int, SignalsRecord]] = []
    late_feed, gone = FEED_IDS[-1], range(9 * 24 + 5, 14 * 24 + 7)
    failing: dict[str, int] = {}
    bursts = [r.randrange(7 * 24, DAYS * 24 - 48) for _ in range(3)]
    for number in range(DAYS * 24):
        hour = START + number * HOUR
        there = [feed for feed in FEED_IDS if feed != late_feed or number >= 3 * 24 + 2]
        there = [feed for feed in there if feed != FEED_IDS[1] or number not in gone]
        if r.random() < 0.02:
            for feed in r.sample(there, r.choice((1, 1, 2, len(there)))):
                failing[feed] = number + r.randrange(1, 8)
        down = [feed for feed in there if failing.get(feed, -1) >= number]
        reach = hour - r.choice((1, 1, 9, 40)) * HOUR if r.random() < 0.1 else None
        arrivals.append((hour + HOUR, 0, coverage(hour, feeds=there, failing=down, reached_back_to=reach)))
        for one, other in (("AZE", "RUS"), ("GBR", "UKR"), ("ARM", "AZE"), ("ARM", "RUS"), ("ARM", "UKR")):
            rate = 0.04 if one == "ARM" else 0.08
            count = sum(r.random() < rate for _ in range(8 if any(0 <= number - b < 6 for b in bursts) else 1))
            for _ in range(count * r.choice((1, 1, 3))):
                event = hour + timedelta(minutes=r.randrange(60))
                late = timedelta(minutes=r.choice((1, 5, 50, 400, 1400)))
                name = f"a{len(arrivals):05d}"
                made = signal(name, event, feed=r.choice(there), pair=(one, other), observed_at=event + late)
                arrivals.append((made.observed_at, 1, made))
    arrivals.sort(key=lambda arrival: (arrival[0], arrival[1]))
    return [activated(START, *RULES), *(record for _, _, record in arrivals)]


def stepped(records: list[SignalsRecord], looks: int) -> tuple[list[bytes], list[bytes]]:
    """Return the events, and what the engine is at every so many records."""
    engine, events, states = Engine(), [], []
    for offset, record in enumerate(records):
        decisions = engine.step(offset, record, partial(enumerate, records[:offset]))
        events += [decision.event.model_dump_json().encode() for decision in decisions]
        if offset % looks == looks - 1:
            states.append(snapshot(engine))
    return events, [*states, snapshot(engine)]


@pytest.mark.parametrize("seed", range(4))
def test_a_rule_that_rests_is_what_it_would_be_awake(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    passed_over = 0
    catch_up = RuleState.catch_up

    def counted(state: RuleState, hours: range, ended: Exposure) -> None:
        nonlocal passed_over
        passed_over += len(hours)
        catch_up(state, hours, ended)

    records, looks = stream_of(seed), 97
    with monkeypatch.context() as patched:
        patched.setattr(RuleState, "catch_up", counted)
        rested = stepped(records, looks)
    with monkeypatch.context() as patched:
        patched.setattr(Resting, "lie_down", lambda *_: None)
        awake = stepped(records, looks)
    assert passed_over > DAYS * 24  # hours of rules: more than one of the seven rests
    kinds = {kind for kind in EventKind if any(f'"event":"{kind.value}"'.encode() in event for event in awake[0])}
    assert {EventKind.OPENED, EventKind.RESOLVED} <= kinds
    assert rested[0] == awake[0]
    assert rested[1] == awake[1]


@pytest.mark.parametrize("comes", [True, False])
def test_a_change_of_feeds_changes_nothing_of_the_hours_passed_over(
    comes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A feed fails in the morning of a day on whose afternoon another one comes, or leaves."""
    records: list[SignalsRecord] = [activated(START, *RULES)]
    for number in range(14 * 24):
        hour, later = START + number * HOUR, number >= 12 * 24 + 15
        there = [feed for feed in FEED_IDS if feed != FEED_IDS[1] or later is comes]
        failing = FEED_IDS[:1] if 12 * 24 + 3 <= number <= 12 * 24 + 10 else ()
        if number % 9 == 0:
            event = hour + timedelta(minutes=5)
            records.append(signal(f"s{number}", event, feed=FEED_IDS[2], pair=("AZE", "RUS"), observed_at=event))
        records.append(coverage(hour, feeds=there, failing=failing, reached_back_to=hour))
    rested = stepped(records, 50)
    with monkeypatch.context() as patched:
        patched.setattr(Resting, "lie_down", lambda *_: None)
        assert stepped(records, 50) == rested


def test_a_rule_of_which_nothing_is_heard_closes_one_hour_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """That at whose end a day begins: after it the rule rests at once again."""
    closed: list[int] = []
    close_hour = RuleState.close_hour

    def counted(state: RuleState, hour: int, exposure: Exposure, *, muted: bool) -> list[KeyMove]:
        closed.append(hour)
        return close_hour(state, hour, exposure, muted=muted)

    monkeypatch.setattr(RuleState, "close_hour", counted)
    engine = Engine()
    engine.step(0, activated(START, pair_rule("silent", Spike())))
    for number in range(9 * 24):
        engine.step(number + 1, coverage(START + number * HOUR))
    whole_days = [hour for hour in closed if hour >= hour_of(START) + 24]
    assert whole_days == [hour_of(START) + 24 * day - 1 for day in range(2, 10)]
