"""Rules warmed while the stream goes on: nothing waits for them, and the ledger is what the log gives without any of it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import cast

import pytest

from alerts.engine import Engine
from alerts.rules.model import Rule
from pipelines.decide import DecideJob
from pipelines.rule_history import rule_history
from pipelines.verify import verify
from pipelines.warming import BIT_RECORDS, NEARLY_RECORDS
from schemas.alert_event import Decision
from schemas.control import RulesActivated, RulesReady
from schemas.coverage import Coverage
from schemas.ports.log import Entry, Log
from schemas.ports.store import RuleSet
from schemas.reasons import EventKind
from schemas.topics import SIGNALS
from schemas.wire import SignalsRecord, decode_signals, encode
from tests.streams.deciding import Desk, DyingStore, KilledError, desk_in
from tests.streams.records import FEED_IDS, activated, coverage, signal
from tests.streams.world import START, invented_stream, patient_rule, rules

_DAYS, _MANY_DAYS = 20, 60
_GROUP = 12  # records that come while one bit is taken


def _aze_rus() -> Rule:
    return next(rule for rule in rules() if rule.name == "aze-rus")


class DyingLog:
    """The log, in a process that dies around its ``appends``-th append: just before it, or just after."""

    def __init__(self, log: Log, appends: int, *, after: bool) -> None:
        self._log, self._left, self._after = log, appends, after

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)

    def append(self, topic: str, entries: Sequence[Entry]) -> Sequence[int]:
        """Append, or die."""
        self._left -= 1
        if self._left == 0 and not self._after:
            raise KilledError
        offsets = self._log.append(topic, entries)
        if self._left == 0:
            raise KilledError
        return offsets


@lru_cache
def stream_of(seed: int, days: int = _DAYS) -> tuple[list[SignalsRecord], list[SignalsRecord]]:
    """Records under the first rules, then the deferred activation of more rules and what comes after it."""
    records = invented_stream(seed, days=days)
    news = [record for record in records if not isinstance(record, RulesActivated)]
    order = activated(START, *rules()).changed(deferred=True)
    past = len(news) * 2 // 3
    return [activated(START, _aze_rus(), patient_rule()), *news[:past]], [order, *news[past:]]


@dataclass
class World:
    """A decider's folder and the records still to come; ``lead`` of them are appended before each step."""

    desk: Desk
    coming: list[SignalsRecord]

    @contextmanager
    def decider(
        self, *, log_dies: tuple[int, bool] | None = None, commits: tuple[int, bool] | None = None
    ) -> Iterator[DecideJob]:
        """Yield a decider that has recovered, in a process that may die."""
        store = DyingStore(self.desk.store_url, *(commits or (-1,))[:1], after=bool(commits and commits[1]))
        try:
            with self.desk.log() as log:
                dying = cast("Log", DyingLog(log, log_dies[0], after=log_dies[1])) if log_dies else log
                job = self.desk.job(dying, store, snapshot_every=300)
                job.recover()
                yield job
        finally:
            store.close()

    def live(self, job: DecideJob) -> None:
        """Let the records come, and the decider keep up with them and its warming, to the end."""
        while self.coming or job.warms:
            if self.coming:
                self.desk.append(self.coming[:_GROUP])
                del self.coming[:_GROUP]
            job.tend()
            with self.desk.log() as log:
                assert log.end_offset(SIGNALS, 0) - job.offset <= 1, (
                    "what came is decided, but for what was just written"
                )
        while job.tend():
            pass

    def life(self, *, log_dies: tuple[int, bool] | None = None, commits: tuple[int, bool] | None = None) -> bool:
        """Live until the end or the death; tell whether it died."""
        try:
            with self.decider(log_dies=log_dies, commits=commits) as job:
                self.live(job)
        except KilledError:
            return True
        return False

    def ready(self) -> list[tuple[int, RulesReady]]:
        """Return the records that say rules are ready."""
        with self.desk.log() as log:
            records = log.read(SIGNALS, 0, 0, max_records=100_000)
        decoded = ((record.offset, decode_signals(record.value)) for record in records)
        return [(offset, one) for offset, one in decoded if isinstance(one, RulesReady)]

    def check(self) -> None:
        """The log alone gives the ledger, to the byte, warmed where the rules took force and not before."""
        with self.desk.opened() as (log, store):
            found = verify(log, store, snapshots=self.desk.snapshots)
            assert found.differences == []
            assert found.recomputed == found.events > 0
            assert found.recomputed_digest == found.digest

    def sets(self) -> Sequence[RuleSet]:
        """Return the rule sets the store keeps."""
        with self.desk.store() as store:
            return store.rule_sets()


def world_in(folder: Path, seed: int, days: int = _DAYS) -> World:
    """Return a world whose past is decided."""
    past, coming = stream_of(seed, days)
    desk = desk_in(folder, past)
    desk.decide()
    return World(desk, list(coming))


def test_records_are_decided_while_new_rules_are_warmed_and_then_those_take_over(tmp_path: Path) -> None:
    world = world_in(tmp_path, 1, _MANY_DAYS)
    past, coming = stream_of(1, _MANY_DAYS)
    assert len(past) > 1_500
    end = max(record.at for record in coming if isinstance(record, Coverage))
    burst = [signal(f"late-{n}", end, pair=("GBR", "UKR"), feed=feed) for n, feed in enumerate(FEED_IDS)]
    world.coming.extend([*burst, coverage(end)])
    with world.decider() as job:
        world.live(job)
    ((offset, ready),) = world.ready()
    assert ready.activated_offset == len(past)
    assert offset - len(past) > 2 * _GROUP, "records came meanwhile"
    assert len(past) + len(coming) - offset > 2 * _GROUP, "and afterwards"
    with world.desk.store() as store:
        rows = [(event, written.log_offset) for event, written in store.events_with_provenance(first_offset=0)]
    old = [event for event, at in rows if len(past) < at < offset]
    assert {event.rule for event in old} <= {"aze-rus", "patient"}
    assert any(event.event is EventKind.OPENED for event in old), "the rules of before ring meanwhile"
    took_over = {event.rule for event, at in rows if at == offset and event.event is EventKind.RULE_READY}
    assert took_over == {rule.name for rule in rules()} - {"aze-rus", "patient"}
    assert any(event.rule == "gbr-ukr" and at > offset for event, at in rows), "and the new ones afterwards"
    first, second = world.sets()
    assert (first.in_force, first.deferred) == (True, False)
    assert (second.since_offset, second.since, second.deferred) == (offset, ready.ready_at, True)
    world.check()


def test_the_same_log_gives_the_same_ledger_without_warming_before(tmp_path: Path) -> None:
    world = world_in(tmp_path, 2)
    world.life()
    other = Desk(tmp_path / "other")
    other.folder.mkdir()
    other.make_store()
    for path in tmp_path.glob("log.db*"):
        shutil.copy(path, other.folder / path.name)
    other.decide()
    assert other.ledger() == world.desk.ledger()
    assert other.heads() == world.desk.heads()


@pytest.mark.parametrize("after", [False, True])
def test_a_death_around_the_word_that_rules_are_ready(tmp_path: Path, *, after: bool) -> None:
    world = world_in(tmp_path, 1)
    assert world.life(log_dies=(1, after))
    assert len(world.ready()) == after
    assert not world.sets()[-1].in_force
    assert not world.life()
    assert len(world.ready()) == 1
    assert world.sets()[-1].in_force
    world.check()


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("after", [False, True])
def test_deaths_between_activation_and_ready(tmp_path: Path, seed: int, *, after: bool) -> None:
    world = world_in(tmp_path, seed)
    for commits in (2, 9, 5, 14):
        world.life(commits=(commits, after))
    world.life()
    assert world.sets()[-1].in_force
    world.check()


def test_two_words_for_one_activation_are_one(tmp_path: Path) -> None:
    world = world_in(tmp_path, 1)
    world.life()
    ((offset, ready),) = world.ready()
    stale = [ready, ready.changed(activated_offset=3), ready.changed(rules_hash="0" * 32)]
    before = len(world.desk.ledger())
    world.desk.append([*stale, *stream_of(1)[1][-5:]])
    world.desk.decide()
    assert len(world.desk.ledger()) == before
    assert world.sets()[-1].ready_offset == offset
    world.check()


def test_a_newer_activation_takes_the_place_of_one_that_waits(tmp_path: Path) -> None:
    world = world_in(tmp_path, 1)
    newer = activated(START, *(rule for rule in rules() if rule.name != "hostile")).changed(deferred=True)
    world.coming.insert(5 * _GROUP, newer)
    world.life()
    ((offset, ready),) = world.ready()
    assert ready.rules_hash == newer.rules_hash
    assert [rule_set.in_force for rule_set in world.sets()] == [True, False, True]
    names = {row.rule for row in world.desk.ledger() if row.log_offset >= offset}
    assert "hostile" not in names
    world.check()


def test_the_history_of_rules_says_which_are_being_warmed(tmp_path: Path) -> None:
    world = world_in(tmp_path, 1)
    world.desk.append(world.coming[:1])
    with world.desk.opened() as (log, store):
        job = world.desk.job(log, store)
        job.recover()
        assert [(a.taken, a.warming) for a in rule_history(log, store)] == [(True, False), (False, False)]
        job.tend()
        assert [(a.taken, a.warming) for a in rule_history(log, store)] == [(True, False), (True, True)]
        while job.warms:
            job.tend()
        job.tend()
        assert [(a.taken, a.warming) for a in rule_history(log, store)] == [(True, False), (True, False)]


def test_a_bit_of_history_is_taken_at_a_time(tmp_path: Path) -> None:
    world = world_in(tmp_path, 1)
    past = len(stream_of(1)[0])
    with world.decider() as job:
        world.desk.append(world.coming[:1])
        bits = 0
        while not world.ready():
            assert job.tend() <= 1
            bits += 1
        assert bits >= (past - NEARLY_RECORDS) // BIT_RECORDS


def test_a_log_that_is_behind_is_decided_before_rules_are_said_to_be_ready(tmp_path: Path) -> None:
    world = world_in(tmp_path, 1)
    nothing_new = activated(START, _aze_rus()).changed(deferred=True)
    world.desk.append([nothing_new, *world.coming[1:], *world.coming[1:]])
    with world.desk.log() as log:
        end = log.end_offset(SIGNALS, 0)
    with world.decider() as job:
        while end - job.offset > NEARLY_RECORDS:
            assert world.ready() == []
            assert job.tend() > 0
        while job.tend() or job.warms:
            pass
    assert [offset for offset, _ in world.ready()] == [end]
    assert world.sets()[-1].in_force


class Failing(Engine):
    """Takes nothing in."""

    def step(self, offset: int, *_: object) -> list[Decision]:
        """Raise."""
        raise ValueError(f"not {offset}")


def test_new_rules_that_cannot_be_warmed_are_told_and_those_before_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.engine._muted", lambda _: Failing(muted=True))
    world = world_in(tmp_path, 1)
    world.desk.append(world.coming)
    stop, told = threading.Event(), []

    def beat(job: str, *, at: datetime, detail: Mapping[str, str | int | float]) -> None:
        told.append((job, detail))
        if "problem" in detail and int(detail["records"]) == 0:
            stop.set()

    with world.desk.opened() as (log, store):
        monkeypatch.setattr(store, "beat", beat)
        job = world.desk.job(log, store)
        job.run(stop)
        assert job.offset == log.end_offset(SIGNALS, 0), "all is decided"
    job_name, detail = told[-1]
    assert job_name == "decide"
    assert "warming them fails: ValueError: not " in str(detail["problem"])
    assert world.ready() == []
    assert not world.sets()[-1].in_force


def test_records_before_this_one_keep_their_bytes() -> None:
    plain = activated(START, *rules())
    assert b"deferred" not in encode(plain)
    assert decode_signals(encode(plain.changed(deferred=True))) == plain.changed(deferred=True)
