"""Where engine time stood still before the moment that is asked about, and which job it waits for: polling or extraction."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.coverage import CoverageBook
from schemas.coverage import Coverage
from schemas.errors import BrokenRecordError
from schemas.ids import milliseconds
from schemas.ports.log import Log
from schemas.topics import ARTICLES
from schemas.wire import decode_articles

#: Coverage comes each minute, or with imported news each hour; what is older than this stands still.
_STILL = timedelta(hours=2)

#: Records at the end of a partition among which its newest coverage is looked for: it comes each minute.
_LOOKED_BACK = 2_000

#: How coverage begins on the log.
_COVERAGE = re.compile(rb'\{"schema_version":\d+,"kind":"coverage"')


@dataclass(frozen=True)
class Behind:
    """``since`` then nothing was heard, ``where`` ("" or "of partition 2 of 3 "); ``polled``: polls were, extraction waits."""

    since: datetime
    where: str
    polled: bool


def behind_at(log: Log, coverage: CoverageBook, moment: datetime) -> Behind | None:
    """Return what stood still at ``moment``, the partition of articles that is furthest behind; None: nothing did."""
    if not coverage.newest or coverage.now is None or coverage.now >= moment - _STILL:
        return None
    partition, since = min(coverage.newest.items(), key=lambda one: (one[1], one[0]))
    alone = any(newest >= moment - _STILL for newest in coverage.newest.values())
    where = f"of partition {partition} of {coverage.partitions} " if alone else ""
    polled = _newest_poll(log, partition, moment)
    return Behind(since, where, polled is not None and polled - since > _STILL)


def _newest_poll(log: Log, partition: int, moment: datetime) -> datetime | None:
    """Return up to when polls were recorded in a partition by ``moment``; None: that is not found."""
    if partition >= log.partitions(ARTICLES):
        return None
    # Records are appended when they are made; what was copied into a log later lies at its end.
    ends = {log.offset_at(ARTICLES, partition, milliseconds(moment)), log.end_offset(ARTICLES, partition)}
    found = [at for end in sorted(ends) for at in _polls_before(log, partition, end) if at <= moment]
    return max(found, default=None)


def _polls_before(log: Log, partition: int, end: int) -> Iterator[datetime]:
    """Yield up to when each coverage tells among the last records before ``end``."""
    offset = max(log.start_offset(ARTICLES, partition), end - _LOOKED_BACK)
    while offset < end and (records := log.read(ARTICLES, partition, offset, max_records=1000)):
        offset = records[-1].offset + 1
        for record in records:
            if record.offset >= end or not _COVERAGE.match(record.value):
                continue
            with contextlib.suppress(BrokenRecordError):
                decoded = decode_articles(record.value)
                if isinstance(decoded, Coverage):
                    yield decoded.at
