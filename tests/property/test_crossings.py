"""What a track tells as crossed is what asking every window of every key anew finds, whatever came in between."""

from __future__ import annotations

import pytest

from alerts.detectors.negative_binomial import minus_log10_of, minus_log10_tail
from alerts.engine import Engine
from alerts.engine_state import restore, snapshot
from alerts.lifecycle import Verdict
from alerts.rules.model import (
    AnyActor,
    Budget,
    Confirm,
    Cusum,
    Detector,
    Drop,
    Floors,
    New,
    PairPart,
    PartOf,
    Ratio,
    Record,
    Rule,
    Sensitivity,
    Shift,
    Spike,
    Threshold,
    Unit,
    Zscore,
)
from alerts.tracks.port import Track
from schemas.control import RulesActivated
from schemas.coverage import Coverage
from schemas.reasons import Tone
from tests.streams.records import activated, pair_rule
from tests.streams.world import START, invented_stream

_LOW = Floors(stories=2, publishers=2, times=1.5)
_HIGH = Sensitivity.HIGH


def _rules() -> list[Rule]:
    """Return one rule a detector, all of them easily rung."""
    detectors: tuple[Detector, ...] = (
        Spike(floors=_LOW, sensitivity=_HIGH),
        Spike(floors=Floors(), sensitivity=_HIGH, of=Unit.ARTICLES, windows_h=(3, 12, 30)),
        Spike(floors=_LOW, sensitivity=None, budget=Budget(false_alarms_per_month=30.0), of=Unit.PUBLISHERS),
        Drop(expected=2.0, sensitivity=_HIGH),
        Cusum(floors=_LOW, sensitivity=_HIGH),
        Shift(to=PartOf(tones=(Tone.CONFLICT,)), window_h=24, part=2, floors=_LOW, sensitivity=_HIGH),
        Threshold(count=3, within_h=10, floors=Floors(publishers=2)),
        New(quiet_for_h=24, confirm=Confirm(stories=2, publishers=2)),
        Ratio(floors=_LOW, ratio=1.5),
        Zscore(floors=_LOW, sd=1.5, of=Unit.PUBLISHERS),
        Record(floors=_LOW, baseline_h=96),
    )
    every = PairPart(one=(AnyActor(),), other=(AnyActor(),))
    rules = [pair_rule(f"r{number:02d}", detector) for number, detector in enumerate(detectors)]
    return [rule.model_copy(update={"watch": rule.watch.model_copy(update={"pair": every})}) for rule in rules]


def _anew(track: Track, key: str, first: int, open_hour: int) -> list[Verdict]:
    """Return what crossed, every window asked of a track that remembers no answer."""
    newest = open_hour - 1 if track.verdict(key, open_hour).detector in ("drop", "shift") else open_hour
    return [verdict for hour in range(first, newest + 1) if (verdict := track.verdict(key, hour)).crossed]


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_told_as_crossed_is_what_asking_anew_finds(seed: int) -> None:
    engine, told, hours = Engine(), 0, 0
    engine.step(0, activated(START, *_rules()))
    stream = [record for record in invented_stream(seed, days=12) if not isinstance(record, RulesActivated)]
    for offset, record in enumerate(stream):
        engine.step(offset, record)
        hours += isinstance(record, Coverage)
        if engine.open is None or hours < 60 or offset % 23:
            continue
        blank = restore(snapshot(engine))
        for name, state in engine.rules.items():
            (track,), (other,) = state.tracks, blank.rules[name].tracks
            assert state.start_hour is not None
            first = max(engine.open - 24, state.start_hour)
            for key in state.keys:
                expected = _anew(other, key, first, engine.open)
                assert not expected or key in track.may_have_crossed()
                assert track.verdicts(key, first, engine.open) == expected, (name, key)
                told += len(expected)
    assert told > 300


@pytest.mark.parametrize("mean", [1e-6, 0.02, 0.7, 4.0, 60.0, 3_000.0])
@pytest.mark.parametrize("spread", [1.0001, 1.4, 30.0])
def test_a_tail_is_never_rarer_than_its_first_term(mean: float, spread: float) -> None:
    for count in (1, 2, 3, 5, 9, 40, 500, 9_000):
        first = minus_log10_of(count, mean, mean * spread)
        assert minus_log10_tail(count, mean, mean * spread) <= min(300.0, first) + 1e-6
