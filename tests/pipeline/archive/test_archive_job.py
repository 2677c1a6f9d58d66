"""The archive job by itself: rolled, merged, killed between any two effects; what it refuses and what it tells."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.dataset
import pyarrow.parquet
import pytest

from connectors.archive import log_file, log_tier
from connectors.archive.archived_log import ArchivedLog
from connectors.archive.folder_exchange import ExchangeUnsupportedError, exchange_folders
from connectors.archive.log_tier import LogTier, Span
from connectors.clock import ManualClock
from pipelines.archive_job import JOB, ArchiveJob, ArchiveSettings, run_archive
from schemas.article import Article, Source
from schemas.errors import ArchiveUnavailableError, FatalError, OffsetOutOfRangeError, StoreUnavailableError, UsageError
from schemas.ids import content_hash, milliseconds
from schemas.ports.log import Entry, Log
from schemas.ports.store import Store
from schemas.reasons import EventTimeReason
from schemas.topics import ARTICLES, SIGNALS
from schemas.wire import encode
from tests.pipeline.archive.living import Life, all_of
from tests.streams.records import coverage

NOON = datetime(2025, 1, 22, 12, tzinfo=UTC)

#: Records that are none, as a hostile or broken producer may leave them: not UTF-8, not JSON, no object, odd values.
POISON = (
    b"",
    b"\xff\xfe\x00",
    b"{",
    b"[1]",
    b"[" * 100_000,
    b'{"kind":7,"title":"\\ud800","revision":9223372036854775808,"event_time":"yesterday","source":"x"}',
    b'{"revision":true,"at":"0001-01-01T00:00:00+23:59","url":"a\\u0000b"}',
    b'{"revision":' + b"9" * 5_000 + b"}",
)


def article(number: int, at: datetime) -> Article:
    return Article(
        article_id=f"{number:032x}",
        revision=milliseconds(at),
        revised_at=at,
        source=Source(id="alpha", name="Alpha"),
        feed_id="feed",
        url=f"https://alpha.example/{number}",
        title=f"Title {number}",
        published_at=at,
        observed_at=at,
        event_time=at,
        event_time_reason=EventTimeReason.PUBLISHED,
        content_hash=content_hash("t", "s", str(number)),
    )


class Desk:
    """A log with two partitions of articles, and what is made of it."""

    def __init__(self, life: Life, log: Log, store: Store) -> None:
        self.life, self.log, self.store = life, log, store
        self.tier = LogTier(life.archive, log.log_id)

    def fill(self, count: int, *, minutes: int = 1) -> None:
        """Append ``count`` articles and signals' coverage, a few minutes apart."""
        for number in range(count):
            self.life.clock.sleep(60 * minutes)
            at = self.life.clock.now()
            self.log.append(ARTICLES, [Entry(number % 2, encode(article(number, at)), b"key")])
            self.log.append(SIGNALS, [Entry(0, encode(coverage(at.replace(minute=0, second=0))))])

    def job(self, **changes: object) -> ArchiveJob:
        return self.life.job(self.log, self.store, ArchiveSettings(**changes))  # type: ignore[arg-type]

    def assert_archived(self) -> None:
        """Assert that the archive holds what the log holds, record by record, each once, in files that touch."""
        archived = ArchivedLog(self.life.archive, self.log.log_id)
        for topic, partition in ((ARTICLES, 0), (ARTICLES, 1), (SIGNALS, 0)):
            assert all_of(archived, topic, partition) == all_of(self.log, topic, partition)
            assert len(self.tier.spans(topic, partition)) == 1


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    life = Life(tmp_path, partitions=2, clock=ManualClock(NOON))
    with life.opened() as (log, store):
        yield Desk(life, log, store)


def test_records_wait_until_they_are_many_or_old(desk: Desk) -> None:
    job = desk.job(roll_records=30, roll_after=timedelta(hours=2))
    desk.fill(29)
    assert job.step() == 0
    assert job.behind() == 58
    desk.fill(1)
    assert job.step() == 30, "signals, which are many now"
    assert [file[:3] for file in desk.tier.files(SIGNALS, 0)] == [(0, 30, date(2025, 1, 22))]
    desk.life.clock.sleep(2 * 3600)
    assert job.step() == 30, "articles, which are old now"
    assert job.behind() == 0
    desk.assert_archived()


def test_a_file_is_of_one_day_and_bounded_in_bytes(desk: Desk) -> None:
    desk.fill(20, minutes=60)
    desk.job(roll_bytes=4_000).step(all_of_it=True)
    files = desk.tier.files(SIGNALS, 0)
    assert {file.day for file in files} == {date(2025, 1, 22), date(2025, 1, 23)}
    assert len(files) > 2
    desk.assert_archived()


def test_what_is_no_record_is_kept_byte_for_byte(desk: Desk) -> None:
    for topic in (ARTICLES, SIGNALS):
        desk.log.append(topic, [Entry(0, value, bytes([number])) for number, value in enumerate(POISON)])
    desk.fill(4)
    desk.job().step(all_of_it=True)
    desk.assert_archived()


def test_other_programs_find_typed_columns(desk: Desk) -> None:
    desk.fill(4)
    desk.job().step(all_of_it=True)
    table = pyarrow.dataset.dataset(desk.life.archive / "log", partitioning="hive").to_table()
    assert table.num_rows == 8
    assert set(table.column("topic").to_pylist()) == {ARTICLES, SIGNALS}
    assert set(table.column("day").to_pylist()) == {"2025-01-22"}
    (row, *_) = (row for row in table.to_pylist() if row["article_id"] == f"{3:032x}")
    assert row["kind"] == "article"
    assert row["source"] == "alpha"
    assert row["event_time"] == NOON + timedelta(minutes=4)
    assert row["title"] == "Title 3"
    assert row["partition"] == 1
    assert row["offset"] == 1
    assert row["key"] == b"key"
    assert row["record"].encode() == encode(article(3, NOON + timedelta(minutes=4)))
    assert {row["at"] for row in table.to_pylist() if row["kind"] == "coverage"} == {NOON + timedelta(hours=1)}


def test_days_that_are_over_are_merged(desk: Desk) -> None:
    desk.fill(30, minutes=40)
    desk.job(roll_records=3).step(all_of_it=True)
    before = {day: [file for file in desk.tier.files(SIGNALS, 0) if file.day.day == day] for day in (22, 23)}
    job = desk.job(merge_records=10)
    assert job.merge() > 2
    merged = [file for file in desk.tier.files(SIGNALS, 0) if file.day.day == 22]
    assert 1 < len(merged) < len(before[22])
    assert all(file.until - file.first <= 10 for file in merged)
    assert [file for file in desk.tier.files(SIGNALS, 0) if file.day.day == 23] == before[23], "today goes on"
    assert len(list(desk.tier.folder.rglob("day=2025-01-22/*.parquet"))) == len(merged) + 2
    assert job.merge() == 0
    desk.assert_archived()


class Killed(BaseException):
    """The process ended here."""


@pytest.mark.parametrize("spare", [True, False], ids=["before", "after"])
def test_killed_between_any_two_effects_nothing_is_missing_and_nothing_double(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, spare: bool
) -> None:
    """Every fsync, link, rename, exchange and removal in turn is the last thing a life does; readers that know nothing of us
    see each record once then, too."""
    desk.fill(16, minutes=60)
    lives = 0
    while True:
        lives += 1
        with monkeypatch.context() as patch:
            _die_at(patch, 1 + lives % 9, before=spare)
            try:
                with desk.tier.writing():
                    job = desk.job(roll_records=4)
                    job.step(all_of_it=True)
                    if not job.merge():
                        break
            except Killed:
                archived = ArchivedLog(desk.life.archive, desk.log.log_id)
                for topic, partition in ((ARTICLES, 0), (ARTICLES, 1), (SIGNALS, 0)):
                    known = all_of(archived, topic, partition)
                    assert known == all_of(desk.log, topic, partition)[: len(known)]
                    assert _seen_by_others(desk.tier, topic, partition) == [record.offset for record in known]
        assert lives < 200
    assert lives > 10
    assert not list((desk.life.archive / ".merging").rglob("*"))
    desk.assert_archived()
    assert not list(desk.tier.folder.rglob(".*.unfinished"))
    counting = {
        file.path for topic, p in ((ARTICLES, 0), (ARTICLES, 1), (SIGNALS, 0)) for file in desk.tier.files(topic, p)
    }
    assert set(desk.tier.folder.rglob("*.parquet")) == counting


def _seen_by_others(tier: LogTier, topic: str, partition: int) -> list[int]:
    """Return the offsets that a reader of partitioned Parquet finds, which goes by the names of folders alone."""
    offsets: list[int] = []
    for path in (tier.folder / f"topic={topic}" / f"partition={partition}").rglob("*.parquet"):
        if not path.name.startswith("."):
            offsets += pyarrow.parquet.read_table(path, columns=["offset"]).column(0).to_pylist()
    return sorted(offsets)


@pytest.mark.parametrize("when", ["before", "after"])
def test_merging_a_day_is_one_step_for_every_reader(desk: Desk, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """Killed at each of its effects in turn: the day is in its parts or in its wholes, and what else lies there stays."""
    desk.fill(16, minutes=60)
    desk.job(roll_records=2).step(all_of_it=True)
    archive = desk.life.archive
    parts = sorted(path.name for path in archive.rglob("day=2025-01-22/*.parquet"))
    every = {(t, p): _seen_by_others(desk.tier, t, p) for t, p in ((ARTICLES, 0), (ARTICLES, 1), (SIGNALS, 0))}
    for number in range(1, 100):
        saved = archive.with_name("saved")
        shutil.copytree(archive, saved)
        with monkeypatch.context() as patch:
            _die_at(patch, number, before=when == "before")
            try:
                desk.job(merge_records=6).merge()
            except Killed:
                ended = False
            else:
                ended = True
        for (topic, partition), offsets in every.items():
            assert _seen_by_others(desk.tier, topic, partition) == offsets, f"after effect {number}"
        if ended:
            break
        shutil.rmtree(archive)
        saved.rename(archive)
    assert number > 20
    assert len(list(archive.rglob("day=2025-01-22/*.parquet"))) < len(parts)
    desk.assert_archived()


def test_what_is_none_of_ours_stays_and_a_folder_among_the_files_of_a_day_holds_up_merging_alone(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.fill(16, minutes=60)
    desk.job(roll_records=2).step(all_of_it=True)
    day = next(desk.tier.folder.glob(f"topic={SIGNALS}/partition=0/day=2025-01-22"))
    (day / "notes.txt").write_text("mine")
    (day / "own").mkdir()
    assert desk.job().tend() == 0
    assert "holds a folder that is none of ours" in caplog.text
    (day / "own").rmdir()
    assert desk.job().merge()
    assert (day / "notes.txt").read_text() == "mine"
    desk.assert_archived()


def test_where_folders_cannot_be_exchanged_small_files_stay(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk.fill(16, minutes=60)
    job = desk.job(roll_records=2)
    job.step(all_of_it=True)
    before = sorted(desk.life.archive.rglob("*.parquet"))

    def unable(*_: object) -> None:
        raise ExchangeUnsupportedError(22, "Invalid argument")

    monkeypatch.setattr(log_tier, "exchange_folders", unable)
    assert job.merge() == job.merge() == 0
    assert caplog.text.count("the archive stays in small files") == 1
    assert sorted(desk.life.archive.rglob("*.parquet")) == before
    desk.assert_archived()


def _die_at(patch: pytest.MonkeyPatch, number: int, *, before: bool) -> None:
    """Let the ``number``-th effect on the disk be the last."""
    left = [number]

    def dying(original: Callable[..., object]) -> Callable[..., object]:
        def effect(*arguments: object, **names: object) -> object:
            left[0] -= 1
            if left[0] <= 0 and before:
                raise Killed
            result = original(*arguments, **names)
            if left[0] <= 0:
                raise Killed
            return result

        return effect

    patch.setattr(Path, "replace", dying(Path.replace))
    patch.setattr("os.fsync", dying(os.fsync))
    patch.setattr("os.link", dying(os.link))
    patch.setattr("shutil.rmtree", dying(shutil.rmtree))
    patch.setattr(log_tier, "exchange_folders", dying(exchange_folders))
    unlink = dying(Path.unlink)
    patch.setattr(Path, "unlink", lambda self, **k: unlink(self, **k) if not self.name.startswith(".") else None)


def test_of_two_at_once_one_waits(desk: Desk) -> None:
    with desk.tier.writing(), pytest.raises(ArchiveUnavailableError, match="another process writes"):
        LogTier(desk.life.archive, desk.log.log_id).writing().__enter__()
    with desk.tier.writing():
        pass


def test_a_full_disk_is_told_and_tried_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.fill(4)
    stop = threading.Event()
    settings = ArchiveSettings(roll_after=timedelta(0), wait_s=0.01)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        patch.setattr(stop, "wait", lambda _: stop.set())
        run_archive(desk.log, desk.store, desk.life.clock, desk.tier, settings, stop)
    detail = desk.store.heartbeats()[JOB][1]
    assert "No space left" in str(detail["problem"])
    stop = threading.Event()
    monkeypatch.setattr(stop, "wait", lambda _: stop.set())
    run_archive(desk.log, desk.store, desk.life.clock, desk.tier, settings, stop)
    assert desk.store.heartbeats()[JOB][1] == {"behind": 0, "archived": 8, "trimmed": 0}
    desk.assert_archived()


def test_a_store_that_stays_away_is_asked_less_and_less_often(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk nothing is left to archive, and yet the store takes no sign of life."""
    desk.fill(4)
    pauses: list[float] = []
    stop = threading.Event()

    def away(*_args: object, **_more: object) -> None:
        raise StoreUnavailableError("no space is left for the store")

    def wait(timeout: float) -> None:
        pauses.append(timeout)
        if len(pauses) == 5:
            stop.set()

    monkeypatch.setattr(desk.store, "beat", away)
    monkeypatch.setattr(stop, "wait", wait)
    run_archive(desk.log, desk.store, desk.life.clock, desk.tier, ArchiveSettings(), stop)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_a_log_from_a_backup_is_not_mixed_with_what_came_after(desk: Desk) -> None:
    desk.fill(6)
    desk.job().step(all_of_it=True)
    (last,) = desk.tier.files(SIGNALS, 0)
    records = all_of(desk.log, SIGNALS)
    last.path.unlink()
    desk.tier.write(SIGNALS, 0, 0, [*records[:-1], records[-1]._replace(value=b"another")])
    with pytest.raises(FatalError, match="another record at offset 5"):
        desk.job().step(all_of_it=True)
    desk.tier.write(SIGNALS, 0, 0, [*records, records[-1]._replace(offset=6)])
    with pytest.raises(FatalError, match="reaches further than the log"):
        desk.job().step(all_of_it=True)


def test_a_hole_is_known_and_not_read_over(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.fill(4)
    desk.job().step(all_of_it=True)
    desk.fill(4)
    desk.log.trim(SIGNALS, 0, 6)
    desk.job().step(all_of_it=True)
    assert "offsets 4 to 5 were archived" in caplog.text
    assert desk.tier.spans(SIGNALS, 0) == [Span(0, 4), Span(6, 8)]
    archived = ArchivedLog.existing(desk.life.archive)
    with pytest.raises(OffsetOutOfRangeError, match="offsets 4 to 5"):
        list(archived.records(SIGNALS, 0, 0))
    assert [record.offset for record in archived.records(SIGNALS, 0, 6)] == [6, 7]


def test_a_damaged_file_is_noticed(desk: Desk) -> None:
    desk.fill(40)
    desk.job().step(all_of_it=True)
    (file,) = desk.tier.files(SIGNALS, 0)
    raw = bytearray(file.path.read_bytes())
    column = pyarrow.parquet.read_metadata(file.path).row_group(0).column(log_file.SCHEMA.names.index("record"))
    raw[column.data_page_offset + column.total_compressed_size - 1] ^= 1
    file.path.write_bytes(raw)
    with pytest.raises(FatalError, match=file.path.name):
        all_of(ArchivedLog.existing(desk.life.archive), SIGNALS)


def test_what_is_no_archived_log_is_said(desk: Desk) -> None:
    with pytest.raises(UsageError, match="holds no archived log"):
        ArchivedLog.existing(desk.life.archive)
    desk.fill(1)
    desk.job().step(all_of_it=True)
    with pytest.raises(UsageError, match="holds no log 'other'"):
        ArchivedLog.existing(desk.life.archive, "other")
    with pytest.raises(UsageError, match="no id of a log"):
        LogTier(desk.life.archive, "../other")
