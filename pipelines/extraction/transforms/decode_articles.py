"""Bytes of the topic ``articles`` to its records: articles and coverage."""

from __future__ import annotations

from pydantic_core import from_json

from pipelines.extraction.beam import counter
from pipelines.extraction.slices import ArticleSlice, Failure, Placed, RecordSlice
from pipelines.extraction.transforms.fallible import Fallible, FallibleDoFn, described
from schemas.coverage import Coverage
from schemas.errors import BrokenRecordError
from schemas.model import MAX_RECORD_BYTES
from schemas.reasons import DeadLetterReason
from schemas.wire import ArticlesRecord, ReadCount, decode_articles

#: Counts records with fields that this version does not know.
UNKNOWN_FIELDS = "records_with_unknown_fields"


class DecodeArticles(Fallible[RecordSlice, ArticleSlice]):
    """Decode the records of ``articles``. Fails for what is no JSON, no such record, too large, or in the wrong place."""

    kind = ArticleSlice

    def do_fn(self) -> FallibleDoFn[RecordSlice, ArticleSlice]:
        """Return what is done to each slice."""
        return _DecodeSlice()


class _DecodeSlice(FallibleDoFn[RecordSlice, ArticleSlice]):
    def work(self, slice_: RecordSlice) -> tuple[ArticleSlice, list[Failure]]:
        decoded: list[Placed[ArticlesRecord]] = []
        failures: list[Failure] = []
        count = ReadCount()
        for item in slice_.items:
            try:
                record = _decode(item, count)
            except BrokenRecordError as error:
                failures.append(_failure(item, _reason(item.record), described(error)))
            else:
                decoded.append(Placed(item.partition, item.offset, record, item.original))
        if count.with_unknown_fields:
            counter(UNKNOWN_FIELDS).inc(count.with_unknown_fields)
        return ArticleSlice(decoded), failures


def _decode(item: Placed[bytes], count: ReadCount) -> ArticlesRecord:
    if len(item.record) > MAX_RECORD_BYTES:
        raise BrokenRecordError(f"{len(item.record):,} bytes, the limit is {MAX_RECORD_BYTES:,}")
    record = decode_articles(item.record, count)
    if isinstance(record, Coverage) and record.partition != item.partition:
        # It would speak for articles that another partition holds, and complete hours before they have come.
        raise BrokenRecordError(f"coverage of partition {record.partition} lies in partition {item.partition}")
    return record


def _reason(raw: bytes) -> DeadLetterReason:
    if len(raw) > MAX_RECORD_BYTES:
        return DeadLetterReason.TOO_LARGE
    try:
        from_json(raw)
    except ValueError:
        return DeadLetterReason.NOT_JSON
    return DeadLetterReason.BROKEN_RECORD


def _failure(item: Placed[bytes], reason: DeadLetterReason, error: str) -> Failure:
    article_id, feed_id = _ids(item.record) if reason is DeadLetterReason.BROKEN_RECORD else (None, None)
    return Failure(
        partition=item.partition,
        offset=item.offset,
        reason=reason,
        error=error,
        article_id=article_id,
        feed_id=feed_id,
        original=item.original,
    )


def _ids(raw: bytes) -> tuple[str | None, str | None]:
    """Return what a broken record says of itself, where it says it in words."""
    value = from_json(raw)
    found = [value.get(name) if isinstance(value, dict) else None for name in ("article_id", "feed_id")]
    article_id, feed_id = (one[:200] if isinstance(one, str) else None for one in found)
    return article_id, feed_id
