"""The engine as it was at a moment: the log stepped again, from its start or from the snapshot, with the same code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from alerts.engine import Engine
from pipelines.recovery import decide_again, load_snapshot
from pipelines.signal_history import read_range
from schemas.alert_event import AlertEvent
from schemas.coverage import Coverage
from schemas.errors import BrokenRecordError, FatalError
from schemas.ports.log import Log, LogRecord
from schemas.ports.store import Store
from schemas.signal import Signal
from schemas.topics import SIGNALS
from schemas.wire import SignalsRecord, decode_signals

Progress = Callable[[int, int], None]


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class SeenSignal:
    """A signal and where it lies in the log."""

    offset: int
    append_time_ms: int
    signal: Signal


@dataclass
class EngineThen:
    """The engine after the last record with which engine time had not passed ``moment``.

    ``signals`` are those observed since ``since``, ``events`` all that was decided on the way; ``offset`` is the next
    record. ``whole`` is False where stepping began with a snapshot, so that older events are not among them.
    """

    engine: Engine
    moment: datetime
    since: datetime
    offset: int = 0
    whole: bool = True
    signals: list[SeenSignal] = field(default_factory=list)
    events: list[AlertEvent] = field(default_factory=list)


def engine_then(
    log: Log,
    store: Store | None,
    snapshots: Path | None,
    moment: datetime,
    since: datetime,
    progress: Progress = no_progress,
    each: Callable[[LogRecord, SignalsRecord, Engine], None] | None = None,
    *,
    keep_signals: bool = True,
) -> EngineThen:
    """Step to ``moment``; ``each`` hears of every record after its step. Signals are kept unless the caller needs none.

    :raises FatalError: the log was trimmed, and the snapshot is of a later moment or lost.
    """
    start, end = log.start_offset(SIGNALS, 0), log.end_offset(SIGNALS, 0)
    then = EngineThen(Engine(), moment, since, start)
    if start > 0:
        then = _from_snapshot(log, store, snapshots, moment, since)
    first = then.offset
    for record in read_range(log, first, end):
        try:
            decoded = decode_signals(record.value)
        except BrokenRecordError:
            decoded = None
        if isinstance(decoded, Coverage) and _passes(then.engine, decoded, moment):
            break
        then.events.extend(decision.event for decision in decide_again(log, then.engine, record))
        then.offset = record.offset + 1
        if keep_signals and isinstance(decoded, Signal) and decoded.revised_at >= since:
            then.signals.append(SeenSignal(record.offset, record.append_time_ms, decoded))
        if each is not None and decoded is not None:
            each(record, decoded, then.engine)
        if (record.offset - first) % 1000 == 0:
            progress(record.offset - first, end - first)
    progress(end - first, end - first)
    return then


def _passes(engine: Engine, coverage: Coverage, moment: datetime) -> bool:
    """Tell whether ``coverage`` would move engine time beyond ``moment``."""
    newest = dict(engine.coverage.newest)
    newest[coverage.partition] = max(coverage.at, newest.get(coverage.partition, coverage.at))
    return len(newest) >= coverage.partitions and min(newest.values()) > moment


def _from_snapshot(
    log: Log, store: Store | None, snapshots: Path | None, moment: datetime, since: datetime
) -> EngineThen:
    head = store.decider_head() if store is not None else None
    engine = load_snapshot(snapshots, head) if head is not None and snapshots is not None else None
    if engine is None or head is None or head.snapshot_offset < log.start_offset(SIGNALS, 0):
        raise FatalError(
            "what the engine knew then cannot be computed again: the log was trimmed and there is no snapshot to begin with",
            remedy="`tocsin replay` shows what would have rung on the archive",
        )
    if engine.now is not None and engine.now > moment:
        raise FatalError(
            f"what the engine knew then cannot be computed again: the log was trimmed, and its snapshot is of"
            f" {engine.now:%Y-%m-%d %H:%M} UTC",
            remedy="ask about a later time, or use `tocsin replay` on the archive",
        )
    return EngineThen(engine, moment, since, head.snapshot_offset, whole=False)
