"""An activation that is deferred changes nothing until its rules are ready; then it does what it would have done at once."""

from __future__ import annotations

from functools import partial

import pytest

from alerts.aside import MOST_PASSED_OVER_ASIDE, Aside
from alerts.engine import Engine
from alerts.engine_state import restore, snapshot
from alerts.rules.model import Rule
from schemas.alert_event import AlertEvent
from schemas.control import RulesActivated, RulesReady
from schemas.coverage import Coverage
from schemas.signal import Signal
from schemas.wire import SignalsRecord
from tests.streams.records import activated
from tests.streams.world import START, invented_stream, patient_rule, rules

NEWS = [record for record in invented_stream(1, days=9) if isinstance(record, Signal | Coverage)]
ORDER = activated(START, *rules()).changed(deferred=True)


def ready(offset: int, order: RulesActivated = ORDER) -> RulesReady:
    return RulesReady(rules_hash=order.rules_hash, activated_offset=offset, ready_at=START)


def stream(*, asked: int, taken: int) -> list[SignalsRecord]:
    """News under one rule; more are asked for at offset ``asked`` and take force at ``taken``."""
    records: list[SignalsRecord] = [activated(START, patient_rule()), *NEWS]
    records.insert(asked, ORDER)
    records.insert(taken, ready(asked))
    return records


def step_all(engine: Engine, records: list[SignalsRecord], first: int, last: int) -> list[AlertEvent]:
    return [
        decision.event
        for offset in range(first, last)
        for decision in engine.step(offset, records[offset], partial(enumerate, records[:offset]))
    ]


def test_it_is_the_activation_at_the_offset_of_ready() -> None:
    deferred = stream(asked=300, taken=400)
    at_once = [*deferred]
    at_once[300], at_once[400] = ready(0), ORDER.changed(deferred=False)
    one, other = Engine(), Engine()
    assert step_all(one, deferred, 0, len(deferred)) == step_all(other, at_once, 0, len(at_once))
    assert snapshot(one) == snapshot(other)


def test_while_it_waits_it_is_in_the_snapshot_and_nothing_else_is_other() -> None:
    records = stream(asked=300, taken=400)
    without = [*records]
    without[300] = ready(0)
    waits, plain = Engine(), Engine()
    assert step_all(waits, records, 0, 390) == step_all(plain, without, 0, 390)
    again = restore(snapshot(waits))
    assert again.waiting == waits.waiting
    assert again.waiting is not None
    assert (again.waiting.offset, again.waiting.record) == (300, ORDER)
    assert again.rules_hash == plain.rules_hash
    assert step_all(again, records, 390, len(records)) == step_all(waits, records, 390, len(records))
    assert snapshot(again) == snapshot(waits)
    waits.waiting = None
    assert restore(snapshot(plain)).waiting is None


@pytest.mark.parametrize("stale", [ready(299), ready(300, activated(START, patient_rule()))])
def test_ready_of_another_activation_is_nothing(stale: RulesReady) -> None:
    engine = Engine()
    step_all(engine, stream(asked=300, taken=400), 0, 350)
    before = snapshot(engine)
    assert engine.step(350, stale) == []
    assert engine.took_force is None
    assert snapshot(engine) == before


def test_an_activation_at_once_ends_the_waiting() -> None:
    engine = Engine()
    step_all(engine, stream(asked=300, taken=400), 0, 350)
    engine.step(350, activated(START, patient_rule()))
    assert engine.waiting is None
    assert engine.step(351, ready(300)) == []
    assert set(engine.rules) == {"patient"}


def prepared(engine: Engine, records: list[SignalsRecord], before: int) -> Aside:
    assert engine.waiting is not None
    aside = engine.aside(engine.fresh_rules(engine.waiting.record))
    aside.take_all(partial(enumerate, records[:before]))
    aside.reached = before
    return aside


def no_history_is_needed() -> list[tuple[int, SignalsRecord]]:
    raise AssertionError("it was warmed before")


def test_what_was_prepared_is_taken_and_gives_the_same() -> None:
    records = stream(asked=300, taken=400)
    one, other = Engine(), Engine()
    for engine in (one, other):
        step_all(engine, records, 0, 400)
    quick = one.step(400, records[400], no_history_is_needed, prepared(one, records, 400))
    assert quick == other.step(400, records[400], partial(enumerate, records[:400]))
    assert quick
    assert snapshot(one) == snapshot(other)


@pytest.mark.parametrize("wrong", ["too short", "counts what counts for nothing", "other rules"])
def test_what_was_prepared_otherwise_is_not_taken(wrong: str) -> None:
    records = stream(asked=300, taken=400)
    one, other = Engine(), Engine()
    for engine in (one, other):
        step_all(engine, records, 0, 400)
    aside = prepared(one, records, 399 if wrong == "too short" else 400)
    if wrong == "counts what counts for nothing":
        for engine in (one, other):
            engine.pass_over(200)
    if wrong == "other rules":
        aside = one.aside(aside.rules[1:])
        aside.take_all(partial(enumerate, records[:400]))
        aside.reached = 400
    history = partial(enumerate, records[:400])
    assert one.step(400, records[400], history, aside) == other.step(400, records[400], history)
    assert snapshot(one) == snapshot(other)


class Choosy(Engine):
    """Fails on the records at ``FAILING``."""

    FAILING: frozenset[int] = frozenset()

    def step(self, offset: int, record: SignalsRecord, *_: object) -> list[object]:  # type: ignore[override]  # enough here
        if offset in self.FAILING:
            raise ValueError("no")
        return list(super().step(offset, record))


def choosy(_: tuple[Rule, ...]) -> Engine:
    return Choosy(muted=True)


def test_what_new_rules_fail_on_is_left_out_for_them_from_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Choosy, "FAILING", frozenset({5, 9}))
    aside = Aside(choosy, (), ())
    results = [aside.take(offset, NEWS[offset]) for offset in range(6)]
    assert results == [True] * 5 + [False]
    aside.take_all(partial(enumerate, NEWS[:50]))
    expected = Engine(muted=True)
    for offset in set(range(50)) - {5, 9}:
        expected.step(offset, NEWS[offset])
    assert snapshot(aside.engine) == snapshot(expected)


def test_new_rules_that_fail_on_too_much_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Choosy, "FAILING", frozenset(range(MOST_PASSED_OVER_ASIDE + 1)))
    with pytest.raises(ValueError, match="no"):
        Aside(choosy, (), ()).take_all(partial(enumerate, NEWS[:50]))
