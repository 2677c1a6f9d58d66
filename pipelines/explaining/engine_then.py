"""The engine as it was at a moment: the log stepped again, from its start or from the snapshot, with the same code."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from alerts.engine import Engine
from alerts.engine_state import refuse_others, restore
from alerts.rules.model import Rule
from pipelines.explaining.one_rule import left_alone, of_one_rule
from pipelines.older_snapshots import older_snapshots
from pipelines.possible_signals import PossibleSignals
from pipelines.recovery import from_snapshot_file, load_snapshot
from pipelines.signal_history import read_range
from pipelines.stepping import Begin, Stepping, begun_with
from schemas.alert_event import AlertEvent
from schemas.coverage import Coverage
from schemas.errors import BrokenRecordError, FatalError
from schemas.ids import milliseconds
from schemas.ports.log import Log, LogRecord
from schemas.ports.store import Store
from schemas.signal import Signal
from schemas.topics import SIGNALS
from schemas.wire import SignalsRecord, decode_signals

#: How coverage begins on the log, and how many records are looked at for the newest of it.
_COVERAGE = re.compile(rb'\{"schema_version":\d+,"kind":"coverage"')
_LOOKED_BACK = 500

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

    ``signals`` are those observed since ``since``, ``events`` all that was decided on the way; ``began`` is the first record
    that was stepped, ``offset`` the next one. ``whole`` is False where stepping began with a snapshot, so that older events
    are not among them.
    """

    engine: Engine
    moment: datetime
    since: datetime
    offset: int = 0
    began: int = 0
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
    shorten: bool = False,
    heard_from: datetime | None = None,
    only: Sequence[Rule] = (),
) -> EngineThen:
    """Step to ``moment``; ``each`` hears of every record after its step. Signals are kept unless the caller needs none.

    With ``shorten`` it begins with the newest snapshot that is not later than ``heard_from`` (``moment`` without it), if
    there is one: the engine is the same, but ``each`` hears nothing of what came before. With ``only``, every form that one
    rule has had, signals that it cannot hit are passed over and there are no other rules: of that rule the engine is the same.
    No signals are kept then.

    :raises FatalError: the log was trimmed, and the snapshot is of a later moment or lost.
    """
    start, end = log.start_offset(SIGNALS, 0), log.end_offset(SIGNALS, 0)
    short = _newest_before(log, store, snapshots, heard_from or moment) if shorten else None
    if short is None and start > 0:
        short = _from_snapshot(log, store, snapshots, moment)
    begin, first = short or (Engine, start)
    alone = only[0].name if only else None
    if alone is not None:
        begin = partial(_begin_alone, begin, alone)
    stepping = Stepping(log, begin, first)
    then = EngineThen(stepping.engine, moment, since, first, began=first, whole=short is None)
    possible = _possible(only, then.engine)
    keep_signals = keep_signals and possible is None
    if keep_signals and then.offset > start:
        _keep_signals_before(log, then)
    for record in read_range(log, first, end):
        if (record.offset - first) % 1000 == 0:
            progress(record.offset - first, end - first)
        if possible is not None and record.value not in possible:
            then.offset = record.offset + 1
            continue
        try:
            decoded = decode_signals(record.value)
            if alone is not None:
                decoded = of_one_rule(decoded, alone)
        except BrokenRecordError:
            decoded = None
        if isinstance(decoded, Coverage) and passes(then.engine, decoded, moment):
            break
        if decoded is not None:
            then.events.extend(decision.event for decision in stepping.step_again(record, decoded))
        then.engine = stepping.engine
        then.offset = record.offset + 1
        if keep_signals and isinstance(decoded, Signal) and decoded.revised_at >= since:
            then.signals.append(SeenSignal(record.offset, record.append_time_ms, decoded))
        if each is not None and decoded is not None:
            each(record, decoded, then.engine)
    progress(end - first, end - first)
    return then


def _begin_alone(begin: Begin, name: str) -> Engine:
    return left_alone(begin(), name)


def _possible(only: Sequence[Rule], engine: Engine) -> PossibleSignals | None:
    if not only:
        return None
    possible = PossibleSignals(only)
    if engine.now is not None:  # Of a snapshot: it has met articles whose later wordings matter.
        possible.has_passed(card.article_id for card in engine.cards)
    return possible


def passes(engine: Engine, coverage: Coverage, moment: datetime) -> bool:
    """Tell whether ``coverage`` would move engine time beyond ``moment``."""
    newest = dict(engine.coverage.newest)
    newest[coverage.partition] = max(coverage.at, newest.get(coverage.partition, coverage.at))
    return len(newest) >= coverage.partitions and min(newest.values()) > moment


def _from_snapshot(log: Log, store: Store | None, snapshots: Path | None, moment: datetime) -> tuple[Begin, int]:
    head = store.decider_head() if store is not None else None
    engine = load_snapshot(snapshots, head) if head is not None and snapshots is not None else None
    if engine is None or head is None or snapshots is None or head.snapshot_offset < log.start_offset(SIGNALS, 0):
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
    return begun_with(engine, from_snapshot_file(snapshots, head)), head.snapshot_offset


def _newest_before(log: Log, store: Store | None, folder: Path | None, moment: datetime) -> tuple[Begin, int] | None:
    """Return the engine of the newest whole snapshot of this log that is not later than ``moment``, and its offset."""
    head = store.decider_head() if store is not None else None
    if folder is None or head is None or head.log_id != log.log_id:
        return None  # Files of another log may lie there: only the ledger says whose they are.
    start = log.start_offset(SIGNALS, 0)
    for offset, begins, path in _snapshots_before(folder, moment):
        if not start <= offset <= head.next_offset or _is_later(log, offset, moment):
            continue
        try:
            raw = path.read_bytes()
            refuse_others(raw)  # After a change of version most that are kept are; their hash need not be known.
            engine = restore(raw) if hashlib.sha256(raw).hexdigest().startswith(begins) else None
        except (OSError, BrokenRecordError):
            continue
        if engine is not None and engine.now is not None and engine.now <= moment:
            return begun_with(engine, partial(_read_again, path)), offset
    return None


def _is_later(log: Log, offset: int, moment: datetime) -> bool:
    """Tell from the coverage before ``offset`` whether engine time had surely passed ``moment`` there: a snapshot of that
    place need not be made an engine of to see that it is of no use."""
    newest: dict[int, datetime] = {}
    partitions = 0
    for record in read_range(log, max(log.start_offset(SIGNALS, 0), offset - _LOOKED_BACK), offset):
        if not _COVERAGE.match(record.value):
            continue
        try:
            decoded = decode_signals(record.value)
        except BrokenRecordError:
            continue
        if isinstance(decoded, Coverage):
            newest[decoded.partition], partitions = decoded.at, decoded.partitions
    return 0 < partitions <= len(newest) and min(newest.values()) > moment


def _snapshots_before(folder: Path, moment: datetime) -> Sequence[tuple[int, str, Path]]:
    """Return offset, beginning of the hash and path of what may be of ``moment`` or before, newest first: the decider's own
    snapshots, which do not say when they are of, and of those kept for questions the ones that do."""
    found = []
    for path in folder.glob("*.snapshot"):
        offset, _, begins = path.stem.partition("-")
        if offset.isdecimal():
            found.append((int(offset), begins, path))
    found.extend((one.offset, one.digest, one.path) for one in older_snapshots(folder) if one.at <= moment)
    return sorted(found, reverse=True)


def _read_again(path: Path) -> Engine:
    try:
        return restore(path.read_bytes())
    except (OSError, BrokenRecordError) as error:
        raise FatalError(f"the snapshot {path} is gone while it is needed", remedy="ask again") from error


def _keep_signals_before(log: Log, then: EngineThen) -> None:
    """Read, without stepping, the signals that the engine of a snapshot has taken in already."""
    first = max(log.offset_at(SIGNALS, 0, milliseconds(then.since)), log.start_offset(SIGNALS, 0))
    for record in read_range(log, first, then.offset):
        try:
            decoded = decode_signals(record.value)
        except BrokenRecordError:
            continue
        if isinstance(decoded, Signal) and decoded.revised_at >= then.since:
            then.signals.append(SeenSignal(record.offset, record.append_time_ms, decoded))
