"""Deciding goes on while a snapshot is written; a death on the way leaves the one before in force."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.engine_state import snapshot
from connectors.clock import ManualClock
from pipelines.decide import DecideJob, DecideSettings
from pipelines.snapshots import snapshot_path, write_snapshot
from schemas.errors import StoreFullError
from schemas.ports.log import Log
from schemas.ports.store import DeciderHead, Store
from schemas.wire import SignalsRecord
from tests.streams.deciding import Desk, KilledError, desk_in
from tests.streams.world import START, invented_stream

_BATCH = 40


class Disk:
    """Writes snapshots when it is let: what was begun waits before its first byte."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.begun: list[int] = []
        self.full = 0  # so many fail from now on
        self.dead: set[int] = set()  # of processes that are no more

    def write(self, folder: Path, offset: int, state: bytes) -> str:
        """Write as the real one."""
        self.begun.append(offset)
        if not self.let.wait(60):
            raise TimeoutError("nobody let it write")
        if offset in self.dead:
            raise KilledError
        if self.full:
            self.full -= 1
            raise StoreFullError("no room", remedy="make room")
        return write_snapshot(folder, offset, state)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    slow = Disk()
    monkeypatch.setattr("pipelines.decide.write_snapshot", slow.write)
    yield slow
    slow.let.set()


@pytest.fixture(scope="module")
def stream() -> list[SignalsRecord]:
    return invented_stream(2, days=4)


@pytest.fixture
def desk(tmp_path: Path, stream: list[SignalsRecord]) -> Desk:
    return desk_in(tmp_path, stream)


def job_of(desk: Desk, log: Log, store: Store, *, every: int = 100) -> DecideJob:
    settings = DecideSettings(
        desk.snapshots, host="h", batch_records=_BATCH, snapshot_every_records=every, snapshots_aside=True
    )
    job = DecideJob(log, store, ManualClock(START), settings)
    job.recover()
    return job


def head_of(store: Store) -> DeciderHead:
    head = store.decider_head()
    assert head is not None
    return head


def to_the_end(job: DecideJob) -> None:
    while job.step():
        pass


def until_committed(job: DecideJob, store: Store) -> DeciderHead:
    """Step on until a snapshot is committed, which takes as long as the other thread takes."""
    for _ in range(6_000):
        job.step()
        if (head := head_of(store)).snapshot_hash:
            return head
        threading.Event().wait(0.01)
    pytest.fail("no snapshot was committed")


def test_deciding_goes_on_meanwhile(desk: Desk, stream: list[SignalsRecord], disk: Disk) -> None:
    with desk.opened() as (log, store):
        job = job_of(desk, log, store)
        to_the_end(job)
        assert head_of(store).next_offset == len(stream)
        assert head_of(store).snapshot_hash == "", "it is not durable"
        assert len(disk.begun) == 1, "one at a time"
        disk.let.set()
        head = until_committed(job, store)
    assert (head.next_offset, head.snapshot_offset) == (len(stream), disk.begun[0])
    assert head.snapshot_offset < len(stream)


def test_it_is_the_engine_of_its_offset(desk: Desk, disk: Disk, tmp_path: Path, stream: list[SignalsRecord]) -> None:
    with desk.opened() as (log, store):
        job = job_of(desk, log, store)
        to_the_end(job)
        disk.let.set()
        head = until_committed(job, store)
    (tmp_path / "other").mkdir()
    other = desk_in(tmp_path / "other", stream[: head.snapshot_offset])
    with other.opened() as (log, store):
        straight = other.job(log, store)
        straight.recover()
        to_the_end(straight)
        written = snapshot_path(desk.snapshots, head.snapshot_offset, head.snapshot_hash).read_bytes()
        assert written == snapshot(straight.engine)


def test_the_next_one_begins_when_it_is_committed(desk: Desk, disk: Disk) -> None:
    disk.let.set()
    with desk.opened() as (log, store):
        job = job_of(desk, log, store, every=1)
        first = until_committed(job, store)
        for _ in range(6_000):
            job.step()
            if head_of(store).snapshot_offset > first.snapshot_offset:
                break
            threading.Event().wait(0.01)
        assert head_of(store).snapshot_offset > first.snapshot_offset
    assert disk.begun == sorted(disk.begun)


@pytest.mark.parametrize("durable", [False, True], ids=["half written", "written"])
def test_a_death_between_copy_and_commit_leaves_the_old_one_in_force(
    desk: Desk, disk: Disk, tmp_path: Path, stream: list[SignalsRecord], durable: bool
) -> None:
    disk.let.set()
    desk.decide(batch=_BATCH, snapshot_every=80, records=90)
    disk.let.clear()
    with desk.store() as store:
        old = head_of(store)
    with desk.opened() as (log, store):
        job = job_of(desk, log, store)
        for _ in range(4):
            job.step()
        assert disk.begun[-1] > old.snapshot_offset
        begun, state = disk.begun[-1], snapshot(job.engine)
    disk.dead.add(begun)
    # The process is gone. What its disk holds of the snapshot:
    if durable:
        left = snapshot_path(desk.snapshots, begun, write_snapshot(desk.snapshots, begun, state))
    else:
        left = snapshot_path(desk.snapshots, begun, "0" * 64).with_suffix(".tmp")
        left.write_bytes(state[: len(state) // 2])
    with desk.store() as store:
        assert head_of(store).snapshot_hash == old.snapshot_hash
        again = head_of(store).next_offset - old.snapshot_offset
    disk.let.set()
    assert desk.decide(batch=_BATCH) == again, "from the old snapshot, not from the start"
    (tmp_path / "straight").mkdir()
    straight = desk_in(tmp_path / "straight", stream)
    straight.decide(batch=_BATCH)
    assert desk.ledger() == straight.ledger()
    with desk.opened() as (log, store):
        job = job_of(desk, log, store)
        job.take_snapshot()
        assert not left.exists() or durable, "what is half is removed with the next commit"
        assert not list(desk.snapshots.glob("*.tmp"))
        assert head_of(store).snapshot_offset == len(stream)


def test_at_stop_it_is_waited_for(desk: Desk, disk: Disk, stream: list[SignalsRecord]) -> None:
    with desk.opened() as (log, store):
        job = job_of(desk, log, store)
        to_the_end(job)
        threading.Thread(target=disk.let.set).start()
        job.take_snapshot()
        head = head_of(store)
    assert disk.begun == [disk.begun[0], len(stream)], "the one under way, then that of the end"
    assert head.snapshot_offset == len(stream)
    assert len(list(desk.snapshots.glob("*.snapshot"))) == 2


def test_a_full_disk_delays_it(desk: Desk, disk: Disk, stream: list[SignalsRecord]) -> None:
    disk.full = 2
    disk.let.set()
    with desk.opened() as (log, store):
        job = job_of(desk, log, store)
        head = until_committed(job, store)
        to_the_end(job)
        assert head_of(store).next_offset == len(stream)
    assert len(disk.begun) >= 3
    assert head.snapshot_offset == disk.begun[2]


def test_a_thread_that_fails_stops_the_decider(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(folder: Path, offset: int, state: bytes) -> str:
        raise ZeroDivisionError(f"{folder} {offset} {len(state)}")

    monkeypatch.setattr("pipelines.decide.write_snapshot", broken)
    with desk.opened() as (log, store):
        job = job_of(desk, log, store)
        with pytest.raises(ZeroDivisionError):
            until_committed(job, store)


class _Ended(threading.Event):
    """Set once the log is decided; knows how the collector of Python was set meanwhile."""

    def __init__(self, job: DecideJob, end: int) -> None:
        super().__init__()
        self._job, self._end = job, end
        self.thresholds: set[tuple[int, int, int]] = set()

    def is_set(self) -> bool:
        self.thresholds.add(gc.get_threshold())
        return self._job.offset >= self._end


def test_a_decider_that_lives_collects_garbage_seldom(desk: Desk, stream: list[SignalsRecord]) -> None:
    gc.unfreeze()  # An extraction that ran in this process before freezes what it has.
    before = gc.get_threshold(), gc.get_freeze_count()
    with desk.opened() as (log, store):
        settings = DecideSettings(desk.snapshots, batch_records=_BATCH, wait_s=0.0)
        job = DecideJob(log, store, ManualClock(START), settings)
        ended = _Ended(job, len(stream))
        job.run(ended)
    assert ended.thresholds.isdisjoint({before[0]}), "it was set for the whole of the run"
    assert (gc.get_threshold(), gc.get_freeze_count()) == before
