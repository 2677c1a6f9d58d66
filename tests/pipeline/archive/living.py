"""A log that lives for weeks in a moment: an invented stream appended day by day, decided, archived and trimmed on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

from connectors.archive.archived_log import ArchivedLog
from connectors.archive.log_tier import LogTier
from connectors.clock import ManualClock
from connectors.log.open import open_log
from connectors.store.open import open_store
from pipelines.archive_job import ArchiveJob, ArchiveSettings
from pipelines.decide import DecideJob, DecideSettings
from schemas.control import RulesActivated
from schemas.coverage import Coverage
from schemas.ports.log import Entry, Log, LogRecord
from schemas.ports.store import Store, StoredEvent
from schemas.signal import Signal
from schemas.topics import ARTICLES, DEAD_LETTERS, SIGNALS
from schemas.wire import SignalsRecord, encode
from tests.streams.deciding import Desk
from tests.streams.world import START


@dataclass
class Life:
    """A folder with log, store, snapshots and archive, and the clock they live by."""

    folder: Path
    partitions: int = 1
    clock: ManualClock = field(default_factory=lambda: ManualClock(START - timedelta(hours=1)))

    @property
    def archive(self) -> Path:
        """Return the folder of the archive."""
        return self.folder / "archive"

    @property
    def snapshots(self) -> Path:
        """Return the folder of the snapshots."""
        return self.folder / "snapshots"

    @contextmanager
    def opened(self) -> Iterator[tuple[Log, Store]]:
        """Open log and store, made where they are missing."""
        desk = Desk(self.folder)
        if not (self.folder / "store.db").exists():
            desk.make_store()
        store = open_store(desk.store_url)
        try:
            with open_log(desk.log_url, self.clock) as log:
                log.create_topic(ARTICLES, self.partitions)
                log.create_topic(SIGNALS, 1)
                log.create_topic(DEAD_LETTERS, 1)
                yield log, store
        finally:
            store.close()

    def job(self, log: Log, store: Store, settings: ArchiveSettings | None = None) -> ArchiveJob:
        """Return an archive job; nobody else writes in these tests."""
        return ArchiveJob(log, store, self.clock, LogTier(self.archive, log.log_id), settings or ArchiveSettings())

    def decider(self, log: Log, store: Store, *, snapshot_every: int = 300) -> DecideJob:
        """Return a decider that has recovered."""
        settings = DecideSettings(snapshots=self.snapshots, host="h", snapshot_every_records=snapshot_every)
        job = DecideJob(log, store, self.clock, settings)
        job.recover()
        return job

    def live(self, stream: Sequence[SignalsRecord], settings: ArchiveSettings) -> None:
        """Let every day of ``stream`` be appended at its time, decided, archived, merged and trimmed."""
        with self.opened() as (log, store):
            decider, archiver = self.decider(log, store), self.job(log, store, settings)
            for _, of_day in groupby(stream, key=lambda record: time_of(record).date()):
                for at, records in groupby(of_day, key=_quarter):
                    self.clock.advance_to(at)
                    log.append(SIGNALS, [Entry(0, encode(record)) for record in records])
                while decider.step():
                    pass
                archiver.tend()
            archiver.step(all_of_it=True)

    def archived(self) -> ArchivedLog:
        """Return what is archived, as a log."""
        return ArchivedLog.existing(self.archive)

    def ledger(self) -> list[StoredEvent]:
        """Return the rows of the ledger."""
        return Desk(self.folder).ledger()


def time_of(record: SignalsRecord) -> datetime:
    """Return when ``record`` came to the log."""
    if isinstance(record, Signal):
        return record.revised_at
    if isinstance(record, Coverage):
        return record.at
    assert isinstance(record, RulesActivated)
    return record.activated_at


def _quarter(record: SignalsRecord) -> datetime:
    """Return the last moment of the quarter of a day in which ``record`` came: fewer appends are faster."""
    at = time_of(record)
    return at.replace(hour=at.hour - at.hour % 6 + 5, minute=59, second=59, microsecond=0)


def all_of(log: Log | ArchivedLog, topic: str, partition: int = 0) -> list[LogRecord]:
    """Return every record of a partition."""
    records: list[LogRecord] = []
    offset = log.start_offset(topic, partition)
    while found := log.read(topic, partition, offset, max_records=700):
        records += found
        offset = found[-1].offset + 1
    return records
