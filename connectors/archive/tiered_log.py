"""A log and its archive read as one: what the log has forgotten comes from the archive, the rest from the log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from connectors.archive.archived_log import ArchivedLog
from schemas.ports.log import Log, LogRecord


class TieredLog:
    """The reading part of :class:`~schemas.ports.log.Log`. Where the archive has a hole before the log begins, only what
    lies behind the hole is read of it."""

    def __init__(self, log: Log, folder: Path) -> None:
        self._log = log
        self._archived = ArchivedLog(folder, log.log_id)

    @property
    def log_id(self) -> str:
        """The id of the log."""
        return self._log.log_id

    def partitions(self, topic: str) -> int:
        """Return the number of partitions."""
        return self._log.partitions(topic)

    def start_offset(self, topic: str, partition: int) -> int:
        """Return the first offset that is archived, without a hole between it and the log, else the log's first."""
        start = self._log.start_offset(topic, partition)
        spans = self._archived.spans(topic, partition)
        return min((span.first for span in spans if span.first <= start <= span.until), default=start)

    def end_offset(self, topic: str, partition: int) -> int:
        """Return the log's end."""
        return self._log.end_offset(topic, partition)

    def offset_at(self, topic: str, partition: int, append_time_ms: int) -> int:
        """Return the first offset appended at or after the time, or the end."""
        found = self._log.offset_at(topic, partition, append_time_ms)
        start = self._log.start_offset(topic, partition)
        if found > start or self.start_offset(topic, partition) == start:
            return found  # The log has an older record than that, so no archived one is meant.
        return min(found, self._archived.offset_at(topic, partition, append_time_ms))

    def read(self, topic: str, partition: int, offset: int, *, max_records: int) -> Sequence[LogRecord]:
        """Return up to ``max_records`` from ``offset`` on; errors as both."""
        if offset < self._log.start_offset(topic, partition):
            return self._archived.read(topic, partition, offset, max_records=max_records)
        return self._log.read(topic, partition, offset, max_records=max_records)
