"""The engine as the ledger left it, for pages: the decider's own code, stepped over what it has decided, deciding nothing.

    snapshot file (or the start of the log) ──▶ muted engine ──step to the ledger's offset──▶ where every key stands

It never runs ahead of the ledger, so no page knows of an alert before it is committed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alerts.engine import ENGINE_VERSION, Engine
from pipelines.pages.hour_series import Hour, HourBook, hours_of
from pipelines.pages.ledger_view import AlertLife
from pipelines.recovery import load_snapshot
from pipelines.stepping import decide_record
from schemas.errors import BrokenRecordError, TocsinError, UndecidableRecordError
from schemas.ids import hour_of
from schemas.ports.log import Log, LogRecord
from schemas.ports.store import DeciderHead, LedgerStore
from schemas.topics import SIGNALS
from schemas.wire import decode_signals

logger = logging.getLogger(__name__)

#: A log with no more records than this is read from its start, so that pages know its whole history; else from the
#: newest snapshot, and older hours are shown from the evidence alone.
READ_WHOLE_BELOW = 50_000

#: Hours that may still change: those are read from the engine itself.
_CHANGING = 25

#: Alerts whose hours are kept for good; older ones are drawn from their evidence.
MOST_ALERTS = 1000

#: Hours shown around an alert: before it opened, and after.
BEFORE_ALERT, AFTER_ALERT = 6 * 24, 36


@dataclass(frozen=True)
class LiveStanding:
    """Where the view stands. ``problem`` says why it shows nothing new; ``behind`` counts records of ``signals``."""

    offset: int
    behind: int
    problem: str = ""


class LiveView:
    """An engine of the reader's own. Belongs to one thread, or to whoever holds the reader's lock."""

    def __init__(self, snapshots: Path, *, read_whole_below: int = READ_WHOLE_BELOW) -> None:
        self._snapshots = snapshots
        self._read_whole_below = read_whole_below
        self.engine: Engine | None = None
        self.book = HourBook()
        self.standing = LiveStanding(0, 0)
        self.around_alerts: dict[str, tuple[Hour, ...]] = {}
        self._log_id = ""
        self._offset = 0
        self._left_out: set[int] = set()

    def refresh(self, log: Log, store: LedgerStore, *, most_records: int = 500) -> bool:
        """Step on towards the ledger's offset, by at most ``most_records``; return whether anything was stepped."""
        head = store.decider_head()
        if head is None:
            return False
        if head.log_id != log.log_id:
            return self._stop(head, "the ledger belongs to another log than the one of the settings")
        if head.engine_version != ENGINE_VERSION:
            return self._stop(head, f"engine {head.engine_version} decides; this page is of engine {ENGINE_VERSION}")
        lost = self.engine is None or self._log_id != log.log_id or self._offset > head.next_offset
        if lost and not self._begin(log, head):
            return False
        assert self.engine is not None
        first = self._offset
        if first < log.start_offset(SIGNALS, 0):  # Trimmed away under a page that was long away.
            self.engine = None
            return False
        records = log.read(SIGNALS, 0, first, max_records=most_records) if first < head.next_offset else ()
        for record in records:
            if record.offset < head.next_offset:
                if not self._step(log, self.engine, record):
                    self.engine = None
                    return True
                self._offset = record.offset + 1
        if not records:
            self._offset = max(self._offset, head.next_offset)  # What is left is markers of the log, no records.
        self.standing = LiveStanding(self._offset, max(0, head.next_offset - self._offset))
        return self._offset > first

    def _stop(self, head: DeciderHead, problem: str) -> bool:
        changed = self.standing.problem != problem
        self.engine = None
        self.standing = LiveStanding(self._offset, max(0, head.next_offset - self._offset), problem)
        return changed

    def _begin(self, log: Log, head: DeciderHead) -> bool:
        start = log.start_offset(SIGNALS, 0)
        if self._log_id != log.log_id:
            self._left_out.clear()
        self.book, self._log_id = HourBook(), log.log_id
        if start == 0 and head.next_offset <= self._read_whole_below:
            self.engine, self._offset = Engine(), 0
        else:
            self.engine = load_snapshot(self._snapshots, head)
            self._offset = head.snapshot_offset
            if self.engine is None:
                if start > 0:
                    return self._stop(head, "the decider has written no snapshot yet, and the log's start is trimmed")
                self.engine, self._offset = Engine(), 0
        self.engine.muted = True
        self._keep_hours(self.engine)
        return True

    def _step(self, log: Log, engine: Engine, record: LogRecord) -> bool:
        """Take in ``record``; return False where that spoilt the engine, so that the view must begin again without it."""
        before = engine.open
        if record.offset in self._left_out:
            engine.pass_over(record.offset)
            return True
        try:
            decide_record(log, engine, record, decode_signals(record.value))
        except BrokenRecordError:
            return True  # It decided nothing the first time either.
        except UndecidableRecordError:
            self._left_out.add(record.offset)  # The decider put it aside.
            return False
        except TocsinError as error:
            logger.warning("a page cannot read record %d of signals: %s", record.offset, error)
        if engine.activated is not None or engine.took_force is not None:
            self.book.forget_rules_but(engine.rules)
        if engine.open != before:
            self._keep_hours(engine)
        return True

    def _keep_hours(self, engine: Engine) -> None:
        """Keep the hours that will not change any more, before the engine forgets them."""
        if engine.open is None:
            return
        last = engine.open - _CHANGING
        for name, state in engine.rules.items():
            if state.start_hour is None:
                continue
            for index, track in enumerate(state.tracks):
                for key in state.keys:
                    first = self.book.next_hour(name, key, index)
                    first = max(state.start_hour, last - _CHANGING) if first is None else first
                    if first <= last:
                        self.book.take(name, key, index, hours_of(track, key, first, last))

    # -- reading ----------------------------------------------------------------------------------------------------

    def hours(self, rule: str, key: str, track: int, first: int, last: int) -> list[Hour]:
        """Return a key hour by hour as far as it is known; later hours from the engine, earlier ones from the book."""
        state = self.engine.rules.get(rule) if self.engine is not None else None
        if self.engine is None or self.engine.open is None or state is None or track >= len(state.tracks):
            return self.book.of(rule, key, track, first, last)
        kept = self.book.of(rule, key, track, first, last)
        begin = max(first, kept[-1].hour + 1 if kept else self.engine.open - 2 * _CHANGING, state.start_hour or 0)
        end = min(last, self.engine.open)
        fresh = hours_of(state.tracks[track], key, begin, end) if begin <= end else []
        return kept + fresh

    def remember_alerts(self, alerts: Mapping[str, AlertLife]) -> None:
        """Keep the hours around each alert for good, once they will not change, while the book still has them."""
        now = self.engine.open if self.engine is not None else None
        if now is None:
            return
        for alert_id, life in alerts.items():
            if alert_id in self.around_alerts or life.first.crossing is None:
                continue
            crossing = hour_of(life.first.crossing)
            if now - _CHANGING > crossing + AFTER_ALERT:
                self.around_alerts[alert_id] = tuple(self.around(life))
        while len(self.around_alerts) > MOST_ALERTS:
            del self.around_alerts[next(iter(self.around_alerts))]

    def around(self, life: AlertLife) -> list[Hour]:
        """Return the hours around an alert, up to now where it is younger."""
        kept = self.around_alerts.get(life.id)
        if kept is not None:
            return list(kept)
        if life.first.crossing is None:
            return []
        crossing, last = hour_of(life.first.crossing), hour_of(life.last.at)
        until = max(crossing + AFTER_ALERT, last)
        return self.hours(life.first.rule, life.first.key, self._track_of(life), crossing - BEFORE_ALERT, until)

    def _track_of(self, life: AlertLife) -> int:
        """Return which of the rule's detectors found the alert: the first of that kind."""
        state = self.engine.rules.get(life.first.rule) if self.engine is not None else None
        kinds = [detector.kind for detector in state.rule.when] if state is not None else []
        return kinds.index(life.first.detector) if life.first.detector in kinds else 0
