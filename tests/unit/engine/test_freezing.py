"""A frozen engine is what the engine was: nothing in it changes while the engine goes on; another thread may encode it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from alerts.engine import Engine
from alerts.engine_state import freeze, restore, snapshot
from alerts.rules.model import (
    AnyActor,
    Confirm,
    Cusum,
    Detector,
    Drop,
    New,
    PairPart,
    PartOf,
    Ratio,
    Record,
    Rule,
    Shift,
    Spike,
    Threshold,
    Zscore,
)
from schemas.control import RulesActivated
from schemas.reasons import Tone
from schemas.wire import SignalsRecord
from tests.streams.records import activated, pair_rule
from tests.streams.world import START, invented_stream

_DETECTORS: tuple[Detector, ...] = (
    Spike(),
    Drop(),
    Cusum(),
    Shift(to=PartOf(tones=(Tone.CONFLICT,)), window_h=24),
    Threshold(count=3, within_h=10),
    New(quiet_for_h=24, confirm=Confirm(stories=1)),
    Ratio(),
    Zscore(),
    Record(baseline_h=96),
)


def _rules() -> list[Rule]:
    every = PairPart(one=(AnyActor(),), other=(AnyActor(),))
    rules = [pair_rule(f"r{number}", detector) for number, detector in enumerate(_DETECTORS)]
    return [rule.model_copy(update={"watch": rule.watch.model_copy(update={"pair": every})}) for rule in rules]


@pytest.fixture(scope="module")
def stream() -> list[SignalsRecord]:
    """Nine days of news under one rule a detector."""
    news = [record for record in invented_stream(3, days=9) if not isinstance(record, RulesActivated)]
    return [activated(START, *_rules()), *news]


def _stepped(engine: Engine, stream: list[SignalsRecord], first: int, before: int) -> Engine:
    for offset in range(first, before):
        engine.step(offset, stream[offset])
    return engine


@pytest.mark.parametrize("part", [0.0, 0.3, 0.7])
def test_it_stays_what_it_was_while_the_engine_goes_on(stream: list[SignalsRecord], part: float) -> None:
    middle = int(len(stream) * part)
    engine = _stepped(Engine(), stream, 0, middle)
    frozen, then = freeze(engine), snapshot(engine)
    _stepped(engine, stream, middle, len(stream))
    assert snapshot(engine) != then
    with ThreadPoolExecutor(1) as another:
        assert another.submit(frozen.encoded).result() == then


def test_what_it_is_read_back_as_is_frozen_to_the_same_bytes(stream: list[SignalsRecord]) -> None:
    engine = _stepped(Engine(), stream, 0, len(stream) // 2)
    assert snapshot(restore(snapshot(engine))) == snapshot(engine)


def test_a_bank_read_back_lies_in_memory_hour_by_hour(stream: list[SignalsRecord]) -> None:
    """Else each hour's step goes through all of the memory."""
    engine = restore(snapshot(_stepped(Engine(), stream, 0, len(stream) // 2)))
    banks = [bank for made in engine.banks._banks if (bank := made()) is not None]
    assert banks
    for bank in banks:
        assert bank.rows > 1
        assert all(getattr(bank, name).flags.c_contiguous for name in bank.ARRAYS)
