"""Errors by fate: retry, dead-letter, drop (a counted reason, no error) or crash; and what commands show to people."""

from __future__ import annotations


class TocsinError(Exception):
    """The base. ``remedy`` tells a person what to do next; it is printed on a line of its own."""

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  → {self.remedy}" if self.remedy else self.message


class UsageError(TocsinError):
    """Wrong words, settings, rules or files: exit code 2."""

    exit_code = 2


class RetriableError(TocsinError):
    """The world may answer next time; the caller backs off and tries again, a bounded number of times."""


class UnprocessableError(TocsinError):
    """This one record can never be handled; it goes to the dead letters and the stream goes on."""


class BrokenRecordError(UnprocessableError):
    """Bytes that are no record of their topic."""


class UndecidableRecordError(UnprocessableError):
    """A record on which the engine fails, each time it meets it in the same state."""


class RecordTooLargeError(UnprocessableError):
    """A record over the limit."""


class FatalError(TocsinError):
    """Going on would lose or falsify something: the job stops and says what a person must do."""


class LogUnavailableError(RetriableError):
    """The log cannot be reached or is busy; nothing was written, or it may have been and writing again is safe."""


class LogFullError(RetriableError):
    """No space left for the log; nothing of the batch was written."""


class UnknownTopicError(FatalError):
    """The topic is not in the log."""


class OffsetOutOfRangeError(FatalError):
    """An offset lies outside what the log holds: it was trimmed past it, or lost its tail."""


class ForeignLogError(FatalError):
    """An offset was committed for another log than the one that is open now."""


class ClockRefusedError(FatalError):
    """A clock is too far off to write with."""


class StoreUnavailableError(RetriableError):
    """The database cannot be reached or is locked; nothing was written."""


class ArchiveUnavailableError(RetriableError):
    """The archive folder cannot be read or written now, or another process writes to it; what was there is unchanged."""


class StoreFullError(RetriableError):
    """No space left for the database; nothing of the transaction was written."""


class AnotherDeciderError(FatalError):
    """The ledger moved on under this process: another decider is at work, and this one must leave."""


class RecoveryMismatchError(FatalError):
    """Re-stepping from the snapshot gave other events than the ledger holds."""
