"""The reader behind the pages: one thread looks at log, store and engine every few seconds; pages show its last reading.

    log ─┐
    store ├──every few seconds──▶ Reading (frozen) ──▶ any number of pages at once
    engine┘

A page therefore costs what it shows and never waits for a lock of the jobs.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from alerts.explanation.names import ActorNames
from alerts.rules.model import Rule
from pipelines.pages.feed_rows import Joining, joining_feeds
from pipelines.pages.ledger_view import EMPTY_LEDGER, MOST_EVENTS, LedgerReading, LedgerView
from pipelines.pages.live_view import LiveStanding, LiveView
from pipelines.pages.watch_rows import RuleSummary, WatchRow, rule_summaries, watch_rows
from pipelines.service_status import LogFacts, ServiceStatus, StoreFacts, judge_service, read_log
from schemas.clock import Clock
from schemas.errors import StoreUnavailableError, TocsinError
from schemas.ports.log import Log
from schemas.ports.store import Store

logger = logging.getLogger(__name__)

#: Seconds between two looks, and between two looks at what costs more (dead letters, every row of every watch).
LOOK_EVERY_S = 2.0
LOOK_CLOSELY_EVERY_S = 10.0

#: How long the first visitor waits for the first look.
_FIRST_LOOK_S = 30.0

#: Dead deliveries younger than this are shown.
_DEAD_SHOWN = timedelta(days=1)

#: Outbox entries counted at most.
_MOST_WAITING = 1000


@dataclass(frozen=True)
class Reading:
    """Everything the pages know at a moment."""

    status: ServiceStatus
    ledger: LedgerReading
    live: LiveStanding
    watches: Sequence[WatchRow]
    rules: Sequence[RuleSummary]
    engine_time: datetime | None  # what the ledger was decided by
    answers: int  # acknowledgements of what rings, and silences in force
    joining: Mapping[str, Joining]  # feeds in shadow, by id
    number: int  # of the look: pages that show the same look show the same things

    def rule(self, name: str) -> Rule | None:
        """Return the rule in force with this name."""
        return next((summary.rule for summary in self.rules if summary.rule.name == name), None)

    @property
    def mark(self) -> str:
        """Return a word that is another one as soon as a page may look different."""
        at = self.status.engine_time
        told = f"{at:%H%M}" if at is not None else "0"
        fresh = "".join("1" if job.fresh else "0" for job in self.status.jobs)
        return f"{self.ledger.events}-{self.live.offset}-{told}-{fresh}-{len(self.status.problems)}-{self.answers}"


class Reader:
    """Keeps a reading fresh. ``supervisor`` tells the process of `tocsin run`, None where there is none; ``over``: no
    job is meant to be at work any more; ``most_events`` of the ledger are kept, the newest."""

    def __init__(
        self,
        *,
        open_log: Callable[[], Log],
        store: Store,
        clock: Clock,
        snapshots: Path,
        names: ActorNames,
        supervisor: Callable[[], int | None],
        over: bool = False,
        most_events: int = MOST_EVENTS,
    ) -> None:
        self._open_log = open_log
        self._log: Log | None = None
        self._store = store
        self._clock = clock
        self._names = names
        self._supervisor = supervisor
        self._over = over
        self._lock = threading.Lock()
        self._first = threading.Event()
        self._ledger = LedgerView(most_events)
        self._view = LiveView(snapshots)
        self._log_facts: LogFacts | None = None
        self._looked_closely_s: float | None = None
        self._reading: Reading | None = None

    @property
    def reading(self) -> Reading:
        """Return the last reading; at the start wait for the first.

        :raises StoreUnavailableError: there is none yet.
        """
        self._first.wait(_FIRST_LOOK_S)
        if self._reading is None:
            raise StoreUnavailableError("the page has not read log and store yet", remedy="try again in a moment")
        return self._reading

    @contextmanager
    def live(self) -> Iterator[LiveView]:
        """Yield the engine's view, which nobody steps meanwhile. Be quick."""
        with self._lock:
            yield self._view

    def look(self) -> bool:
        """Look once; return whether the engine has more to step at once."""
        with self._lock:
            problems: list[str] = []
            log = self._opened(problems)
            moved, store_facts = False, None
            try:
                moved = self._ledger.refresh(self._store)
                store_facts = self._store_facts()
                if log is not None:
                    moved = self._view.refresh(log, self._store) or moved
                    self._view.remember_alerts(self._ledger.reading.alerts)
            except TocsinError as error:
                problems.append(f"the store or the log cannot be read: {error.message}")
            closely = self._is_time_to_look_closely(moved)
            if closely and log is not None and store_facts is not None:
                try:
                    self._log_facts = read_log(log, store_facts.head)
                except TocsinError as error:
                    problems.append(f"the log cannot be read: {error.message}")
            self._reading = self._read(store_facts, problems, rows=closely)
            self._first.set()
            return self._view.standing.behind > 0 and moved

    def _opened(self, problems: list[str]) -> Log | None:
        if self._log is None:
            try:
                self._log = self._open_log()
            except TocsinError as error:
                problems.append(f"the log cannot be read: {error.message}")
        return self._log

    def _is_time_to_look_closely(self, moved: bool) -> bool:
        now = self._clock.monotonic_s()
        last = self._looked_closely_s
        caught_up = self._view.standing.behind == 0
        if last is None or now - last >= LOOK_CLOSELY_EVERY_S or (moved and caught_up):
            self._looked_closely_s = now
            return True
        return False

    def _store_facts(self) -> StoreFacts:
        """Return what the store says, with the ledger as it was read already."""
        store, ledger = self._store, self._ledger.reading
        return StoreFacts(
            beats=store.heartbeats(),
            head=store.decider_head(),
            feeds=store.feed_rows(),
            open_alerts=[life.last for life in ledger.open_alerts()],
            blind=ledger.blind,
            waiting_events=len(store.outbox_after(store.outbox_cursor(), _MOST_WAITING)),
            open_deliveries=store.deliveries(open_only=True),
            dead_deliveries=store.dead_deliveries(self._clock.now() - _DEAD_SHOWN),
        )

    def _read(self, store: StoreFacts | None, problems: Sequence[str], *, rows: bool) -> Reading:
        before = self._reading
        ledger, engine = self._ledger.reading, self._view.engine
        watches: Sequence[WatchRow] = before.watches if before is not None else ()
        rules: Sequence[RuleSummary] = before.rules if before is not None else ()
        joining: Mapping[str, Joining] = before.joining if before is not None else {}
        if rows:
            joining = joining_feeds(engine) if engine is not None else {}
            watches = watch_rows(self._view, ledger, self._names)
            rules = rule_summaries(engine, watches) if engine is not None else ()
        return Reading(
            status=judge_service(
                self._log_facts,
                store,
                now=self._clock.now(),
                supervisor=self._supervisor(),
                unreachable=problems,
                over=self._over,
            ),
            ledger=ledger if store is not None else EMPTY_LEDGER,
            live=self._view.standing,
            watches=watches,
            rules=rules,
            engine_time=engine.now if engine is not None else None,
            answers=self._answers(store, ledger),
            joining=joining,
            number=before.number + 1 if before is not None else 1,
        )

    def _answers(self, facts: StoreFacts | None, ledger: LedgerReading) -> int:
        if facts is None:
            return 0
        silences = self._store.silences(in_force_at=self._clock.now())
        return len(self._store.acknowledgements(ledger.open_ids)) + len(silences)

    def run(self, stop: threading.Event) -> None:
        """Look again and again until ``stop``; then close the log, which belongs to this thread."""
        try:
            while not stop.is_set():
                if not self.look():
                    stop.wait(LOOK_EVERY_S)
        finally:
            with self._lock:
                if self._log is not None:
                    self._log.close()
                    self._log = None
