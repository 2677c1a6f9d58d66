"""Rules share their baselines and keep what they found: beside others a rule decides what it decides alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import partial

import pytest

from alerts.detectors.spike_bank import SpikeBank
from alerts.detectors.spike_parameters import SpikeParameters
from alerts.engine import Engine
from alerts.rules.model import Floors, Rule, RuleSet, Spike
from alerts.tracks.spike_banks import SharedBanks
from schemas.alert_event import AlertEvent
from schemas.control import RulesActivated
from schemas.reasons import EventKind, EventReason
from schemas.wire import SignalsRecord
from tests.streams.records import HOUR, activated, coverage, pair_rule, signal
from tests.streams.world import START, invented_stream, rules

LOW = Floors(stories=3, publishers=2, times=2.0)


def decided(stream: Iterable[SignalsRecord]) -> list[AlertEvent]:
    engine, records = Engine(), list(stream)
    return [
        decision.event
        for offset, record in enumerate(records)
        for decision in engine.step(offset, record, partial(enumerate, records[:offset]))
    ]


def only(stream: Iterable[SignalsRecord], name: str) -> list[SignalsRecord]:
    """The same stream, in which nobody but rule ``name`` is ever put into force."""
    chosen: list[SignalsRecord] = []
    for record in stream:
        if isinstance(record, RulesActivated):
            of_that_name = [rule for rule in RuleSet.from_compiled(record.compiled).rules if rule.name == name]
            chosen.append(activated(record.activated_at, *of_that_name))
        else:
            chosen.append(record)
    return chosen


def of_rule(events: Iterable[AlertEvent], name: str) -> list[AlertEvent]:
    """Its events, without what names the other rules."""
    return [event.changed(rules_hash="", previous="") for event in events if event.rule == name]


@pytest.mark.parametrize("seed", [0, 3])
def test_a_rule_decides_beside_others_what_it_decides_alone(seed: int) -> None:
    stream = invented_stream(seed, days=9)
    together = decided(stream)
    for name in [rule.name for rule in rules()]:
        mine = of_rule(together, name)
        assert mine
        assert mine == of_rule(decided(only(stream, name)), name)


def test_banks_that_stand_alike_become_one() -> None:
    banks, first_hour = SharedBanks(), 480_000
    own = []
    for rows, hours in ((1, 3), (2, 3), (1, 4)):
        bank = SpikeBank(SpikeParameters(), first_hour)
        for _ in range(rows):
            bank.add_row()
        for _ in range(hours):
            bank.open_next()
        bank.set_count(1, bank.open_hour, 7.0 + rows)
        own.append(bank)
    shares = [banks.join(bank) for bank in own]
    assert shares[0].bank is shares[1].bank
    assert shares[2].bank is not shares[0].bank
    assert [list(share.rows) for share in shares] == [[0, 1], [2, 3, 4], [0, 1]]
    hour = own[0].open_hour
    assert shares[1].scores(1, hour) == own[1].scores(1, hour)
    assert shares[0].scores(1, hour)[0].count == 8.0
    shares[0].add()
    assert list(shares[0].rows) == [0, 1, 5]
    assert shares[0].scores(2, hour)[0].count == 0.0


def test_a_bank_nobody_uses_is_not_joined() -> None:
    banks = SharedBanks()
    first = banks.join(SpikeBank(SpikeParameters(), 0)).bank
    assert banks.join(SpikeBank(SpikeParameters(), 0)).bank is first
    del first
    assert len(banks.join(SpikeBank(SpikeParameters(), 0)).rows) == 1


def test_lower_floors_open_what_was_found_too_small_before() -> None:
    """What was found under the old floors is not kept: the rule opens as soon as the new ones are in force."""

    def rule(stories: int) -> Rule:
        return pair_rule("aze-rus", Spike(floors=Floors(stories=stories, publishers=2, times=2.0)))

    stream: list[SignalsRecord] = [activated(START, rule(50))]
    stream += [coverage(START + number * HOUR) for number in range(200)]
    burst = START + 200 * HOUR
    stream += [
        signal(f"b{number}", burst + timedelta(minutes=number), feed=("alfa", "bravo", "charlie")[number % 3])
        for number in range(9)
    ]
    assert not [event for event in decided(stream) if event.event is EventKind.OPENED]
    stream.append(activated(burst + timedelta(minutes=20), rule(4)))
    (opened,) = (event for event in decided(stream) if event.event is EventKind.OPENED)
    assert opened.reason is EventReason.AT_ACTIVATION
    assert opened.counts.stories == 9
