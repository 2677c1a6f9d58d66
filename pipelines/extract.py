"""The job that extracts: a consumer group's share of ``articles`` to ``signals``, batch by batch.

    articles ──poll──▶ DecodeArticles ──▶ ExtractSignals ──▶ EncodeSignals ──append──▶ signals ──▶ commit
                            └──────────── failures ─────────────┴──append──▶ dead-letters

Several processes share the partitions. A crash anywhere repeats a batch, which changes nothing: ids make duplicates harmless.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pipelines.extraction.failure_limit import FailureLimit
from pipelines.extraction.record_batches import ExtractedBatch, RecordExtraction
from pipelines.extraction.versions_in_use import VersionsInUse
from schemas.clock import Clock
from schemas.errors import RetriableError
from schemas.ports.log import Entry, Log, LogRecord, Subscription
from schemas.ports.store import HeartbeatStore
from schemas.topics import ARTICLES, DEAD_LETTERS, SIGNALS

logger = logging.getLogger(__name__)

#: The consumer group, and the name among the signs of life.
GROUP = "extract"

_BEAT_EVERY = timedelta(seconds=10)
_LONGEST_PAUSE_S = 30.0
_REMEDY = (
    "correct the cause (often an older version of Tocsin than the poller's) and start again: nothing of this batch was "
    "written. If these records really are worthless, `tocsin dead-letters put-aside` takes them out of the way"
)


@dataclass(frozen=True)
class ExtractSettings:
    """How the job works. Of these ``own_files`` alone changes a signal."""

    own_files: tuple[Path, ...] = ()
    batch_records: int = 1_000
    wait_s: float = 0.5
    #: The share of failures above which the job stops; 1 puts everything aside.
    most_failures: float = 0.5


@dataclass
class _Pending:
    """Extracted and not yet committed; what was appended is taken out."""

    offsets: Mapping[int, int]
    batch: ExtractedBatch
    entries: Sequence[Entry]
    dead_letters: Sequence[Entry]


class ExtractJob:
    """One member of the group. Belongs to one thread; leave the group with :meth:`close`."""

    def __init__(self, log: Log, store: HeartbeatStore, clock: Clock, settings: ExtractSettings) -> None:
        """Make the extractor and its pipeline ready; nothing is read yet.

        :raises ActorFileError: a file of ``settings.own_files`` is wrong.
        """
        self._log = log
        self._store = store
        self._clock = clock
        self._settings = settings
        self._extraction = RecordExtraction(settings.own_files, log.log_id)
        self._versions = VersionsInUse(self._extraction.version, store, GROUP)
        self._limit = FailureLimit(settings.most_failures)
        self._subscription: Subscription | None = None
        self._polled: Sequence[LogRecord] = ()
        self._pending: _Pending | None = None
        self._totals: Counter[str] = Counter()
        self._next_beat = clock.now()

    def partitions(self) -> frozenset[int]:
        """Return the partitions of ``articles`` held now."""
        return self._subscription.assignment() if self._subscription is not None else frozenset()

    def step(self, wait_s: float = 0.0) -> int:
        """Extract one batch and commit it; return how many records it had, 0 when there were none within ``wait_s``.

        When writing fails with a RetriableError the batch is kept, and the next call goes on where this one stopped.

        :raises FatalError: too many records failed; nothing of the batch was written.
        """
        if self._subscription is None:
            self._subscription = self._log.subscribe(GROUP, ARTICLES)
        subscription = self._subscription
        if not self._polled:
            # A record is given out once: these are kept until their position is committed or refused.
            self._polled = subscription.poll(max_records=self._settings.batch_records, wait_s=wait_s)
            self._versions.hold(self.partitions())
        count = len(self._polled)
        if self._polled:
            if self._pending is None:
                self._pending = self._extract(self._polled)
            self._write(self._pending, subscription)
            self._polled, self._pending = (), None
        self._beat_when_due()
        return count

    def _extract(self, records: Sequence[LogRecord]) -> _Pending:
        now = self._clock.now()
        offsets: dict[int, int] = {}
        for record in records:
            offsets[record.partition] = max(offsets.get(record.partition, 0), record.offset + 1)
        changes = self._versions.changes(sorted(offsets), now)
        batch = self._extraction.extract(records, now)
        self._limit.admit(len(records), batch.failures, _REMEDY)
        # Everything goes in one append, in order: a partition's coverage stands behind all that came before it.
        return _Pending(offsets, batch, [*changes, *batch.entries], batch.dead_letters)

    def _write(self, pending: _Pending, subscription: Subscription) -> None:
        """Dead letters, then signals, then the position: each only once the one before is durable."""
        if pending.dead_letters:
            self._log.append(DEAD_LETTERS, pending.dead_letters)
            pending.dead_letters = ()
        if pending.entries:
            self._log.append(SIGNALS, pending.entries)
            pending.entries = ()
        if not subscription.commit(pending.offsets):
            logger.info("partitions %s went to another process, which extracts these again", sorted(pending.offsets))
            return
        self._totals["records"] += pending.batch.records
        self._totals["signals"] += pending.batch.signals
        self._totals["dead_letters"] += len(pending.batch.failures)
        self._totals["unknown_fields"] += pending.batch.with_unknown_fields
        if self._versions.written(pending.offsets):
            self._next_beat = self._clock.now()
        for failure in pending.batch.failures:
            logger.warning(
                "%s/%d/%d put aside (%s): %s",
                ARTICLES,
                failure.partition,
                failure.offset,
                failure.reason.value,
                failure.error,
            )

    def _beat_when_due(self) -> None:
        now = self._clock.now()
        if now < self._next_beat:
            return
        detail: dict[str, str | int | float] = {
            **self._totals,
            "partitions": " ".join(str(partition) for partition in sorted(self.partitions())),
            **self._versions.to_remember(),
        }
        self._store.beat(GROUP, at=now, detail=detail)
        self._next_beat = now + _BEAT_EVERY

    def run(self, stop: threading.Event) -> None:
        """Extract until ``stop``; what can be retried is, with a growing pause."""
        attempts = 0
        try:
            while not stop.is_set():
                try:
                    self.step(self._settings.wait_s)
                    attempts = 0
                except RetriableError as error:
                    attempts += 1
                    logger.warning("extract waits: %s", error)
                    stop.wait(min(_LONGEST_PAUSE_S, 0.25 * 2 ** min(attempts, 10)))
        finally:
            self.close()

    def close(self) -> None:
        """Leave the group, so that others take over at once; what is not committed is extracted again. Idempotent."""
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None
            self._polled, self._pending = (), None
