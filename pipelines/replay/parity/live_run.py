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
from pipelines.signal_history import WholeLog, activation_at, read_range
from pipelines.stepping import Stepping
from schemas.control import RulesActivated
from schemas.coverage import Coverage
from schemas.errors import BrokenRecordError
from schemas.signal import Signal
from schemas.wire import SignalsRecord, decode_signals

Told = Callable[[int, int | None], None]
ClockRecord = Coverage | RulesActivated


@dataclass
class LiveRun:
    """What the log gave from ``first`` up to, not including, ``before``.

    ``clock`` holds the offsets of coverage and rules, in order, each with the engine's newest coverage by then; they are
    read again when they are needed. Rules lie there where they took force; ``asked`` holds by that offset the one of their
    activation and the newest coverage by then, from which what they were warmed on is counted.
    """

    first: int
    before: int
    settled: Settled = field(default_factory=Settled)
    fates: Fates = field(default_factory=Fates)
    lives: Lives = field(default_factory=Lives)
    clock: list[tuple[datetime, int]] = field(default_factory=list)
    asked: dict[int, tuple[int, datetime]] = field(default_factory=dict)
    now: datetime | None = None
    broken: int = 0


def run_live(log: WholeLog, first: int, before: int, told: Told) -> LiveRun:
    """Step ``log`` from ``first`` on with a fresh engine. What it could not take then it cannot take now.

    :raises FatalError: the log is damaged.
    """
    run = LiveRun(first, before)
    stepping = Stepping(log, lambda: Engine(settled=run.settled.take), first)
    clock = _Clock(run)
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
        elif taken:
            clock.note(record.offset, decoded, stepping.engine)
        if record.offset % 500 == 0:
            told(record.offset - first, before - first)
    run.now = stepping.engine.now
    told(before - first, before - first)
    return run


class _Clock:
    """Writes into ``run`` when coverage came and rules took force."""

    def __init__(self, run: LiveRun) -> None:
        self._run = run
        self._at: datetime | None = None
        self._asked: dict[int, datetime] = {}

    def note(self, offset: int, record: SignalsRecord, engine: Engine) -> None:
        """Take note of ``record``, which ``engine`` has taken in."""
        if isinstance(record, Coverage):
            # Partitions speak in turn: time here stands still, never goes back.
            self._at = record.at if self._at is None else max(self._at, record.at)
            self._run.clock.append((self._at, offset))
        elif isinstance(record, RulesActivated):
            self._asked[offset] = self._at = self._at or record.activated_at  # Rules are stamped by another clock.
            if not record.deferred:
                self._take_force(offset, offset)
        elif engine.took_force is not None:
            self._take_force(offset, engine.took_force[0].offset)

    def _take_force(self, offset: int, activation: int) -> None:
        assert self._at is not None, "an activation was noted"
        self._run.clock.append((self._at, offset))
        # An activation before the first record: what it was warmed on cannot reach further back than that.
        self._run.asked[offset] = (activation, self._asked.get(activation, self._at))


def clock_records(log: WholeLog, run: LiveRun) -> Iterator[tuple[datetime, ClockRecord]]:
    """Yield the coverage and rules that ``run`` took in, read again from ``log``, each with its time.

    Rules come where they took force, ``activated_at`` the time they were asked for.
    """
    times = {offset: at for at, offset in run.clock}
    for record in read_range(log, run.first, run.before):
        if record.offset not in times:
            continue
        decoded = decode_signals(record.value)
        if isinstance(decoded, Coverage):
            yield times[record.offset], decoded
            continue
        activation, asked_at = run.asked[record.offset]
        lies_at = activation_at(log, activation)
        rules = decode_signals(lies_at.value) if lies_at is not None else None
        assert isinstance(rules, RulesActivated), "it was one when the run took it in"
        yield times[record.offset], rules.changed(deferred=False, activated_at=asked_at)


def _skipped(engine: Engine, offset: int) -> bool:
    return any(first <= offset <= last for first, last in engine.skips)
