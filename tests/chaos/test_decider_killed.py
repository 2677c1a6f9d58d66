"""A decider that is killed with SIGKILL again and again, while the log grows, writes the ledger of one that never was."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from connectors.clock import SystemClock
from connectors.log.open import open_log
from connectors.store.open import open_store
from pipelines.decide import DecideJob, DecideSettings
from pipelines.verify import verify
from schemas.topics import SIGNALS
from tests.chaos.deciding import KILLED, Appender, Life, Place


def kill_again_and_again(place: Place, kills: int, seed: int) -> list[Life]:
    """Start a decider and kill it, ``kills`` times, after none to five commits and a moment more; return the dead."""
    r = random.Random(seed)
    dead = []
    appender = Appender(place)
    try:
        for _ in range(kills):
            commits = r.choice((0, 1, 1, 2, 3, 5))
            life = Life(place, commits + 4)
            life.listen(commits)
            life.linger(r.uniform(0.0, 0.2 if commits == 0 else 0.02))
            assert life.kill() == KILLED
            dead.append(life)
        assert appender.works(), "the kills have to happen while the log grows"
        appender.let_end()
        decide_to_the_end(place, appender)
        appender.finish()
    finally:
        appender.stop()
    return dead


def decide_to_the_end(place: Place, appender: Appender | None = None) -> None:
    """Decide what is left, in this process, until nothing more comes."""
    with ExitStack() as stack:
        log = stack.enter_context(open_log(place.log_url, SystemClock()))
        store = open_store(place.store_url)
        stack.callback(store.close)
        job = DecideJob(log, store, SystemClock(), DecideSettings(snapshots=place.snapshots))
        job.recover()
        while job.step(0.05) or (appender is not None and appender.works()):
            pass
        while job.step():
            pass


def assert_as_if_nothing_had_happened(place: Place, unkilled_url: str, snapshots: Path) -> None:
    """Compare with a decider that ran straight through, byte for byte, and with the log by ``verify``."""
    with open_log(place.log_url, SystemClock()) as log:
        killed, unkilled = open_store(place.store_url), open_store(unkilled_url)
        try:
            job = DecideJob(log, unkilled, SystemClock(), DecideSettings(snapshots=snapshots))
            job.recover()
            while job.step():
                pass
            rows = list(killed.stored_events())
            assert len(rows) > 8
            assert rows == list(unkilled.stored_events())
            assert killed.chain_heads() == unkilled.chain_heads()
            result = verify(log, killed)
            assert result.ok, result.differences
            assert result.events == len(rows)
            assert result.digest == result.recomputed_digest
            head = killed.decider_head()
            assert head is not None
            assert head.next_offset == log.end_offset(SIGNALS, 0)
            outbox = [entry.event for entry in killed.outbox_after(0, 10_000)]
            assert outbox == list(killed.events()), "what people hear of is each event once"
        finally:
            killed.close()
            unkilled.close()


def assert_killed_at_work(dead: list[Life], kills: int) -> None:
    """So many real deaths; most of them of deciders that had committed something, and not all at the same point."""
    assert len(dead) == kills
    at_work = [life for life in dead if life.decided]
    assert len(at_work) >= kills // 2
    assert len({life.heard[-1].offset for life in at_work}) >= len(at_work) // 2


def test_on_sqlite(tmp_path: Path) -> None:
    place = Place(f"sqlite:///{tmp_path}/log.db", f"sqlite:///{tmp_path}/store.db", tmp_path / "a", seed=1, days=14)
    place.make()
    dead = kill_again_and_again(place, kills=24, seed=7)
    assert_killed_at_work(dead, 24)
    assert_as_if_nothing_had_happened(place, f"sqlite:///{tmp_path}/unkilled.db", tmp_path / "b")


def test_of_two_at_once_one_leaves_and_the_ledger_is_whole(tmp_path: Path) -> None:
    place = Place(f"sqlite:///{tmp_path}/log.db", f"sqlite:///{tmp_path}/store.db", tmp_path / "a", seed=3, days=8)
    place.make()
    appender = Appender(place)
    try:
        pair = [Life(place), Life(place)]
        for life in pair:
            life.listen_recovered()
        appender.let_end()  # So there is something left to decide, for which both are there.
        deadline_s = time.monotonic() + 120
        while not (left := [life for life in pair if life.leaves(0.05)]):
            assert time.monotonic() < deadline_s, "both go on"
        (stays,) = [life for life in pair if life not in left]
        appender.finish()
        assert stays.kill() == KILLED
    finally:
        appender.stop()
    decide_to_the_end(place)
    assert_as_if_nothing_had_happened(place, f"sqlite:///{tmp_path}/unkilled.db", tmp_path / "b")


@pytest.mark.kafka
@pytest.mark.postgres
def test_on_kafka_and_postgresql(tmp_path: Path, kafka_url: str, postgres_url: str) -> None:
    place = Place(kafka_url, postgres_url, tmp_path / "a", seed=2, days=7)
    place.make()
    dead = kill_again_and_again(place, kills=6, seed=8)
    assert_killed_at_work(dead, 6)
    assert_as_if_nothing_had_happened(place, f"sqlite:///{tmp_path}/unkilled.db", tmp_path / "b")
