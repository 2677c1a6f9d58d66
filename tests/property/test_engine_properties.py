"""Laws of deciding over invented streams: what must not matter does not, and what is withdrawn is taken back.

Batches, duplicates, deaths and two deciders: test_decide_parity. Any order within the allowed lateness: test_engine_oracle.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial

from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from alerts.engine import Engine
from alerts.rules.model import (
    Confirm,
    Cusum,
    Drop,
    Floors,
    New,
    PartOf,
    Ratio,
    Record,
    Rule,
    Shift,
    Spike,
    Threshold,
    Zscore,
)
from schemas.alert_event import AlertEvent
from schemas.control import RulesActivated
from schemas.coverage import Coverage
from schemas.ids import hour_start, milliseconds
from schemas.reasons import ArticleStatus, EventKind, EventReason, Tone
from schemas.signal import Signal
from schemas.wire import SignalsRecord
from tests.streams.records import FEED_IDS, HOUR, activated, coverage, pair_rule, signal
from tests.streams.world import START, invented_stream, rules

bounded = settings(deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate])

DAYS = 5
LOW = Floors(stories=3, publishers=2, times=2.0)

#: One rule for each detector, on pairs the streams speak of.
POOL: tuple[Rule, ...] = (
    *rules(),
    pair_rule("counts", Threshold(count=3, within_h=6), one="AZE"),
    pair_rule("climbs", Cusum(floors=LOW), one="AZE"),
    pair_rule("falls", Drop(), one="GBR", other="UKR"),
    pair_rule("turns", Shift(to=PartOf(tones=(Tone.CONFLICT,)), floors=LOW)),
    pair_rule("plain", Ratio(), Zscore(), Record()),
    pair_rule("appears", New(quiet_for_h=24, confirm=Confirm(stories=1)), one="ARM", other="AZE"),
)


@lru_cache
def stream_of(seed: int) -> tuple[SignalsRecord, ...]:
    return tuple(record for record in invented_stream(seed, days=DAYS) if not isinstance(record, RulesActivated))


def decided(stream: Sequence[SignalsRecord], *in_force: Rule, engine: Engine | None = None) -> list[AlertEvent]:
    engine = engine or Engine()
    records = [activated(START, *in_force), *stream]
    return [
        decision.event
        for offset, record in enumerate(records)
        for decision in engine.step(offset, record, partial(enumerate, records[:offset]))
    ]


@lru_cache
def straight(seed: int) -> tuple[AlertEvent, ...]:
    return tuple(decided(stream_of(seed), *POOL))


def test_the_streams_make_most_rules_speak() -> None:
    rang = {event.rule for seed in range(2) for event in straight(seed) if event.event is EventKind.OPENED}
    assert len(rang) >= 4, rang


@given(
    seed=st.integers(0, 1),
    extra=st.lists(
        st.tuples(st.integers(0, DAYS * 24 - 1), st.integers(0, 59), st.sampled_from(FEED_IDS), st.booleans()),
        min_size=1,
        max_size=60,
    ),
)
@settings(bounded, max_examples=3)
def test_articles_about_something_else_change_nothing(seed: int, extra: list[tuple[int, int, str, bool]]) -> None:
    placed: list[tuple[float, SignalsRecord]] = [(float(place), record) for place, record in enumerate(stream_of(seed))]
    ends = {r.at: place for place, r in placed if isinstance(r, Coverage)}
    for number, (hour, minute, feed, alone) in enumerate(extra):
        moment = START + hour * HOUR + minute * HOUR / 60
        other = signal(f"x{number}", moment, feed=feed, pair=None if alone else ("IRN", "TUR"))
        placed.append((ends[START + (hour + 1) * HOUR] - 0.5, other))
    stream = [record for _, record in sorted(placed, key=lambda one: one[0])]
    assert tuple(decided(stream, *POOL)) == straight(seed)


def on_its_own(events: Sequence[AlertEvent], rule: str) -> list[AlertEvent]:
    """The events of a rule, without what speaks of the set it was in."""
    return [e.model_copy(update={"rules_hash": "", "previous": ""}) for e in events if e.rule == rule]


@given(seed=st.integers(0, 1), chosen=st.sets(st.sampled_from(range(len(POOL))), min_size=1, max_size=4))
@settings(bounded, max_examples=5)
def test_rules_do_not_influence_each_other(seed: int, chosen: set[int]) -> None:
    fewer = [POOL[number] for number in sorted(chosen)]
    events = decided(stream_of(seed), *fewer)
    for rule in fewer:
        assert on_its_own(events, rule.name) == on_its_own(straight(seed), rule.name)


@given(seed=st.integers(0, 2), alert=st.integers(0, 1), waits=st.integers(0, 6))
@settings(bounded, max_examples=8)
def test_withdrawing_all_that_a_fresh_alert_stands_on_takes_it_back(seed: int, alert: int, waits: int) -> None:
    """Threshold and spike: everything their windows counted is withdrawn within some hours of the opening."""
    rule = pair_rule("r", Spike(floors=LOW), Threshold(count=4, within_h=12))
    records: list[SignalsRecord] = [activated(START, rule), *stream_of(seed)]
    engine = Engine()
    seen: dict[str, Signal] = {}
    opened = 0
    until = None
    for offset, record in enumerate(records):
        events = [d.event for d in engine.step(offset, record, partial(enumerate, records[:offset]))]
        if isinstance(record, Signal):
            seen[record.article_id] = record
        life = engine.rules["r"].lives.get("AZE-RUS")
        for event in events:
            # What opens when a cool-down ends crossed up to twelve hours ago: half its window may be out of reach.
            fresh = event.event is EventKind.OPENED and event.reason is not EventReason.COOLDOWN_ENDED
            opened += fresh
            if fresh and opened == alert + 1 and engine.now is not None:
                until = engine.now + waits * HOUR
        if until is not None and engine.now is not None and engine.now >= until:
            break
    assume(until is not None and engine.now is not None)
    life = engine.rules["r"].lives.get("AZE-RUS")
    assume(life is not None and life.crossing is not None)
    assert life is not None
    assert life.crossing is not None
    assert engine.open is not None
    assert engine.now is not None
    track = engine.rules["r"].tracks[life.track]
    ids = [article for article, _ in track.counted("AZE-RUS", life.crossing - 24, life.crossing)]
    # An article of the hour that is open is newer than engine time, and is not withdrawn by what was told before it.
    moment = max(engine.now, *(seen[name].revised_at for name in ids)) + HOUR / 60
    # An article over a day old cannot be withdrawn in time any more: then the alert may stand on it.
    assume(all(moment < hour_start(engine.cards[name].hour + 25) for name in ids))
    taken: list[AlertEvent] = []
    for number, name in enumerate(ids):
        gone = seen[name].model_copy(
            update={
                "status": ArticleStatus.WITHDRAWN,
                "revised_at": moment,
                "revision": milliseconds(moment),
                "pairs": (),
                "actors": (),
            }
        )
        taken.extend(d.event for d in engine.step(len(records) + number, gone))
    assert EventKind.RETRACTED in {event.event for event in taken}
    assert not engine.rules["r"].lives.get("AZE-RUS") or not engine.rules["r"].lives["AZE-RUS"].firing


@given(seed=st.integers(0, 1), stalls=st.integers(30, 100), partition=st.integers(0, 1))
@settings(bounded, max_examples=4)
def test_a_stalled_partition_completes_no_hour(seed: int, stalls: int, partition: int) -> None:
    """The other partition goes on for days: articles may open alerts, but no hour ends, resolves, learns or goes blind."""
    engine = Engine()
    offset = 0
    frozen: int | None = None
    kinds: set[EventKind] = set()
    for record in [activated(START, *rules()), *stream_of(seed)]:
        copies: list[SignalsRecord] = [record]
        if isinstance(record, Coverage):
            hour = (record.since - START) // HOUR
            both = [record.model_copy(update={"partition": p, "partitions": 2}) for p in (0, 1)]
            copies = [both[p] for p in (0, 1) if p != partition or hour < stalls]
            if hour == stalls:
                frozen = engine.open
        for copy in copies:
            events = [decision.event for decision in engine.step(offset, copy)]
            offset += 1
            if frozen is not None:
                kinds.update(event.event for event in events)
    assert frozen is not None
    assert engine.open == frozen
    assert engine.now == START + stalls * HOUR
    assert kinds <= {EventKind.OPENED, EventKind.ESCALATED, EventKind.UPDATED, EventKind.RETRACTED, EventKind.OVERFLOW}
    end = START + DAYS * 24 * HOUR
    engine.step(offset, coverage(end - HOUR, end, partition=partition, partitions=2))
    assert engine.open == frozen + DAYS * 24 - stalls
