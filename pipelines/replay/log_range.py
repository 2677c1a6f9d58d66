"""An archived log through the engine: what the live run decided, to the byte, or what other rules would have.

archived signals ──in log order, at their own offsets──▶ engine.step ──▶ decisions
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from alerts.engine import Engine
from alerts.rules.model import RuleSet
from connectors.archive.archived_log import ArchivedLog
from pipelines.replay.replay import activation
from pipelines.signal_history import read_range
from pipelines.stepping import Stepping
from schemas.alert_event import Decision
from schemas.errors import UsageError
from schemas.ids import milliseconds
from schemas.ports.log import LogRecord
from schemas.topics import SIGNALS

Told = Callable[[int, int | None], None]


@dataclass(frozen=True)
class LogRange:
    """The signals of ``first`` up to, not including, ``before``, and the days on which the first and last were appended."""

    log: ArchivedLog
    first: int
    before: int
    first_day: date
    last_day: date

    def records(self, told: Told) -> Iterator[LogRecord]:
        """Yield the records in order; ``told`` hears offsets done and in all."""
        total = self.before - self.first
        for record in read_range(self.log, self.first, self.before):
            yield record
            if record.offset % 500 == 0:
                told(record.offset - self.first, total)
        told(total, total)


def range_between(log: ArchivedLog, first_day: date | None, last_day: date | None) -> LogRange:
    """Return the signals appended from ``first_day`` to ``last_day``, both included; None: to the end of the archive.

    :raises UsageError: there are none.
    """
    start, end = log.start_offset(SIGNALS, 0), log.end_offset(SIGNALS, 0)
    first = start if first_day is None else max(start, log.offset_at(SIGNALS, 0, _begin_ms(first_day)))
    before = end if last_day is None else log.offset_at(SIGNALS, 0, _begin_ms(last_day + timedelta(days=1)))
    files = [file for file in log.files(SIGNALS, 0) if file.until > first and file.first < before]
    if not files:
        reach = [file.day for file in log.files(SIGNALS, 0)]
        where = f"it reaches from {reach[0]} to {reach[-1]}" if reach else "let `tocsin run archive` work first"
        raise UsageError("the archived log has no signals there", remedy=where)
    return LogRange(log, first, before, files[0].day, files[-1].day)


def replay_recorded(signals: LogRange, told: Told) -> Iterator[Decision]:
    """Yield what the rules in the log itself decide: from the log's first record on, exactly what was decided live.

    Later on the same, as far as it needs nothing from before: an engine that begins there learns what is normal anew.
    """
    stepping = Stepping(signals.log, Engine, signals.first)
    for record in signals.records(told):
        yield from stepping.step_again(record)


def replay_rules(signals: LogRange, rules: RuleSet, text: str, told: Told) -> Iterator[Decision]:
    """Yield what ``rules`` would have decided, in force from before the first record on; those in the log are left out."""
    begun: list[Decision] = []

    def begin() -> Engine:
        engine = Engine()
        begun[:] = engine.step(signals.first - 1, activation(rules, text, signals.first_day))
        return engine

    stepping = Stepping(signals.log, begin, signals.first, with_rules=False)
    yield from begun
    for record in signals.records(told):
        yield from stepping.step_again(record)


def _begin_ms(day: date) -> int:
    return milliseconds(datetime.combine(day, time(), tzinfo=UTC))
