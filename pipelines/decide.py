"""The job that decides: signals → engine → ledger.

    signals ──read──▶ engine.step ──▶ decisions ──one transaction──▶ ledger + outbox + offset
                         ▲                                               │
                      snapshot file ◀──── every so often ────────────────┘

A snapshot is copied between two batches and written aside; its hash and offset are committed once the file is durable.
Rules whose activation is deferred are warmed between the batches; once they are, it appends ``RulesReady`` to ``signals``.

It decides nothing itself, and it notifies nobody: the outbox does.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from alerts.engine import ENGINE_VERSION, Engine, Waiting
from alerts.engine_state import freeze
from pipelines.event_hours import hour_bars
from pipelines.garbage import Tidying, seldom_collected
from pipelines.older_snapshots import MOST_BYTES, keep_snapshot
from pipelines.recovery import from_snapshot_file, recover
from pipelines.snapshot_writer import SnapshotWriter, WrittenSnapshot
from pipelines.snapshots import remove_old_snapshots, snapshot_path, write_snapshot
from pipelines.stepping import Stepping
from pipelines.warming import BIT_RECORDS, NEARLY_RECORDS, Warming
from schemas.alert_event import Decision, Provenance
from schemas.clock import Clock
from schemas.control import RulesActivated, RulesReady
from schemas.dead_letter import MAX_ORIGINAL_BYTES, DeadLetter, dead_letter_id
from schemas.errors import (
    BrokenRecordError,
    FatalError,
    RetriableError,
    StoreFullError,
    UndecidableRecordError,
    UnprocessableError,
)
from schemas.ports.channel import HourBar
from schemas.ports.log import Entry, Log, LogRecord
from schemas.ports.store import DeciderHead, RuleSet, Store
from schemas.reasons import DeadLetterReason
from schemas.topics import DEAD_LETTERS, SIGNALS
from schemas.wire import ReadCount, encode

logger = logging.getLogger(__name__)


#: Deciding stops rather than to put aside more records than this among so many: then it is the program that is broken.
MOST_FAILURES, FAILURES_WITHIN = 20, 1_000

#: Records between two snapshots of a decider that lives: so many, and what comes while one is written, are decided again after
#: a death, which must take no longer than ten seconds on a busy machine.
LIVE_SNAPSHOT_RECORDS = 3_000

#: Nothing is decided while a bit of history is taken, and a sign of life costs a commit.
_BITS_BETWEEN_BEATS = 20


_REMEDY = (
    "the log keeps them: take a version of tocsin that can decide them. If they are worthless,"
    " `tocsin dead-letters put-aside --job decide` takes them out of the way"
)


@dataclass(frozen=True)
class DecideSettings:
    """How the job works; none of it changes a decision."""

    snapshots: Path
    host: str = ""
    batch_records: int = 500
    snapshot_every_records: int = 20_000
    snapshots_aside: bool = False  # deciding goes on while one is written
    older_snapshots_bytes: int = MOST_BYTES  # of all that are kept for questions about the past
    wait_s: float = 0.5
    notify: bool = True
    most_failures: int | None = MOST_FAILURES  # None: whatever fails is put aside


@dataclass
class _Batch:
    """Decided and not yet committed."""

    records: int
    next_offset: int
    decided: list[tuple[Decision, Provenance]] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    rule_sets: list[RuleSet] = field(default_factory=list)
    took_force: list[RuleSet] = field(default_factory=list)  # of those that were deferred
    hours: dict[str, Sequence[HourBar]] = field(default_factory=dict)
    failed: bool = False  # the engine could not take one of the records


class DecideJob:
    """One decider. Two at once are safe: one commits, the other gets :class:`~schemas.errors.AnotherDeciderError`."""

    def __init__(self, log: Log, store: Store, clock: Clock, settings: DecideSettings) -> None:
        self._log = log
        self._store = store
        self._clock = clock
        self._settings = settings
        self._read = ReadCount()
        self._stepping = Stepping(log, Engine, 0)
        self._head: DeciderHead | None = None
        self._since_snapshot = 0
        self._offset = 0
        self._pending: _Batch | None = None
        self._writer = SnapshotWriter(partial(write_snapshot, settings.snapshots))
        self._written: WrittenSnapshot | None = None  # and not committed
        self._ready_for: Waiting | None = None

    @property
    def engine(self) -> Engine:
        """The engine, after the last record of the last step."""
        return self._stepping.engine

    @property
    def offset(self) -> int:
        """The next offset of ``signals`` to decide."""
        return self._offset

    def recover(self) -> int:
        """Rebuild the engine from the snapshot and the log, and compare with the ledger; return the records re-stepped.

        :raises ForeignLogError: the ledger belongs to another log.
        :raises OffsetOutOfRangeError: the log lost what the ledger stands on.
        :raises RecoveryMismatchError: re-stepping gave other events than the ledger holds.
        :raises FatalError: the log was trimmed and the snapshot is lost.
        """
        recovered = recover(self._log, self._store, self._settings.snapshots)
        self._stepping, self._head, self._offset = recovered.stepping, recovered.head, recovered.offset
        self._since_snapshot = recovered.records
        if recovered.begins:
            self._snapshot_now()
        return recovered.records

    def _step(self, record: LogRecord) -> list[Decision]:
        """Decide one record.

        :raises BrokenRecordError: it is none.
        :raises UndecidableRecordError: the engine fails on it, and is as it was before it.
        :raises FatalError: it fails on too many.
        """
        try:
            return self._stepping.step(record, self._read)
        except UndecidableRecordError as error:
            since, most = record.offset - FAILURES_WITHIN, self._settings.most_failures
            failed = sum(offset > since for offset in self.engine.passed_over)
            if most is not None and failed > most:
                raise FatalError(
                    f"deciding fails on {failed} of {FAILURES_WITHIN:,} records; the last: {error.message}",
                    remedy=_REMEDY,
                ) from error
            raise

    def step(self, wait_s: float = 0.0) -> int:
        """Decide one batch and commit it; return how many records it had.

        When the commit fails with a RetriableError the decisions are kept, and the next call commits them first.
        """
        if self._pending is None:
            self._commit_written()
            records = self._log.read(SIGNALS, 0, self._offset, max_records=self._settings.batch_records, wait_s=wait_s)
            if not records:
                return 0
            self._pending = self._decide(records)
        batch = self._pending
        self._commit(batch)
        self._pending = None
        self._offset = batch.next_offset
        self._since_snapshot += batch.records
        if batch.took_force or batch.failed or any(rule_set.in_force for rule_set in batch.rule_sets):
            # After a failure, the way back from the next one begins with this snapshot. A new rule was warmed on a month of
            # the log, which must not be needed again once it is trimmed.
            self._since_snapshot = max(self._since_snapshot, self._settings.snapshot_every_records)
        if self._since_snapshot >= self._settings.snapshot_every_records:
            self._snapshot_is_due()
        return batch.records

    def tend(self, wait_s: float = 0.0) -> int:
        """Decide one batch as :meth:`step`, and go on with warming the rules that wait; return how many were decided."""
        count = self.step(0.0 if self.warms else wait_s)
        if self.engine.waiting is not None:
            self._warm(self.engine.waiting, count)
        return count

    @property
    def warms(self) -> bool:
        """Whether rules wait for records of the past that are still to be taken."""
        warming, waiting = self._stepping.warming, self.engine.waiting
        if waiting is None or (warming is not None and warming.failed):
            return False
        return self._ready_for != waiting or (warming is not None and warming.left(self._offset) > 0)

    def _warm(self, waiting: Waiting, decided: int) -> None:
        """Take a bit of the history, never less than was decided meanwhile; say once that the rules are ready."""
        warming = self._stepping.warming
        if warming is None or warming.offset != waiting.offset:
            if self._ready_for == waiting:
                return  # They were warmed, and could not take force.
            warming = self._stepping.warming = Warming(self._log, self.engine, waiting)
        warming.go_on(BIT_RECORDS + decided, self._offset, self.engine.passed_over)
        far_off = self._log.end_offset(SIGNALS, 0) - self._offset > NEARLY_RECORDS
        if self._ready_for == waiting or far_off or warming.failed or warming.left(self._offset) > NEARLY_RECORDS:
            return
        ready = RulesReady(
            rules_hash=waiting.record.rules_hash, activated_offset=waiting.offset, ready_at=self._clock.now()
        )
        self._log.append(SIGNALS, [Entry(0, encode(ready))])
        self._ready_for = waiting

    def _decide(self, records: Sequence[LogRecord]) -> _Batch:
        now = self._clock.now()
        batch = _Batch(records=len(records), next_offset=records[-1].offset + 1)
        for record in records:
            try:
                decisions = self._step(record)
            except (BrokenRecordError, UndecidableRecordError) as error:
                batch.dead.append(self._dead_letter(record, error, now))
                batch.failed = batch.failed or isinstance(error, UndecidableRecordError)
                continue
            provenance = Provenance(log_offset=record.offset, host=self._settings.host, recorded_at=now)
            batch.decided.extend((decision, provenance) for decision in decisions)
            for decision in decisions:
                if bars := hour_bars(self.engine, decision.event):
                    batch.hours[decision.event.chain_hash()] = bars
            if self.engine.activated is not None:
                batch.rule_sets.append(_rule_set(self.engine.activated, record.offset))
            if self.engine.took_force is not None:
                waited, ready = self.engine.took_force
                taken = {"ready_offset": record.offset, "ready_at": ready.ready_at}
                batch.took_force.append(_rule_set(waited.record, waited.offset).model_copy(update=taken))
        return batch

    def _commit(self, batch: _Batch) -> None:
        """Dead letters first, then everything else in one transaction."""
        if batch.dead:
            self._log.append(DEAD_LETTERS, [Entry(0, encode(letter)) for letter in batch.dead])
            batch.dead.clear()
        for rule_set in batch.rule_sets:
            self._store.add_rule_set(rule_set)
        for rule_set in batch.took_force:
            self._store.rule_set_took_force(rule_set)
        # Before the events, so that whoever reads one finds its hours; without their event they harm nobody.
        self._store.add_event_hours(batch.hours)
        before = self._head
        head = DeciderHead(
            log_id=self._log.log_id,
            next_offset=batch.next_offset,
            engine_version=ENGINE_VERSION,
            snapshot_hash=before.snapshot_hash if before else "",
            snapshot_offset=before.snapshot_offset if before else 0,
            events=(before.events if before else 0) + len(batch.decided),
        )
        self._store.commit_decisions(expected=before, head=head, decisions=batch.decided, notify=self._settings.notify)
        self._head = head

    def take_snapshot(self) -> None:
        """Write the engine's state to a file, then its hash into the head; a full disk only delays it.

        One that is being written aside is waited for, and committed before.
        """
        if self._head is None or self._pending is not None:
            return
        self._commit_written(wait=True)
        with self._full_disk_delays():
            self._snapshot_now()

    def _snapshot_is_due(self) -> None:
        """Take a snapshot; aside, where the settings say so, and when the one before it is committed."""
        if not self._settings.snapshots_aside:
            self.take_snapshot()
        elif self._written is None and not self._writer.busy:
            self._writer.begin(self._offset, freeze(self.engine), self.engine.now)
            self._since_snapshot = 0

    def _commit_written(self, *, wait: bool = False) -> None:
        """Commit the snapshot that was written aside, if there is one by now."""
        with self._full_disk_delays():
            self._written = self._written or self._writer.written(wait=wait)
            if self._written is not None:
                self._commit_snapshot(self._written)
                self._written = None

    @contextmanager
    def _full_disk_delays(self) -> Iterator[None]:
        try:
            yield
        except StoreFullError as error:
            logger.warning("%s", error)
            self._written = None
            self._since_snapshot = max(self._since_snapshot, self._settings.snapshot_every_records)

    def _snapshot_now(self) -> None:
        digest = write_snapshot(self._settings.snapshots, self._offset, freeze(self.engine).encoded())
        self._commit_snapshot(WrittenSnapshot(self._offset, digest, self.engine.now))
        self._since_snapshot = 0

    def _commit_snapshot(self, written: WrittenSnapshot) -> None:
        """Commit the hash and offset of a file that is durable; :raises StoreFullError: no room for them."""
        before = self._head
        head = DeciderHead(
            log_id=self._log.log_id,
            next_offset=self._offset,
            engine_version=ENGINE_VERSION,
            snapshot_hash=written.digest,
            snapshot_offset=written.offset,
            events=before.events if before else 0,
        )
        self._store.commit_decisions(expected=before, head=head, decisions=[])
        self._head = head
        begin = from_snapshot_file(self._settings.snapshots, head)
        self._stepping.begin_at(begin, written.offset)
        self._keep(written)
        remove_old_snapshots(self._settings.snapshots, written.offset, written.digest)

    def _keep(self, written: WrittenSnapshot) -> None:
        """Keep the snapshot for questions about the past, where it is due; without it they only take longer."""
        folder = self._settings.snapshots
        if written.at is None:
            return
        path = snapshot_path(folder, written.offset, written.digest)
        try:
            keep_snapshot(folder, path, written.offset, written.at, self._settings.older_snapshots_bytes)
        except OSError as error:
            logger.warning("a snapshot cannot be kept for later: %s", error)

    def _dead_letter(self, record: LogRecord, error: UnprocessableError, now: datetime) -> DeadLetter:
        broken = isinstance(error, BrokenRecordError)
        if not broken:
            logger.error(
                "record %d of signals is put aside: %s", record.offset, error.message, exc_info=error.__cause__
            )
        return DeadLetter(
            dead_letter_id=dead_letter_id(self._log.log_id, SIGNALS, record.partition, record.offset),
            stage="decide",
            reason=DeadLetterReason.BROKEN_RECORD if broken else DeadLetterReason.DECIDING_FAILED,
            error=str(error),
            topic=SIGNALS,
            partition=record.partition,
            offset=record.offset,
            original=record.value[:MAX_ORIGINAL_BYTES],
            original_bytes=len(record.value),
            recorded_at=now,
        )

    def run(self, stop: threading.Event) -> None:
        """Decide until ``stop``; what can be retried is, with a growing pause."""
        self.recover()
        with seldom_collected():  # See docs/adr/0011.
            self._run(stop)

    def _run(self, stop: threading.Event) -> None:
        failures = bits = 0
        tidying = Tidying()
        while not stop.is_set():
            try:
                count = self.tend(self._settings.wait_s)
                failures = 0
            except RetriableError as error:
                failures += 1
                logger.warning("decide waits: %s", error)
                stop.wait(min(30.0, 0.5 * 2**failures))
                continue
            tidying.took(count)
            bits = 0 if count or not self.warms else bits + 1
            if bits % _BITS_BETWEEN_BEATS == 0:
                self._beat(count)
        self.take_snapshot()

    def _beat(self, count: int) -> None:
        now = self.engine.now
        detail: dict[str, str | int | float] = {"offset": self._offset, "records": count}
        if now is not None:
            detail["engine_time"] = now.isoformat()
        if self.engine.waiting is not None:
            warming = self._stepping.warming
            detail["rules_warming"] = self.engine.waiting.record.rules_hash[:12]
            if warming is not None and warming.failed:
                detail["problem"] = f"warming them fails: {warming.failed}"
        self._store.beat("decide", at=self._clock.now(), detail=detail)


def _rule_set(record: RulesActivated, offset: int) -> RuleSet:
    return RuleSet(
        rules_hash=record.rules_hash,
        text=record.text,
        compiled=record.compiled,
        activated_at=record.activated_at,
        author=record.author,
        comment=record.comment,
        log_offset=offset,
        deferred=record.deferred,
    )
