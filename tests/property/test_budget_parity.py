"""A budget shared by watches that are counted hour by hour: the same ledger with any batches, duplicates and deaths."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.rules.model import AnyActor, Budget, Cusum, Detector, Floors, Only, PairPart, PartOf, Rule, Shift, Spike
from schemas.alert_event import AlertEvent
from schemas.control import RulesActivated
from schemas.ports.store import StoredEvent
from schemas.reasons import EventKind, Tone
from schemas.wire import SignalsRecord
from tests.property.test_decide_parity import bounded, lives, without_offsets
from tests.streams.deciding import desk_in, with_duplicates
from tests.streams.records import activated, pair_rule
from tests.streams.world import START, invented_stream

_LOW = Floors(stories=2, publishers=2, times=1.5)
_BUDGET = Budget(false_alarms_per_month=3.0)
_DETECTORS: tuple[Detector, ...] = (
    Spike(floors=_LOW, sensitivity=None, budget=_BUDGET),
    Spike(floors=_LOW, sensitivity=None, budget=_BUDGET, windows_h=(6, 30)),
    Cusum(floors=_LOW, sensitivity=None, budget=_BUDGET),
    Shift(to=PartOf(tones=(Tone.CONFLICT,)), window_h=24, part=2, floors=_LOW, sensitivity=None, budget=_BUDGET),
)


def _rules() -> tuple[Rule, ...]:
    """Return rules on every pair with a budget each; the last one takes force on the third day, and is warmed aside."""
    every = PairPart(one=(AnyActor(),), other=(AnyActor(),))
    rules = [pair_rule(f"r{number}", detector) for number, detector in enumerate(_DETECTORS)]
    rules.append(
        pair_rule("late", Spike(floors=_LOW, sensitivity=None, budget=_BUDGET, only=Only(tones=(Tone.NEUTRAL,))))
    )
    return tuple(rule.model_copy(update={"watch": rule.watch.model_copy(update={"pair": every})}) for rule in rules)


@lru_cache
def stream_of(seed: int) -> tuple[SignalsRecord, ...]:
    """Four days, two of which have bars that are found anew each hour."""
    news = [record for record in invented_stream(seed, days=4) if not isinstance(record, RulesActivated)]
    rules, third_day = _rules(), len(news) // 2
    return (activated(START, *rules[:-1]), *news[:third_day], activated(START, *rules), *news[third_day:])


@lru_cache
def straight(seed: int) -> tuple[StoredEvent, ...]:
    """The ledger of a decider that nothing disturbs."""
    with tempfile.TemporaryDirectory() as folder:
        desk = desk_in(Path(folder), stream_of(seed))
        desk.decide()
        return tuple(desk.ledger())


def test_the_streams_open_alerts_while_bars_are_found_hourly() -> None:
    for seed in range(2):
        events = [AlertEvent.model_validate_json(row.body) for row in straight(seed)]
        opened = {event.rule for event in events if event.event is EventKind.OPENED}
        young = [event for event in events if event.event is EventKind.OPENED and (event.at - START).days < 3]
        assert len(opened) >= 3
        assert young


@given(
    seed=st.integers(0, 1),
    batch=st.sampled_from([3, 9, 50]),
    copies=st.integers(0, 99),
    share=st.sampled_from([0.0, 0.3]),
    lived=lives,
)
@settings(bounded, max_examples=8)
def test_any_batches_duplicates_and_deaths(
    seed: int, batch: int, copies: int, share: float, lived: list[dict[str, int]]
) -> None:
    stream = with_duplicates(stream_of(seed), copies, share)
    with tempfile.TemporaryDirectory() as folder:
        desk = desk_in(Path(folder), stream)
        for life in lived[:4]:
            desk.life(
                commits=life["commits"],
                after=bool(life["after"]),
                batch=life["batch"],
                snapshot_every=life["snapshot_every"],
                aside=bool(life["aside"]),
            )
        desk.decide(batch=batch)
        assert without_offsets(desk.ledger()) == without_offsets(straight(seed))
