"""The same news as history: articles extracted anew, in order of event time, under the recorded coverage and rules.

signals of the archive, by event time ─┐
coverage and rules, in log order ──────┴─in order of time──▶ engine.step ──▶ settled hours
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from heapq import merge
from itertools import islice

from alerts.engine import Engine, History
from alerts.rules.model import RuleSet
from connectors.archive.folder import Archive
from pipelines.replay.cached_signals import cached_signals
from pipelines.replay.parity.live_run import ClockRecord, LiveRun, clock_records
from pipelines.replay.parity.settled import Settled
from pipelines.replay.replay import activation, replay
from pipelines.signal_history import WARM_UP, WholeLog
from schemas.control import RulesActivated
from schemas.wire import SignalsRecord

Told = Callable[[int, int | None], None]
Timed = tuple[datetime, SignalsRecord]


@dataclass(frozen=True)
class OtherRules:
    """Rules to replay instead of the recorded ones, in force from the beginning."""

    rules: RuleSet
    text: str


@dataclass
class HistoryRun:
    """What the replay gave; ``extracted`` are the articles a signal was made of."""

    settled: Settled = field(default_factory=Settled)
    extracted: set[str] = field(default_factory=set)


def run_history(
    log: WholeLog, live: LiveRun, archive: Archive, version: str, other: OtherRules | None, told: Told
) -> HistoryRun:
    """Replay the signals of extractor ``version`` in ``archive`` under the clock of ``live``."""
    run = HistoryRun()
    days = archive.days()

    def timed() -> Iterator[Timed]:
        return _timed(_signals(archive, version, days, run.extracted), _clock(log, live, other))

    def history(offset: int) -> History:
        return lambda: _history_before(timed, offset)

    total = len(live.clock) + sum(archive.signals_count(version, day) for day in days)
    for _decision in replay(
        lambda: (record for _, record in timed()),
        told,
        total,
        begin=lambda: Engine(settled=run.settled.take),
        history=history,
    ):
        pass  # What crossed is compared; openings are those of the live ledger.
    return run


def _signals(archive: Archive, version: str, days: Sequence[date], extracted: set[str]) -> Iterator[Timed]:
    for _, signals in cached_signals(archive, version, days):
        for signal in signals:
            extracted.add(signal.article_id)
            yield signal.event_time, signal


def _clock(log: WholeLog, live: LiveRun, other: OtherRules | None) -> Iterator[tuple[datetime, ClockRecord]]:
    first = True
    for at, record in clock_records(log, live):
        if other is not None and first:
            yield at, activation(other.rules, other.text, at.date())
        first = False
        if other is None or not isinstance(record, RulesActivated):
            yield at, record


def _timed(signals: Iterable[Timed], clock: Iterable[Timed]) -> Iterator[Timed]:
    """Merge both; a Coverage record comes after everything that happened before it ends."""
    marked_signals = ((at, 1, record) for at, record in signals)
    marked_clock = ((at, 0, record) for at, record in clock)
    for at, _, record in merge(marked_signals, marked_clock, key=lambda one: one[:2]):
        yield at, record


def _history_before(timed: Callable[[], Iterator[Timed]], offset: int) -> Iterator[tuple[int, SignalsRecord]]:
    """Yield what a rule activated by the record at ``offset`` is warmed on: from 35 days before it was asked for, as live."""
    at, rules = next(islice(timed(), offset, None))
    asked_at = rules.activated_at if isinstance(rules, RulesActivated) else at
    for number, (when, record) in enumerate(islice(timed(), offset)):
        if when >= asked_at - WARM_UP:
            yield number, record
