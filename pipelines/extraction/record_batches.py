"""Records of ``articles`` to entries of ``signals`` and ``dead-letters``: the Beam chain of the job, on one polled range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.extraction.beam import PCollection
from pipelines.extraction.in_process import HeldPipeline
from pipelines.extraction.slices import Failure, RecordSlice, slices_of
from pipelines.extraction.transforms.decode_articles import UNKNOWN_FIELDS, DecodeArticles
from pipelines.extraction.transforms.encode_signals import EncodeSignals
from pipelines.extraction.transforms.extract_signals import SIGNALS_MADE, ExtractSignals, extractor_in_use
from pipelines.extraction.transforms.fallible import Failures
from schemas.dead_letter import MAX_ORIGINAL_BYTES, DeadLetter, dead_letter_id
from schemas.ports.log import Entry, LogRecord
from schemas.topics import ARTICLES
from schemas.wire import encode


@dataclass(frozen=True)
class ExtractedBatch:
    """What is to be appended, in this order, and what it is made of."""

    entries: Sequence[Entry]
    dead_letters: Sequence[Entry]
    failures: Sequence[Failure]
    records: int
    signals: int
    with_unknown_fields: int


class RecordExtraction:
    """The chain of the job, made once; of one thread."""

    def __init__(self, own_files: tuple[Path, ...], log_id: str) -> None:
        """Make the extractor and the pipeline; :raises ActorFileError: a file of ``own_files`` is wrong."""
        self.version = extractor_in_use(own_files).version
        self._log_id = log_id

        def chain(records: PCollection[RecordSlice], failures: Failures) -> PCollection[RecordSlice]:
            return (
                records
                | DecodeArticles().failures_to(failures)
                | ExtractSignals(own_files).failures_to(failures)
                | EncodeSignals().failures_to(failures)
            )

        self._pipeline = HeldPipeline(RecordSlice, chain)

    def extract(self, records: Sequence[LogRecord], now: datetime) -> ExtractedBatch:
        """Return what ``records`` become; each partition keeps its order, whatever order the runner worked in."""
        outcome = self._pipeline.run(slices_of(records))
        made = [item for slice_ in outcome.made for item in slice_.items]
        made.sort(key=lambda item: (item.partition, item.offset))
        failures = sorted(outcome.failures, key=lambda failure: (failure.partition, failure.offset))
        keys = {(record.partition, record.offset): record.key for record in records}
        return ExtractedBatch(
            entries=[Entry(0, item.record, keys[item.partition, item.offset]) for item in made],
            dead_letters=[Entry(0, encode(self._dead_letter(failure, now))) for failure in failures],
            failures=failures,
            records=len(records),
            signals=outcome.counts.get(SIGNALS_MADE, 0),
            with_unknown_fields=outcome.counts.get(UNKNOWN_FIELDS, 0),
        )

    def _dead_letter(self, failure: Failure, now: datetime) -> DeadLetter:
        return DeadLetter(
            dead_letter_id=dead_letter_id(self._log_id, ARTICLES, failure.partition, failure.offset),
            stage="extract",
            reason=failure.reason,
            error=failure.error,
            topic=ARTICLES,
            partition=failure.partition,
            offset=failure.offset,
            article_id=failure.article_id,
            feed_id=failure.feed_id,
            original=failure.original[:MAX_ORIGINAL_BYTES],
            original_bytes=len(failure.original),
            recorded_at=now,
        )
