"""A record on which the engine fails counts for nothing: the ledger is that of a log without it, however it is decided."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from alerts.engine import Engine
from connectors.clock import ManualClock
from pipelines.dead_letters import read_letters
from pipelines.decide import FAILURES_WITHIN, MOST_FAILURES, DecideJob, DecideSettings
from pipelines.explaining.engine_then import engine_then
from pipelines.pages.live_view import LiveView
from pipelines.replay.replay import replay
from pipelines.stepping import Stepping
from pipelines.verify import verify
from schemas.control import RulesActivated
from schemas.coverage import Coverage
from schemas.errors import FatalError
from schemas.ports.store import StoredEvent
from schemas.reasons import DeadLetterReason
from schemas.signal import Signal
from schemas.topics import SIGNALS
from schemas.wire import SignalsRecord
from tests.streams.deciding import Desk, desk_in
from tests.streams.records import activated, signal
from tests.streams.world import START, invented_stream, rules

bounded = settings(deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate])


def poison(stream: Sequence[SignalsRecord], place: int, *, before_mutation: bool) -> Signal:
    """Return a signal of that time on which the engine fails: before it changed anything, or after."""
    now = max((record.at for record in stream[:place] if isinstance(record, Coverage)), default=START)
    new = signal(f"poison{place}", now, pair=("GBR", "UKR"))  # A rule counts it all the time.
    if before_mutation:
        pairs = tuple(pair.model_copy(update={"sentences": (99,)}) for pair in new.pairs)
        return new.model_copy(update={"pairs": pairs})
    return new.model_copy(update={"fingerprint": "???"})


def poisoned(stream: Sequence[SignalsRecord], places: Sequence[int]) -> list[SignalsRecord]:
    """Return ``stream`` with a poison record before each of ``places``."""
    found = list(stream)
    for number, place in enumerate(sorted(places, reverse=True)):
        found.insert(place, poison(stream, place, before_mutation=number % 2 == 0))
    return found


@lru_cache
def clean(seed: int) -> tuple[SignalsRecord, ...]:
    return tuple(invented_stream(seed, days=5))


@lru_cache
def straight(seed: int) -> list[StoredEvent]:
    with tempfile.TemporaryDirectory() as folder:
        desk = desk_in(Path(folder), clean(seed))
        desk.decide()
        return without_offsets(desk)


def without_offsets(desk: Desk) -> list[StoredEvent]:
    return [row.model_copy(update={"log_offset": 0}) for row in desk.ledger()]


@pytest.mark.parametrize("before_mutation", [True, False])
def test_the_poison_is_one_and_spoils_an_engine_that_takes_it_plainly(before_mutation: bool) -> None:
    stream = clean(0)
    engine = Engine()
    for offset, record in enumerate(stream[:200]):
        engine.step(offset, record, partial(enumerate, stream[:offset]))
    with pytest.raises((IndexError, ValueError)):
        engine.step(200, poison(stream, 200, before_mutation=before_mutation))


@given(
    seed=st.integers(0, 1),
    # The first record activates the rules: poison before it fails under no rule.
    places=st.lists(st.integers(2, 400), min_size=1, max_size=4, unique=True),
    lived=st.lists(
        st.tuples(st.integers(1, 8), st.booleans(), st.sampled_from([1, 9, 50]), st.sampled_from([10, 20_000])),
        max_size=3,
    ),
    batch=st.sampled_from([3, 50, 333]),
)
@settings(bounded, max_examples=4)
def test_the_ledger_is_that_of_a_log_without_them(
    seed: int, places: list[int], lived: list[tuple[int, bool, int, int]], batch: int
) -> None:
    stream = poisoned(clean(seed), places)
    with tempfile.TemporaryDirectory() as folder:
        desk = desk_in(Path(folder), stream)
        for commits, after, size, snapshots in lived:
            desk.life(commits=commits, after=after, batch=size, snapshot_every=snapshots)
        desk.decide(batch=batch, snapshot_every=100)
        assert without_offsets(desk) == straight(seed)
        bad = [n for n, r in enumerate(stream) if isinstance(r, Signal) and r.article_id.startswith("poison")]
        with desk.opened() as (log, store):
            letters = read_letters(log).open()
            assert {one.letter.offset for one in letters} == set(bad)
            assert {one.letter.reason for one in letters} == {DeadLetterReason.DECIDING_FAILED}
            proof = verify(log, store, snapshots=desk.snapshots)
            assert proof.ok, proof.differences


def test_every_other_way_through_the_log_passes_them_over_too(tmp_path: Path) -> None:
    stream = poisoned(clean(0), [60, 200, 333])
    desk = desk_in(tmp_path, stream)
    desk.decide()
    with desk.opened() as (log, store):
        stepping = Stepping(log, Engine, 0)
        again = [d.event for record in log.read(SIGNALS, 0, 0, max_records=10_000) for d in stepping.step_again(record)]
        assert again == list(store.events())
        assert len(stepping.engine.passed_over) == 3
        last = stepping.engine.now
        assert last is not None
        then = engine_then(log, store, desk.snapshots, last, last)
        assert then.events == again
        view = LiveView(desk.snapshots)
        for _ in range(20):
            view.refresh(log, store)
        assert view.standing.behind == 0
        assert view.engine is not None
        assert view.engine.now == last
        assert view.engine.passed_over == stepping.engine.passed_over


def test_a_replay_of_history_passes_them_over() -> None:
    stream = poisoned(clean(0), [60, 200])
    replayed = [decision.event for decision in replay(lambda: stream, lambda *_: None)]
    assert replayed == [decision.event for decision in replay(lambda: clean(0), lambda *_: None)]
    assert len(replayed) > 5


def test_no_rule_is_warmed_on_them(tmp_path: Path) -> None:
    """A rule that comes later reads the same history, and fails on the same records, without harm."""
    later = activated(START, *(rule.model_copy(update={"name": f"{rule.name}-b"}) for rule in rules()))
    stream = clean(0)[:300]
    both: list[list[StoredEvent]] = []
    for number, records in enumerate((stream, poisoned(stream, [50, 120, 121]))):
        (tmp_path / str(number)).mkdir()
        desk = desk_in(tmp_path / str(number), [*records, later, *clean(0)[300:]])
        desk.decide()
        both.append(without_offsets(desk))
    assert both[0] == both[1]
    assert any(row.rule.endswith("-b") for row in both[0])


def test_a_rule_is_warmed_on_what_fails_under_it_alone() -> None:
    """What no rule counted until then may fail under a new one: it counts for nothing there."""
    stream = [activated(START), *(r for r in clean(0)[1:300] if not isinstance(r, RulesActivated))]
    bad = poison(stream, 100, before_mutation=False)
    engines = []
    for records in (stream, [*stream[:100], bad, *stream[100:]]):
        engine = Engine()
        for offset, record in enumerate(records):
            engine.step(offset, record)
        taken = engine.step(len(records), activated(START, *rules()), partial(enumerate, records))
        engines.append([decision.event for decision in taken])
    assert engines[0] == engines[1]
    assert engines[0]


def test_where_too_many_fail_it_stops_and_the_way_around_is_a_command(tmp_path: Path) -> None:
    places = [100 + n for n in range(MOST_FAILURES + 1)]
    desk = desk_in(tmp_path, poisoned(clean(0), places))
    assert len(places) < FAILURES_WITHIN
    with pytest.raises(FatalError, match=r"(?s)deciding fails on 21 of 1,000 records.*put-aside --job decide"):
        desk.decide(batch=10)
    stopped = desk.ledger()
    with pytest.raises(FatalError, match="deciding fails on 21"):
        desk.decide(batch=10)
    assert desk.ledger() == stopped
    with desk.opened() as (log, store):
        job = DecideJob(log, store, ManualClock(START), DecideSettings(desk.snapshots, most_failures=None))
        job.recover()
        assert job.step()
    desk.decide()
    assert without_offsets(desk) == straight(0)
