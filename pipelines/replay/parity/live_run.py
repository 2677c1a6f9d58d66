"""The live run once more: the recorded signals in the order of the log, under the recorded rules.

signals ──▶ engine.step ──▶ settled hours, fates of articles, lives of alerts; and the clock: coverage and rules in order
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from alerts.engine import Engine
from pipelines.replay.parity.fates import Fates
from pipelines.replay.parity.lives import Lives
from pipelines.replay.parity.settled import Settled
from pipelines.signal_history import WholeLog, read_range
from pipelines.stepping import Stepping
from schemas.control import RulesActivated
from schemas.coverage import Coverage
from schemas.errors import BrokenRecordError
from schemas.signal import Signal
from schemas.wire import decode_signals

Told = Callable[[int, int | None], None]
ClockRecord = Coverage | RulesActivated


@dataclass
class LiveRun:
    """What the log gave from ``first`` up to, not including, ``before``.

    ``clock`` holds the offsets of coverage and rules, in order, each with the engine's newest coverage by then; they are
    read again when they are needed.
    """

    first: int
    before: int
    settled: Settled = field(default_factory=Settled)
    fates: Fates = field(default_factory=Fates)
    lives: Lives = field(default_factory=Lives)
    clock: list[tuple[datetime, int]] = field(default_factory=list)
    now: datetime | None = None
    broken: int = 0


def run_live(log: WholeLog, first: int, before: int, told: Told) -> LiveRun:
    """Step ``log`` from ``first`` on with a fresh engine. What it could not take then it cannot take now.

    :raises FatalError: the log is damaged.
    """
    run = LiveRun(first, before)
    stepping = Stepping(log, lambda: Engine(settled=run.settled.take), first)
    clock: datetime | None = None
    for record in read_range(log, first, before):
        try:
            decoded = decode_signals(record.value)
        except BrokenRecordError:
            run.broken += 1
            continue
        for decision in stepping.step_again(record, decoded):
            run.lives.note(decision.event, stepping.engine)
        passed_over = stepping.engine.passed_over
        taken = not (passed_over and passed_over[-1] == record.offset) and not _skipped(stepping.engine, record.offset)
        if isinstance(decoded, Signal):
            run.fates.note(decoded, stepping.engine, taken=taken)
        elif taken and isinstance(decoded, Coverage | RulesActivated):
            at = decoded.at if isinstance(decoded, Coverage) else decoded.activated_at
            # Partitions speak in turn, and rules are stamped by another clock: time here stands still, never goes back.
            clock = at if clock is None or (isinstance(decoded, Coverage) and at > clock) else clock
            run.clock.append((clock, record.offset))
        if record.offset % 500 == 0:
            told(record.offset - first, before - first)
    run.now = stepping.engine.now
    told(before - first, before - first)
    return run


def clock_records(log: WholeLog, run: LiveRun) -> Iterator[tuple[datetime, ClockRecord]]:
    """Yield the coverage and rules that ``run`` took in, read again from ``log``, each with its time."""
    times = {offset: at for at, offset in run.clock}
    for record in read_range(log, run.first, run.before):
        if record.offset in times:
            decoded = decode_signals(record.value)
            assert isinstance(decoded, Coverage | RulesActivated), "it was one when the run took it in"
            yield times[record.offset], decoded


def _skipped(engine: Engine, offset: int) -> bool:
    return any(first <= offset <= last for first, last in engine.skips)
