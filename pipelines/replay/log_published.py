"""An archived log in the order of publication: its signals re-timed, its coverage and rules at their times.

archived signals ──each to the day it was published on─┐
coverage, rules ──each to the engine's time by then────┴─in order of time──▶ engine.step ──▶ decisions
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import datetime
from heapq import merge
from itertools import islice
from pathlib import Path

from alerts.rules.model import RuleSet
from pipelines.replay.day_spool import DaySpool
from pipelines.replay.log_range import LogRange, Told
from pipelines.replay.order import by_publication
from pipelines.replay.replay import activation, replay
from pipelines.signal_history import WARM_UP
from schemas.alert_event import Decision
from schemas.control import RulesActivated, RulesReady, SkipRange
from schemas.coverage import Coverage
from schemas.errors import BrokenRecordError
from schemas.ids import from_milliseconds, milliseconds
from schemas.signal import Signal
from schemas.wire import SignalsRecord, decode_signals, encode

Timed = tuple[datetime, SignalsRecord]


def replay_published(signals: LogRange, rules: RuleSet | None, text: str, told: Told) -> Iterator[Decision]:
    """Yield what ``rules`` would have decided, in force from before the first record on; None: those in the log, each
    from when it took force there.

    It is the same each time, and it is nobody's live ledger. ``told`` hears first the offsets laid out, then the records
    decided.
    """
    with tempfile.TemporaryDirectory(prefix="tocsin-order-") as scratch:
        past = _LaidOut(Path(scratch), signals, recorded_rules=rules is None, told=told)
        begin = None if rules is None else activation(rules, text, signals.first_day)
        yield from replay(
            lambda: (record for _, record in past.timed(begin)),
            told,
            past.number + (begin is not None),
            history=lambda offset: lambda: past.history_before(begin, offset),
        )


class _LaidOut:
    """The records of ``signals`` by day, those of the clock (coverage, rules) apart."""

    def __init__(self, scratch: Path, signals: LogRange, *, recorded_rules: bool, told: Told) -> None:
        for part in ("signals", "clock"):
            (scratch / part).mkdir()
        self._signals, self._clock = DaySpool(scratch / "signals"), DaySpool(scratch / "clock")
        self.number = 0
        self._lay_out(signals, told, recorded_rules=recorded_rules)

    def timed(self, begin: RulesActivated | None) -> Iterator[Timed]:
        """Yield everything in order of time; a Coverage record comes after all that was published before it ends."""
        if begin is not None:
            yield begin.activated_at, begin
        for day in sorted({*self._signals.days(), *self._clock.days()}):
            found = [by_publication(signal) for _, raw in self._signals.lines(day) if (signal := _signal(raw))]
            found.sort(key=lambda signal: (signal.revised_at, signal.article_id, signal.revision))
            signals = ((signal.revised_at, 1, signal) for signal in found)
            clock = ((from_milliseconds(at), 0, decode_signals(raw)) for at, raw in self._clock.lines(day))
            for at, _, record in merge(clock, signals, key=lambda one: one[:2]):
                yield at, record

    def history_before(self, begin: RulesActivated | None, offset: int) -> Iterator[tuple[int, SignalsRecord]]:
        """Yield what rules that take force by record number ``offset`` are warmed on: 35 days, as live."""
        at, rules = next(islice(self.timed(begin), offset, None))
        asked_at = rules.activated_at if isinstance(rules, RulesActivated) else at
        for number, (when, record) in enumerate(islice(self.timed(begin), offset)):
            if when >= asked_at - WARM_UP:
                yield number, record

    def _lay_out(self, signals: LogRange, told: Told, *, recorded_rules: bool) -> None:
        clock: datetime | None = None
        waiting: dict[int, RulesActivated] = {}
        skips: list[tuple[int, int]] = []
        for record in signals.records(told):
            if any(first <= record.offset <= last for first, last in skips):
                continue
            try:
                decoded = decode_signals(record.value)
            except BrokenRecordError:
                continue
            if isinstance(decoded, SkipRange):
                # Offsets mean nothing in another order: what it takes out is left out here.
                skips.append((decoded.first, decoded.last))
            elif isinstance(decoded, Signal):
                at = decoded.event_time + (decoded.revised_at - decoded.observed_at)
                self._signals.put(milliseconds(at), encode(decoded))
                self.number += 1
            elif isinstance(decoded, Coverage):
                clock = decoded.at if clock is None else max(clock, decoded.at)
                self._put(clock, decoded)
            elif recorded_rules and isinstance(decoded, RulesActivated):
                clock = clock or decoded.activated_at
                asked = decoded.changed(deferred=False, activated_at=clock)  # Rules are stamped by another clock.
                waiting = {record.offset: asked}  # A newer activation takes the place of one that waits.
                if not decoded.deferred:
                    self._put(clock, waiting.pop(record.offset))
            elif recorded_rules and isinstance(decoded, RulesReady):
                ready = waiting.pop(decoded.activated_offset, None)
                if ready is not None and clock is not None and ready.rules_hash == decoded.rules_hash:
                    self._put(clock, ready)

    def _put(self, at: datetime, record: SignalsRecord) -> None:
        self._clock.put(milliseconds(at), encode(record))
        self.number += 1


def _signal(raw: bytes) -> Signal | None:
    decoded = decode_signals(raw)
    return decoded if isinstance(decoded, Signal) else None
