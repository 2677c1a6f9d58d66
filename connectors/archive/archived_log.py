"""An archived log read back as the log it was: the same records at the same offsets, with their append times.

It has the reading part of :class:`~schemas.ports.log.Log`, so whatever reads a log reads its archive too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from connectors.archive.log_file import read_column, read_records
from connectors.archive.log_tier import LogTier, Span, TierFile, day_of, logs_in
from schemas.errors import FatalError, OffsetOutOfRangeError, UsageError
from schemas.ports.log import LogRecord


class _Place(NamedTuple):
    """Where a reading that is under way goes on, so that reading in turn opens each file once."""

    topic: str
    partition: int
    offset: int
    records: Iterator[LogRecord]


class ArchivedLog:
    """The tier of one log. Not shared by threads."""

    def __init__(self, folder: Path, log_id: str) -> None:
        self._tier = LogTier(folder, log_id)
        self._place: _Place | None = None

    @classmethod
    def existing(cls, folder: Path, log_id: str | None = None) -> ArchivedLog:
        """Return the log archived in ``folder``, the one named where there are several.

        :raises UsageError: there is none, no such one, or the name is missing.
        """
        known = logs_in(folder)
        if not known:
            raise UsageError(f"{folder} holds no archived log", remedy="`tocsin run archive` makes one")
        if log_id is None and len(known) > 1:
            raise UsageError(
                f"{folder} holds the logs {', '.join(known)}", remedy=f"say which one is meant: --log-id {known[-1]}"
            )
        if log_id is not None and log_id not in known:
            raise UsageError(f"{folder} holds no log {log_id!r}", remedy=f"it holds {', '.join(known)}")
        return cls(folder, log_id or known[0])

    @property
    def log_id(self) -> str:
        """The id of the log that was archived."""
        return self._tier.log_id

    def partitions(self, topic: str) -> int:
        """Return the number of partitions that have records; 0 for none."""
        return max(self._tier.partitions(topic), default=-1) + 1

    def start_offset(self, topic: str, partition: int) -> int:
        """Return the first offset that is archived, else 0."""
        files = self._tier.files(topic, partition)
        return files[0].first if files else 0

    def end_offset(self, topic: str, partition: int) -> int:
        """Return the offset after the last that is archived, else 0."""
        files = self._tier.files(topic, partition)
        return files[-1].until if files else 0

    def read(self, topic: str, partition: int, offset: int, *, max_records: int) -> Sequence[LogRecord]:
        """Return up to ``max_records`` from ``offset`` on; empty at the end.

        :raises OffsetOutOfRangeError: ``offset`` is before the first, after the end, or in a hole.
        """
        place = self._place
        if place is None or place[:3] != (topic, partition, offset):
            place = _Place(topic, partition, offset, self.records(topic, partition, offset))
        records = list(islice(place.records, max_records))
        goes_on = len(records) == max_records > 0  # Else it came to the end, where there may be more the next time.
        self._place = place._replace(offset=records[-1].offset + 1) if goes_on else None
        return records

    def records(self, topic: str, partition: int, offset: int) -> Iterator[LogRecord]:
        """Yield every record from ``offset`` to the end; errors as :meth:`read`."""
        if offset > self.end_offset(topic, partition):
            raise OffsetOutOfRangeError(
                f"offset {offset} of {topic}/{partition} is not archived yet: the archive ends at"
                f" {self.end_offset(topic, partition)}",
                remedy="let the archive job catch up",
            )
        while True:
            file = self._file_at(topic, partition, offset)
            if file is None:
                return
            try:
                for record in read_records(file.path, partition):
                    if record.offset >= offset:
                        offset = record.offset + 1
                        yield record
            except FileNotFoundError:
                continue  # It was merged with its neighbours meanwhile: they are looked up anew.
            if offset < file.until:
                raise FatalError(
                    f"{file.path} ends at offset {offset}, its name says {file.until}",
                    remedy="bring that file back from a backup",
                )

    def offset_at(self, topic: str, partition: int, append_time_ms: int) -> int:
        """Return the first archived offset that was appended at the time or later, or the end."""
        day = day_of(append_time_ms)
        while True:
            files = self._tier.files(topic, partition)
            try:
                for file in files:
                    if file.day < day:
                        continue
                    times = read_column(file.path, "append_time")
                    if times and times[-1] >= append_time_ms:
                        offsets = read_column(file.path, "offset")
                        return int(next(o for o, at in zip(offsets, times, strict=True) if at >= append_time_ms))
            except FileNotFoundError:
                continue
            return files[-1].until if files else 0

    def files(self, topic: str, partition: int) -> Sequence[TierFile]:
        """Return the files in order."""
        return self._tier.files(topic, partition)

    def spans(self, topic: str, partition: int) -> Sequence[Span]:
        """Return the unbroken stretches in order."""
        return self._tier.spans(topic, partition)

    def _file_at(self, topic: str, partition: int, offset: int) -> TierFile | None:
        """Return the file that holds ``offset``; None at the end."""
        files = self._tier.files(topic, partition)
        for file in files:
            if file.first <= offset < file.until:
                return file
            if file.first > offset:
                raise OffsetOutOfRangeError(
                    f"offsets {offset} to {file.first - 1} of {topic}/{partition} are not in the archive"
                    f" {self._tier.folder}",
                    remedy="they were trimmed before they were archived, or their file is missing: bring it back"
                    " from a backup, or begin after the hole",
                )
        return None
