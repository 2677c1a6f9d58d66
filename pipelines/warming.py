"""Warms the rules of a deferred activation bit by bit, between the records that are decided.

    signals, from 35 days before the activation ──so many records at a time──▶ rules aside ──▶ the engine, at RulesReady

It holds up a record by no more than the bit that is just being taken. It decides nothing and writes nothing.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable

from alerts.aside import Aside
from alerts.engine import Engine, Waiting
from pipelines.signal_history import ReadableLog, activation_at, history_begins
from schemas.errors import BrokenRecordError, TocsinError
from schemas.ports.log import LogRecord
from schemas.topics import SIGNALS
from schemas.wire import decode_signals

logger = logging.getLogger(__name__)

#: Records that are taken between two looks for something to decide.
BIT_RECORDS = 32

#: The rules are ready when so few records are left to take: they are taken in one go when the rules take force.
NEARLY_RECORDS = 100

_READ_RECORDS = 500


class Warming:
    """The new rules of ``waiting`` on their way to where ``engine`` is; ``failed`` says why they will not get there."""

    def __init__(self, log: ReadableLog, engine: Engine, waiting: Waiting) -> None:
        self.offset = waiting.offset
        self.failed = ""
        self._log = log
        self._aside: Aside = engine.aside(engine.fresh_rules(waiting.record))
        activation = activation_at(log, waiting.offset)
        start = log.start_offset(SIGNALS, 0)
        self.first = self.next = start if activation is None else history_begins(log, activation)
        self._read: deque[LogRecord] = deque()

    def go_on(self, records: int, before: int, passed_over: Iterable[int]) -> None:
        """Take so many records, none at or after ``before``; ``passed_over``: offsets that count for nothing."""
        self._aside.left_out.update(passed_over)
        for _ in range(records):
            record = self._following(before)
            if record is None or self.failed:
                return
            self._take(record)

    def complete(self, before: int, passed_over: Iterable[int]) -> Aside | None:
        """Return the rules after every record before ``before``; None where they cannot be warmed."""
        while not self.failed and self._following(before) is not None:
            self.go_on(_READ_RECORDS, before, passed_over)
        self._aside.reached = before
        return None if self.failed else self._aside

    def left(self, before: int) -> int:
        """Return how many records before ``before`` are still to be taken; 0 where no rule is new."""
        return max(0, before - self.next) if self._aside.rules else 0

    def _following(self, before: int) -> LogRecord | None:
        if not self._aside.rules:
            return None
        if not self._read and self.next < before:
            self._read.extend(self._log.read(SIGNALS, 0, self.next, max_records=_READ_RECORDS))
        return self._read[0] if self._read and self._read[0].offset < before else None

    def _take(self, record: LogRecord) -> None:
        self._read.popleft()
        self.next = record.offset + 1
        try:
            decoded = decode_signals(record.value)
        except BrokenRecordError:
            return
        try:
            taken = self._aside.take(record.offset, decoded)
        except (TocsinError, OSError, MemoryError, RecursionError):
            raise
        except Exception as error:  # Whatever it is, it costs these rules alone.
            self.failed = f"{type(error).__name__}: {error}"
            logger.error(
                "the rules activated at offset %d of signals fail on record %d: %s; those before stay in force",
                self.offset,
                record.offset,
                self.failed,
                exc_info=error,
            )
            return
        if not taken:
            self._read.clear()
            self.next = self.first
