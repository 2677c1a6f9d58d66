"""Rules shared out over several engines decide, in one order, byte for byte what one engine of them all does."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import islice

import pytest

from alerts.engine import Engine
from alerts.rules.model import Only, PartOf, Rule, Shift
from pipelines.replay.phased_engine import PhasedEngine
from schemas.coverage import Coverage
from schemas.reasons import EventKind, Tone
from schemas.wire import SignalsRecord
from tests.property.test_resting import RULES, stream_of
from tests.streams.records import activated, pair_rule
from tests.streams.world import START, invented_stream, rules

#: A decision: the offset of its record, the part of the step, its rule, and its event as the ledger has it.
Placed = tuple[int, int, str, bytes]

SHARE = pair_rule("g-share", Shift(to=PartOf(tones=(Tone.CONFLICT,)), window_h=24), one="GBR", other="UKR")


def decided(records: Sequence[SignalsRecord]) -> list[bytes]:
    engine, events = Engine(), []
    for offset, record in enumerate(records):
        events += [decision.event.model_dump_json().encode() for decision in engine.step(offset, record)]
    return events


def placed(records: Sequence[SignalsRecord]) -> list[Placed]:
    engine, found = PhasedEngine(), []
    for offset, record in enumerate(records):
        decisions = engine.step(offset, record)
        for part, decision in zip(engine.parts(decisions), decisions, strict=True):
            found.append((offset, part, decision.event.rule, decision.event.model_dump_json().encode()))
    assert [one[:3] for one in found] == sorted(one[:3] for one in found)
    return found


def with_fewer_coverage(records: Sequence[SignalsRecord], seed: int) -> list[SignalsRecord]:
    """Leave some coverage out, so that the next record ends several hours at once."""
    draw = random.Random(seed)
    gone: set[int] = set()
    for at, record in enumerate(records):
        if isinstance(record, Coverage) and draw.random() < 0.03:
            gone.update(range(at, at + draw.randrange(1, 9)))
    return [r for at, r in enumerate(records) if at not in gone or not isinstance(r, Coverage)]


def shared_and_whole(
    every: Sequence[Rule], stream: Sequence[SignalsRecord], seed: int
) -> tuple[list[Placed], list[bytes]]:
    draw = random.Random(seed)
    begin = activated(START, *every)
    shares: list[list[Rule]] = [[], [], []]
    for rule in every:
        draw.choice(shares).append(rule)
    found: list[Placed] = []
    for share in shares:
        if share:
            mine = activated(START, *share).changed(rules_hash=begin.rules_hash)
            found += placed([mine, *stream])
    return sorted(found, key=lambda one: one[:3]), decided([begin, *stream])


@pytest.mark.parametrize("seed", range(2))
def test_shares_decide_what_one_engine_does(seed: int) -> None:
    """Feeds fail, come and leave, hours end many at a time; windows of three days lie beside windows of hours."""
    stream = with_fewer_coverage(list(islice(stream_of(seed), 1, None)), seed)
    shared, whole = shared_and_whole([*RULES, SHARE], stream, seed)
    assert [event for *_, event in shared] == whole
    told = {EventKind.OPENED, EventKind.RESOLVED, EventKind.BLIND, EventKind.SIGHTED, EventKind.RULE_READY}
    assert all(any(f'"event":"{kind.value}"'.encode() in event for event in whole) for kind in told)


def test_shares_of_rules_of_every_kind() -> None:
    """Articles come late, doubled, edited and withdrawn, before and after their hour was learnt."""
    stream = [record for record in invented_stream(3) if record.kind in ("signal", "coverage")]
    hostile = pair_rule("shared", Shift(to=PartOf(tones=(Tone.CONFLICT,)), only=Only(tones=(Tone.CONFLICT,))))
    shared, whole = shared_and_whole([*rules(), hostile], stream, 1)
    assert [event for *_, event in shared] == whole
    assert len(whole) > 50


def test_the_part_of_a_step_matters() -> None:
    """Were decisions on one record sorted by their rules alone, the order would be another."""
    for seed in range(4):
        stream = with_fewer_coverage(list(islice(stream_of(seed), 1, 400)), seed)
        found = placed([activated(START, *RULES), *stream])
        if sorted(found, key=lambda one: (one[0], one[2])) != found:
            return
    pytest.fail("no record of these streams tells")
