"""What only a file can suffer: torn writes, damage, no space, a WAL that grows, being replaced while open."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.clock import ManualClock, SystemClock
from connectors.log.open import open_log
from connectors.log.sqlite import SqliteLog
from schemas.errors import FatalError, LogFullError, OffsetOutOfRangeError
from schemas.ports.log import Entry
from tests.contract.log.harness import SqliteHarness, fresh_topic, open_here
from tests.contract.log.processes import Worker, workers
from tests.contract.log.test_processes import acked
from tests.contract.log.test_records import read_all

Start = Callable[..., Worker]
_WAL_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24


@pytest.fixture
def start() -> Iterator[Start]:
    with workers() as starter:
        yield starter


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


#: Groups that a writer writes at most before it is killed: fewer than are moved from the WAL into the file.
_MOST_GROUPS = 60


def killed_writer(harness: SqliteHarness, start: Start) -> tuple[str, dict[int, list[int]]]:
    """Leave a log whose only user was killed in the middle of writing; return its topic and what was acknowledged."""
    with open_here(harness) as log:
        topic = fresh_topic(log)
    writer = start(harness, "write-and-stay", topic, "w", _MOST_GROUPS, 4, 9_000)
    writer.listen(lambda said: said.get("group") == 25)
    return topic, acked(writer.kill())


def test_a_torn_write_behind_the_last_commit_is_ignored(tmp_path: Path, start: Start) -> None:
    harness = SqliteHarness(tmp_path)
    topic, told = killed_writer(harness, start)
    wal = harness.path.with_name("log.db-wal")
    with wal.open("ab") as tail:  # Half a frame of the next transaction reached the disk, and then a page of noise.
        tail.write(wal.read_bytes()[-8_000:])
        tail.write(os.urandom(16_384))
    with open_here(harness) as log:
        stored = {record.offset: record.value.decode().rstrip("x") for record in read_all(log, topic)}
        for group, offsets in told.items():
            assert [stored[offset] for offset in offsets] == [f"w:{group}:{index}:" for index in range(4)]
        assert sorted(stored) == list(range(log.end_offset(topic, 0)))
        log.append(topic, [Entry(0, b"on")])
        assert read_all(log, topic)[-1].value == b"on"


@pytest.mark.parametrize("lost_bytes", [1, 10_000, 200_000])
def test_a_disk_that_lost_its_tail_leaves_whole_groups(tmp_path: Path, start: Start, lost_bytes: int) -> None:
    harness = SqliteHarness(tmp_path)
    topic, told = killed_writer(harness, start)
    wal = harness.path.with_name("log.db-wal")
    os.truncate(wal, wal.stat().st_size - lost_bytes)
    with open_here(harness) as log:
        values = [record.value.decode().rstrip("x") for record in read_all(log, topic)]
        assert len(values) % 4 == 0
        assert values == [f"w:{group}:{index}:" for group in range(len(values) // 4) for index in range(4)]
        assert len(values) // 4 >= len(told) - lost_bytes // (4 * 9_000) - 2
        (offset,) = log.append(topic, [Entry(0, b"on")])
        assert offset == len(values)


def test_garbled_frames_end_the_log_before_them(tmp_path: Path, start: Start) -> None:
    harness = SqliteHarness(tmp_path)
    topic, told = killed_writer(harness, start)
    wal = harness.path.with_name("log.db-wal")
    frames = (wal.stat().st_size - _WAL_HEADER_BYTES) // (_FRAME_HEADER_BYTES + 16_384)
    place = _WAL_HEADER_BYTES + frames * 2 // 3 * (_FRAME_HEADER_BYTES + 16_384) + 5_000
    with wal.open("r+b") as file:
        file.seek(place)
        file.write(b"garbage!")
    with open_here(harness) as log:
        values = [record.value.decode().rstrip("x") for record in read_all(log, topic)]
        assert 0 < len(values) < 4 * len(told)
        assert values == [f"w:{group}:{index}:" for group in range(len(values) // 4) for index in range(4)]


def test_a_full_disk_writes_nothing_of_the_group_and_passes(path: Path) -> None:
    with SqliteLog(path, SystemClock(), max_pages=60) as log:
        log.create_topic("t", 1)
        group = [Entry(0, b"x" * 50_000), Entry(0, b"y" * 50_000)]
        appended = sum(len(log.append("t", group)) for _ in range(7))
        with pytest.raises(LogFullError, match="→") as error:
            log.append("t", [*group, *group])
        assert str(path) in str(error.value)
        assert appended == log.end_offset("t", 0) == 14
        assert len(read_all(log, "t")) == appended
        log.trim("t", 0, appended)
        assert log.append("t", [Entry(0, b"x" * 50_000)]) == (appended,)


def test_the_url_bounds_the_file_too(path: Path) -> None:
    with open_log(f"sqlite:///{path}?max_pages=40", SystemClock()) as log:
        log.create_topic("t", 1)
        with pytest.raises(LogFullError):
            log.append("t", [Entry(0, b"x" * 1_000_000)])


def use(path: Path) -> None:
    with SqliteLog(path, SystemClock()) as log:
        log.create_topic("u", 1)
        log.append("t", [Entry(0, b"x")])
        read_all(log, "t")


@pytest.mark.parametrize("place", [0, 16, 16_384])
def test_a_damaged_file_is_named_with_a_remedy(path: Path, place: int) -> None:
    with SqliteLog(path, SystemClock()) as log:
        log.create_topic("t", 1)
        log.append("t", [Entry(0, b"x" * 100_000)])
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"\xff" * 64)
    with pytest.raises(FatalError, match="→") as error:
        use(path)
    assert str(path) in str(error.value)


def test_a_flipped_bit_in_a_value_is_noticed(path: Path) -> None:
    with SqliteLog(path, SystemClock()) as log:
        log.create_topic("t", 1)
        log.append("t", [Entry(0, b"x" * 100_000 + b"here")])
    raw = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(raw.index(b"here"))
        file.write(b"hers")
    with SqliteLog(path, SystemClock()) as log, pytest.raises(FatalError, match="t/0 offset 0"):
        log.read("t", 0, 0, max_records=1)


def test_a_lost_record_is_not_skipped(path: Path) -> None:
    with SqliteLog(path, SystemClock()) as log:
        log.create_topic("t", 1)
        log.append("t", [Entry(0, b"%d" % index) for index in range(5)])
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM record_1 WHERE record_offset = 2")
    with SqliteLog(path, SystemClock()) as log:
        assert len(log.read("t", 0, 0, max_records=5)) == 2
        with pytest.raises(FatalError, match="no record at offset 2"):
            log.read("t", 0, 2, max_records=5)


def test_other_files_are_not_taken_for_a_log(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to look like one" * 30)
    with pytest.raises(FatalError, match=r"notes\.txt"):
        SqliteLog(text, SystemClock())
    other = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("CREATE TABLE mine (a)")
    with pytest.raises(FatalError, match="not a log"):
        SqliteLog(other, SystemClock())
    with contextlib.closing(sqlite3.connect(other)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (1,)
    with pytest.raises(FatalError, match="cannot be"):
        SqliteLog(text / "log.db", SystemClock())
    newer = tmp_path / "newer.db"
    SqliteLog(newer, SystemClock()).close()
    with contextlib.closing(sqlite3.connect(newer)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(FatalError, match="layout 99"):
        SqliteLog(newer, SystemClock())


def test_a_replaced_file_is_not_written_into_the_void(path: Path) -> None:
    with SqliteLog(path, SystemClock()) as log:
        log.create_topic("t", 1)
        shutil.copy(path, path.with_suffix(".copy"))
        path.with_suffix(".copy").rename(path)
        with pytest.raises(FatalError, match="deleted or replaced"):
            log.append("t", [Entry(0, b"x")])


def test_a_group_is_contiguous_and_cheap(path: Path) -> None:
    wal = path.with_name("log.db-wal")
    with SqliteLog(path, SystemClock()) as log:
        log.create_topic("t", 1)
        before = wal.stat().st_size
        assert log.append("t", [Entry(0, b"x" * 100) for _ in range(1_000)]) == tuple(range(1_000))
        assert wal.stat().st_size - before < 5 * 1_000 * 100, "a transaction for each record writes 32 KiB for each"


def test_the_wal_stays_bounded_while_somebody_always_reads(path: Path) -> None:
    wal = path.with_name("log.db-wal")
    stop, read = threading.Event(), threading.Event()

    def read_on() -> None:
        with SqliteLog(path, SystemClock()) as reader:
            while not stop.is_set():
                with contextlib.suppress(OffsetOutOfRangeError):  # Trimmed meanwhile, as it is to be.
                    read_all(reader, "t", step=3)
                read.set()

    with SqliteLog(path, SystemClock()) as log:
        log.create_topic("t", 1)
        log.append("t", [Entry(0, b"first")])
        thread = threading.Thread(target=read_on)
        thread.start()
        largest = 0
        try:
            assert read.wait(60)
            for number in range(50):
                log.append("t", [Entry(0, bytes([number]) * 4_000_000)])
                log.trim("t", 0, number)
                largest = max(largest, wal.stat().st_size)
        finally:
            stop.set()
            thread.join()
    assert largest < 120_000_000, "200 MB went through it"
    assert path.stat().st_size < 60_000_000, "trimmed pages are used again"


def test_a_small_step_back_of_the_clock_stands_still(path: Path) -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    with SqliteLog(path, ManualClock(start)) as log:
        log.create_topic("t", 1)
        log.append("t", [Entry(0, b"a")])
    with SqliteLog(path, ManualClock(start - timedelta(seconds=90))) as log:
        log.append("t", [Entry(0, b"b")])
        first, second = read_all(log, "t")
        assert first.append_time_ms == second.append_time_ms == int(start.timestamp() * 1000)


def test_many_first_openers_make_one_log(path: Path) -> None:
    ids: list[str] = []

    def open_it() -> None:
        with SqliteLog(path, SystemClock()) as log:
            log.create_topic("t", 2)
            log.append("t", [Entry(0, b"x")])
            ids.append(log.log_id)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1
    with SqliteLog(path, SystemClock()) as log:
        assert log.end_offset("t", 0) == 8
