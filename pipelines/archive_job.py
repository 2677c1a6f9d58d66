"""The job that archives: every record of articles and signals to Parquet, in log order; then the log forgets what is old.

    articles, signals ──read──▶ a file by offsets and day ──fsync, rename──▶ the position: what the file names say
                                      └── small files of a day that is over, merged in one step
    log ◀──trim── below what everybody still needs (pipelines/trimming.py)

Killed at any moment it goes on from the names of the files: no record is missing, none is there twice. Nothing of the
watch waits for it: whatever goes wrong here is told, and tried again.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby

from connectors.archive.archived_log import ArchivedLog
from connectors.archive.folder_exchange import ExchangeUnsupportedError
from connectors.archive.log_tier import LogTier, TierFile, day_of
from pipelines.trimming import Retention, articles_bound, dead_letters_bound, signals_bound
from schemas.clock import Clock
from schemas.errors import FatalError, RetriableError, TocsinError
from schemas.ports.log import Log, LogRecord
from schemas.ports.store import Store
from schemas.topics import ARTICLES, DEAD_LETTERS, SIGNALS

logger = logging.getLogger(__name__)

#: The name among the signs of life.
JOB = "archive"

#: The consumer groups of ``articles``. Written here again because the job's module needs Beam.
GROUPS = ("extract",)

_BEAT_EVERY = timedelta(seconds=10)
_LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True)
class ArchiveSettings:
    """How the job works: a file is written once it has so many records or bytes, or its first record is so old."""

    retention: Retention = field(default_factory=Retention)
    roll_records: int = 20_000
    roll_bytes: int = 33_554_432
    roll_after: timedelta = timedelta(minutes=10)
    merge_records: int = 200_000
    merge_bytes: int = 134_217_728
    trim_every: timedelta = timedelta(minutes=10)
    wait_s: float = 5.0


@dataclass(frozen=True)
class _Chunk:
    """Records of one day to be written together; ``full``: waiting would not make the file larger."""

    records: Sequence[LogRecord]
    full: bool


class ArchiveJob:
    """The one writer of a tier: use it inside ``with tier.writing():``."""

    def __init__(self, log: Log, store: Store, clock: Clock, tier: LogTier, settings: ArchiveSettings) -> None:
        if log.log_id != tier.log_id:
            raise FatalError(
                f"the archive is of log {tier.log_id}, this is log {log.log_id}", remedy="this is a defect: report it"
            )
        self._log = log
        self._store = store
        self._clock = clock
        self._tier = tier
        self._settings = settings
        self._streams = [(t, p) for t in (ARTICLES, SIGNALS) for p in range(log.partitions(t))]
        self._positions: dict[tuple[str, int], int] = {}
        self._merged_before: date | None = None
        self._merges = True  # until the file system says that it cannot exchange folders
        self._trim_at = clock.now()
        self.archived = 0
        self.trimmed = 0

    def step(self, *, all_of_it: bool = False) -> int:
        """Write the files that are due, or with ``all_of_it`` everything there is; return how many records that were."""
        count = 0
        for topic, partition in self._streams:
            while (chunk := self._due(topic, partition, all_of_it=all_of_it)) is not None:
                first = self._positions[topic, partition]
                self._positions[topic, partition] = self._tier.write(topic, partition, first, chunk.records)
                count += len(chunk.records)
        self.archived += count
        return count

    def behind(self) -> int:
        """Return how many offsets of all partitions are not yet archived."""
        return sum(self._log.end_offset(t, p) - self._position(t, p) for t, p in self._streams)

    def _due(self, topic: str, partition: int, *, all_of_it: bool) -> _Chunk | None:
        """Return what is to be written next; None when it is worth waiting for more."""
        position = self._position(topic, partition)
        first = self._log.read(topic, partition, position, max_records=1)
        if not first:
            return None
        age_ms = self._log.now_ms() - first[0].append_time_ms
        late = age_ms >= self._settings.roll_after // timedelta(milliseconds=1)
        waiting = self._log.end_offset(topic, partition) - position
        if not (all_of_it or late or waiting >= self._settings.roll_records):
            return None
        chunk = self._chunk(topic, partition, position)
        return chunk if all_of_it or late or chunk.full else None

    def _chunk(self, topic: str, partition: int, position: int) -> _Chunk:
        records: list[LogRecord] = []
        size = 0
        while True:
            found = self._log.read(
                topic, partition, position, max_records=min(1_000, self._settings.roll_records - len(records))
            )
            if not found:
                return _Chunk(records, full=False)
            for record in found:
                if records and day_of(record.append_time_ms) != day_of(records[0].append_time_ms):
                    return _Chunk(records, full=True)
                records.append(record)
                size += len(record.value)
                if len(records) >= self._settings.roll_records or size >= self._settings.roll_bytes:
                    return _Chunk(records, full=True)
            position = found[-1].offset + 1

    # -- positions --------------------------------------------------------------------------------------------------

    def _position(self, topic: str, partition: int) -> int:
        if (topic, partition) not in self._positions:
            self._positions[topic, partition] = self._found_position(topic, partition)
        return self._positions[topic, partition]

    def _found_position(self, topic: str, partition: int) -> int:
        """Return where the files end, or where the log begins."""
        start = self._log.start_offset(topic, partition)
        spans = self._tier.spans(topic, partition)
        if not spans:
            return start
        until = spans[-1].until
        if until < start:
            logger.warning(
                "%s/%d was trimmed before offsets %d to %d were archived: the archive has a hole there",
                topic, partition, until, start - 1,
            )  # fmt: skip
            return start
        self._check_same_timeline(topic, partition, until, start)
        return until

    def _check_same_timeline(self, topic: str, partition: int, until: int, start: int) -> None:
        """A log brought back from a backup goes on in other words at offsets that are archived: they must not be mixed.

        :raises FatalError: the last archived record is not the one the log has at its offset.
        """
        remedy = (
            "the log was brought back from a backup older than this archive: set `archive` to another folder, or move"
            f" away the files of {self._tier.folder} beyond the end of the log"
        )
        if until > self._log.end_offset(topic, partition):
            raise FatalError(f"the archive of {topic}/{partition} reaches further than the log", remedy=remedy)
        archived = ArchivedLog(self._tier.folder.parents[1], self._tier.log_id)
        last = self._tier.files(topic, partition)[-1]
        (record,) = deque(archived.records(topic, partition, last.first), maxlen=1)
        if record.offset < start:
            return  # Trimmed: the log had the record once, and went on.
        here = self._log.read(topic, partition, record.offset, max_records=1)
        if list(here) != [record]:
            raise FatalError(
                f"the archive of {topic}/{partition} has another record at offset {record.offset} than the log",
                remedy=remedy,
            )

    # -- merging and trimming ---------------------------------------------------------------------------------------

    def merge(self) -> int:
        """Merge small files of days that are over; return how many files were made."""
        today = day_of(self._log.now_ms())
        made = 0
        for topic, partition in self._streams:
            self._tier.remove_merged(topic, partition)
            over = [file for file in self._tier.files(topic, partition) if file.day < today]
            groups = groups_to_merge(over, self._settings.merge_records, self._settings.merge_bytes)
            for _, of_day in groupby(groups, key=lambda group: group[0].day):
                made += self._merge_day(topic, partition, list(of_day))
        self._merged_before = today
        return made

    def _merge_day(self, topic: str, partition: int, groups: Sequence[Sequence[TierFile]]) -> int:
        if not self._merges:
            return 0
        try:
            self._tier.merge(topic, partition, groups)
        except ExchangeUnsupportedError as error:
            self._merges = False
            logger.warning("the archive stays in small files: %s", error.strerror)
            return 0
        return len(groups)

    def trim(self) -> int:
        """Let the log forget what nobody needs; return how many offsets of all topics that were."""
        retention = self._settings.retention
        if not retention.trim:
            return 0
        rule_sets = self._store.rule_sets()
        before = {DEAD_LETTERS: {0: dead_letters_bound(self._log, retention)}}
        for topic, partition in self._streams:
            archived = self._archived(topic, partition)
            if topic == ARTICLES:
                bound = articles_bound(self._log, partition, archived, GROUPS, retention)
            else:
                bound = signals_bound(self._log, archived, self._store.decider_head(), retention, rule_sets)
            before.setdefault(topic, {})[partition] = bound
        count = 0
        for topic, bounds in before.items():
            for partition, bound in bounds.items():
                start = self._log.start_offset(topic, partition)
                if bound > start:
                    self._log.trim(topic, partition, bound)
                    count += bound - start
        self.trimmed += count
        return count

    def _archived(self, topic: str, partition: int) -> int:
        """Return the offset up to which the log's records are in files now, looked up anew; the log's start for none."""
        start = self._log.start_offset(topic, partition)
        return max((s.until for s in self._tier.spans(topic, partition) if s.first <= start <= s.until), default=start)

    # -- at work ----------------------------------------------------------------------------------------------------

    def tend(self) -> int:
        """Archive what is due, merge after midnight, trim now and then; return how many records were archived."""
        count = self.step()
        if self._merged_before != day_of(self._log.now_ms()):
            self.merge()
        now = self._clock.now()
        if now >= self._trim_at:
            self.trim()
            self._trim_at = now + self._settings.trim_every
        return count

    def detail(self) -> dict[str, str | int | float]:
        """Return what `tocsin status` shows."""
        return {"behind": self.behind(), "archived": self.archived, "trimmed": self.trimmed}


def groups_to_merge(files: Sequence[TierFile], most_records: int, most_bytes: int) -> list[list[TierFile]]:
    """Return runs of two or more files of one day that follow each other and are small enough together."""
    groups: list[list[TierFile]] = []
    sizes = [0, 0]
    for file in files:
        records, size = file.until - file.first, file.path.stat().st_size
        last = groups[-1][-1] if groups else None
        joins = last is not None and last.day == file.day and last.until == file.first
        if joins and sizes[0] + records <= most_records and sizes[1] + size <= most_bytes:
            groups[-1].append(file)
            sizes = [sizes[0] + records, sizes[1] + size]
        else:
            groups.append([file])
            sizes = [records, size]
    return [group for group in groups if len(group) > 1]


def run_archive(
    log: Log, store: Store, clock: Clock, tier: LogTier, settings: ArchiveSettings, stop: threading.Event
) -> None:
    """Archive until ``stop``. Every error is told, among the signs of life too, and tried again: the watch goes on."""
    failures = 0
    beats = _Beats(store, clock)
    while not stop.is_set():
        try:
            with tier.writing():
                job = ArchiveJob(log, store, clock, tier, settings)
                while not stop.is_set():
                    job.tend()
                    beats.beat(job.detail())
                    failures = 0
                    stop.wait(settings.wait_s)
        except (RetriableError, FatalError) as error:
            failures += 1
            logger.warning("archive waits: %s", error)
            beats.beat_of_trouble(error)
            stop.wait(min(_LONGEST_PAUSE_S, 0.5 * 2**failures))


class _Beats:
    """Signs of life, every ten seconds at most; a store that is away costs one, no more."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._next: datetime | None = None

    def beat(self, detail: dict[str, str | int | float]) -> None:
        """Give a sign of life when one is due."""
        now = self._clock.now()
        if self._next is None or now >= self._next:
            self._store.beat(JOB, at=now, detail=detail)
            self._next = now + _BEAT_EVERY

    def beat_of_trouble(self, error: TocsinError) -> None:
        """Say what is in the way."""
        self._next = None
        try:
            self._store.beat(JOB, at=self._clock.now(), detail={"problem": error.message})
        except RetriableError as unheard:
            logger.warning("the store does not hear of it: %s", unheard)
