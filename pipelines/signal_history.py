"""Ranges of the topic ``signals`` read back: for recovery, for verifying and for warming a new rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Protocol

from schemas.control import RulesReady
from schemas.errors import BrokenRecordError
from schemas.ids import from_milliseconds, milliseconds
from schemas.ports.log import LogRecord
from schemas.topics import SIGNALS
from schemas.wire import SignalsRecord, decode_signals

#: How far back a new rule reads; the topic ``signals`` is kept at least as long.
WARM_UP = timedelta(days=35)


class ReadableLog(Protocol):
    """What is read of a log, here as in :class:`~schemas.ports.log.Log`; an archived one has it, too."""

    def start_offset(self, topic: str, partition: int) -> int:
        """Return the first offset there is."""
        ...

    def offset_at(self, topic: str, partition: int, append_time_ms: int) -> int:
        """Return the first offset appended at or after the time, or the end offset."""
        ...

    def read(self, topic: str, partition: int, offset: int, *, max_records: int) -> Sequence[LogRecord]:
        """Return up to ``max_records`` from ``offset`` on; empty at the end."""
        ...


class WholeLog(ReadableLog, Protocol):
    """The same with its identity and its end."""

    @property
    def log_id(self) -> str:
        """The id of the log."""
        ...

    def end_offset(self, topic: str, partition: int) -> int:
        """Return the offset the next record will get."""
        ...


def read_range(log: ReadableLog, first: int, before: int) -> Iterator[LogRecord]:
    """Yield the records of ``signals`` from ``first`` up to, not including, ``before``."""
    offset = first
    while offset < before:
        records = log.read(SIGNALS, 0, offset, max_records=1000)
        if not records:
            return
        yield from (record for record in records if record.offset < before)
        offset = records[-1].offset + 1


def history_begins(log: ReadableLog, activation: LogRecord) -> int:
    """Return the offset of the first record that a rule of ``activation`` is warmed on: 35 days before it."""
    earliest = from_milliseconds(activation.append_time_ms) - WARM_UP
    return max(log.offset_at(SIGNALS, 0, milliseconds(earliest)), log.start_offset(SIGNALS, 0))


def activation_at(log: ReadableLog, offset: int) -> LogRecord | None:
    """Return the record of the activation at ``offset``; None where the log was trimmed above it."""
    records = log.read(SIGNALS, 0, offset, max_records=1) if offset >= log.start_offset(SIGNALS, 0) else ()
    return records[0] if records and records[0].offset == offset else None


def history_before(
    log: ReadableLog, record: LogRecord, decoded: SignalsRecord
) -> Callable[[], Iterable[tuple[int, SignalsRecord]]]:
    """Return what a rule that takes force by ``record`` (``decoded``) is warmed on, oldest first.

    That is the signals of the 35 days before its activation, and where that was deferred those since.
    """

    def history() -> Iterator[tuple[int, SignalsRecord]]:
        activation = activation_at(log, decoded.activated_offset) if isinstance(decoded, RulesReady) else record
        for old in read_range(log, history_begins(log, activation or record), record.offset):
            try:
                yield old.offset, decode_signals(old.value)
            except BrokenRecordError:
                continue

    return history
