"""The records of a whole archive as JSON: what was imported, then what the archived log holds, in order. Decodes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from connectors.archive.archived_log import ArchivedLog
from connectors.archive.folder import Archive
from connectors.archive.log_tier import logs_in
from schemas.errors import UsageError
from schemas.ids import milliseconds
from schemas.topics import ARTICLES


def is_archive(folder: Path) -> bool:
    """Tell whether there is anything in ``folder`` to read."""
    return bool(Archive(folder).days() or logs_in(folder))


def archived_records(
    folder: Path, topic: str, first: date | None, last: date | None, log_id: str | None = None
) -> Iterator[bytes]:
    """Yield the records of ``topic`` that came from ``first`` to ``last`` (days in UTC, both included; None: no bound).

    Imported history has articles alone; the days are those of its observation, of a log those of its append times.

    :raises UsageError: ``folder`` is no archive.
    """
    archive, logs = Archive(folder), logs_in(folder)
    days = archive.days()
    if not days and not logs:
        raise UsageError(
            f"{folder} holds no archive", remedy="`tocsin run archive` or `tocsin archive import` makes one"
        )
    if topic == ARTICLES:
        for day in days:
            if (first is None or day >= first) and (last is None or day <= last):
                yield from archive.article_records(day)
    for one in logs if log_id is None else [log_id]:
        yield from _of_log(ArchivedLog.existing(folder, one), topic, first, last)


def _of_log(log: ArchivedLog, topic: str, first: date | None, last: date | None) -> Iterator[bytes]:
    begin_ms = _begin_ms(first) if first is not None else 0
    end_ms = _begin_ms(last + timedelta(days=1)) if last is not None else None
    for partition in range(log.partitions(topic)):
        for stretch in log.spans(topic, partition):
            offset = max(stretch.first, log.offset_at(topic, partition, begin_ms) if begin_ms else 0)
            if offset >= stretch.until:
                continue
            for record in log.records(topic, partition, offset):
                if record.offset >= stretch.until or (end_ms is not None and record.append_time_ms >= end_ms):
                    break
                yield record.value
                if record.offset == stretch.until - 1:
                    break  # Behind it is a hole, which `tocsin archive info` shows.


def _begin_ms(day: date) -> int:
    return milliseconds(datetime.combine(day, time(), tzinfo=UTC))
