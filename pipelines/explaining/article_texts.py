"""The texts of articles as they were analysed, from the log: for pages that must be readable after the links die."""

from __future__ import annotations

from collections.abc import Collection

from pipelines.explaining.engine_then import Progress, no_progress
from pipelines.signal_history import read_range
from schemas.errors import BrokenRecordError
from schemas.ports.log import Log
from schemas.reasons import ArticleStatus
from schemas.signal import Signal
from schemas.topics import SIGNALS
from schemas.wire import decode_signals


def article_texts(log: Log, article_ids: Collection[str], progress: Progress = no_progress) -> dict[str, str]:
    """Return the text of the newest live revision of each article that the log still holds."""
    start, end = log.start_offset(SIGNALS, 0), log.end_offset(SIGNALS, 0)
    marks = {article_id: article_id.encode() for article_id in article_ids}
    newest: dict[str, Signal] = {}
    for record in read_range(log, start, end):
        if (record.offset - start) % 1000 == 0:
            progress(record.offset - start, end - start)
        # Records that do not name one of them are not worth decoding.
        if not any(mark in record.value for mark in marks.values()):
            continue
        try:
            decoded = decode_signals(record.value)
        except BrokenRecordError:
            continue
        if isinstance(decoded, Signal) and decoded.article_id in marks and decoded.status is ArticleStatus.LIVE:
            before = newest.get(decoded.article_id)
            if before is None or decoded.revision >= before.revision:
                newest[decoded.article_id] = decoded
    progress(end - start, end - start)
    return {article_id: signal.text for article_id, signal in newest.items()}
