"""Records to bytes and back. Writing is strict; reading forgives unknown fields and counts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from schemas.article import Article
from schemas.control import ExtractorChanged, RulesActivated, RulesReady, SkipRange
from schemas.coverage import Coverage, packed, unpacked
from schemas.dead_letter import DeadLetter
from schemas.errors import BrokenRecordError, RecordTooLargeError
from schemas.model import MAX_RECORD_BYTES, Record
from schemas.signal import Signal

ArticlesRecord = Article | Coverage
SignalsRecord = Signal | Coverage | RulesActivated | RulesReady | ExtractorChanged | SkipRange
T = TypeVar("T")

AnyRecord = Article | Coverage | Signal | RulesActivated | RulesReady | ExtractorChanged | SkipRange | DeadLetter

_articles: TypeAdapter[ArticlesRecord] = TypeAdapter(Annotated[ArticlesRecord, Field(discriminator="kind")])
_signals: TypeAdapter[SignalsRecord] = TypeAdapter(Annotated[SignalsRecord, Field(discriminator="kind")])
_dead_letters: TypeAdapter[DeadLetter] = TypeAdapter(DeadLetter)
#: By type of record: they write bytes, where the method of a record makes a text of them that would have to be encoded again.
_writers: dict[type[Record], TypeAdapter[Any]] = {}  # Any: each its own record


@dataclass
class ReadCount:
    """How many records were read, and how many of them carried fields this version does not know."""

    records: int = 0
    with_unknown_fields: int = 0


def encode(record: Record) -> bytes:
    """Return the JSON of ``record``.

    :raises RecordTooLargeError: over 1 MiB.
    :raises BrokenRecordError: a text in it cannot be written as UTF-8.
    """
    kind = type(record)
    writer = _writers.get(kind)
    if writer is None:
        writer = _writers[kind] = TypeAdapter(kind)
    try:
        raw = writer.dump_json(packed(record) if isinstance(record, Coverage) else record)
    except (UnicodeEncodeError, ValueError) as error:
        raise BrokenRecordError(f"{type(record).__name__} cannot be written as JSON: {error}") from error
    if len(raw) > MAX_RECORD_BYTES:
        raise RecordTooLargeError(
            f"{type(record).__name__} is {len(raw):,} bytes as JSON, the limit is {MAX_RECORD_BYTES:,}"
        )
    return raw


def _decode(adapter: TypeAdapter[T], raw: bytes, count: ReadCount | None) -> T:
    try:
        record = adapter.validate_json(raw)
        unknown = 0
    except ValidationError:
        try:  # Rare path: the same again, forgiving unknown fields only.
            record = adapter.validate_json(raw, extra="ignore")
            unknown = 1
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the record"
            raise BrokenRecordError(f"{where}: {first['msg']} ({error.error_count()} mistakes in all)") from error
    # To ask this of another model by isinstance() alone takes a microsecond.
    if type(record) is not Signal and isinstance(record, Coverage) and record.packed_feeds is not None:
        try:
            record = unpacked(record)  # type: ignore[assignment]  # T is a union that Coverage is one of
        except ValueError as error:
            raise BrokenRecordError(str(error)) from error
    if count is not None:
        count.records += 1
        count.with_unknown_fields += unknown
    return record


def decode_articles(raw: bytes, count: ReadCount | None = None) -> ArticlesRecord:
    """Return the record of the topic ``articles`` in ``raw``; :raises BrokenRecordError: it is none."""
    return _decode(_articles, raw, count)


def decode_signals(raw: bytes, count: ReadCount | None = None) -> SignalsRecord:
    """Return the record of the topic ``signals`` in ``raw``; :raises BrokenRecordError: it is none."""
    return _decode(_signals, raw, count)


def decode_dead_letter(raw: bytes, count: ReadCount | None = None) -> DeadLetter:
    """Return the dead letter in ``raw``; :raises BrokenRecordError: it is none."""
    return _decode(_dead_letters, raw, count)
