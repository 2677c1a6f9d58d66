"""The transforms one by one and as a chain, in one stage and with everything carried between stages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from pipelines.extraction.beam import PCollection, apache_beam
from pipelines.extraction.bounded import BoundedExtraction, extract_in_beam
from pipelines.extraction.extractor import Extractor, extractor_for
from pipelines.extraction.failure_limit import FailureLimit
from pipelines.extraction.in_process import HeldPipeline
from pipelines.extraction.slice_coders import (
    ArticleSliceCoder,
    FailureSliceCoder,
    RecordSliceCoder,
    SignalSliceCoder,
    register_slice_coders,
)
from pipelines.extraction.slices import (
    SLICE_RECORDS,
    ArticleSlice,
    Failure,
    FailureSlice,
    Placed,
    RecordSlice,
    SignalSlice,
    slices_of,
)
from pipelines.extraction.transforms.decode_articles import UNKNOWN_FIELDS, DecodeArticles
from pipelines.extraction.transforms.encode_signals import EncodeSignals
from pipelines.extraction.transforms.extract_signals import SIGNALS_MADE, ExtractSignals
from pipelines.extraction.transforms.fallible import Failures
from schemas.article import Article
from schemas.coverage import Coverage
from schemas.errors import FatalError, UnprocessableError
from schemas.ports.log import LogRecord
from schemas.reasons import DeadLetterReason
from schemas.signal import Signal
from schemas.wire import decode_signals, encode
from tests.pipeline.extract.stream import article, coverage

S = TypeVar("S", RecordSlice, ArticleSlice, SignalSlice, FailureSlice)


def records(count: int) -> list[LogRecord]:
    """Return ``count`` articles, a coverage and a broken record."""
    raws = [encode(article(number)) for number in range(count)] + [encode(coverage(count, 0, 1)), b"broken"]
    return [LogRecord(0, offset, b"", raw, 0) for offset, raw in enumerate(raws)]


def whole_chain(records: PCollection[RecordSlice], failures: Failures) -> PCollection[RecordSlice]:
    return (
        records
        | DecodeArticles().failures_to(failures)
        | ExtractSignals().failures_to(failures)
        | EncodeSignals().failures_to(failures)
    )


def carried(name: str, elements: PCollection[S], kind: type[S]) -> PCollection[S]:
    """Return ``elements`` after a step at which every runner must write them as bytes."""
    keyed = apache_beam.typehints.Tuple[int, kind]
    made: PCollection[S] = (
        elements
        | f"Key{name}" >> apache_beam.Map(lambda slice_: (len(slice_.items) % 2, slice_)).with_output_types(keyed)
        | f"Group{name}" >> apache_beam.GroupByKey()
        | f"Ungroup{name}" >> apache_beam.FlatMap(lambda group: group[1]).with_output_types(kind)
    )
    return made


def carried_chain(records: PCollection[RecordSlice], failures: Failures) -> PCollection[RecordSlice]:
    """The same chain, where everything is carried from step to step as between machines."""
    first: Failures = []
    articles = carried("Records", records, RecordSlice) | DecodeArticles().failures_to(first)
    signals = carried("Articles", articles, ArticleSlice) | ExtractSignals().failures_to(failures)
    encoded = carried("Signals", signals, SignalSlice) | EncodeSignals().failures_to(failures)
    failures.append(carried("Failures", first[0], FailureSlice))
    return encoded


def items_of(slices: Sequence[RecordSlice]) -> list[Placed[bytes]]:
    return sorted((item for one in slices for item in one.items), key=lambda item: item.offset)


def test_the_chain_gives_what_the_bare_functions_give() -> None:
    count = SLICE_RECORDS + 30
    outcome = HeldPipeline(RecordSlice, whole_chain).run(slices_of(records(count)))
    assert [len(one.items) for one in outcome.made] == [SLICE_RECORDS, 31]
    made = [decode_signals(item.record) for item in items_of(outcome.made)]
    assert made == [*extractor_for().extract_many([article(n) for n in range(count)]), coverage(count, 0, 1)]
    assert [(one.offset, one.reason) for one in outcome.failures] == [(count + 1, DeadLetterReason.NOT_JSON)]
    assert outcome.counts == {SIGNALS_MADE: count}


def test_between_machines_records_travel_as_json_and_nothing_is_pickled(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object, protocol: object) -> object:
        raise AssertionError(f"{type(self).__name__} was pickled")

    here = HeldPipeline(RecordSlice, whole_chain).run(slices_of(records(40)))
    for kind in (Article, Coverage, Signal, Failure, RecordSlice, ArticleSlice, SignalSlice, FailureSlice):
        monkeypatch.setattr(kind, "__reduce_ex__", refuse)
    carried = HeldPipeline(RecordSlice, carried_chain).run(slices_of(records(40)))
    assert items_of(carried.made) == items_of(here.made)
    assert list(carried.failures) == list(here.failures)
    assert carried.failures[0].original == b"broken"


def test_a_pipeline_runs_again_and_again_and_keeps_nothing() -> None:
    pipeline = HeldPipeline(RecordSlice, whole_chain)
    first, second = (pipeline.run(slices_of(records(count))) for count in (3, 5))
    assert (len(items_of(first.made)), len(items_of(second.made))) == (4, 6)
    assert pipeline.run([]).made == ()
    newer = json.dumps(json.loads(encode(article(1))) | {"mood": "blue"}).encode()
    assert pipeline.run(slices_of([LogRecord(0, 0, b"", newer, 0)])).counts == {SIGNALS_MADE: 1, UNKNOWN_FIELDS: 1}


def test_failures_that_nobody_takes_end_the_run() -> None:
    pipeline = HeldPipeline(RecordSlice, lambda records, _: records | DecodeArticles() | ExtractSignals())
    assert len(pipeline.run(slices_of(records(3)[:3])).made) == 1
    with pytest.raises(UnprocessableError, match=r"record 0/4 failed \(not_json\)"):
        pipeline.run(slices_of(records(3)))
    assert len(pipeline.run(slices_of(records(3)[:3])).made) == 1


def test_slices_survive_their_coders() -> None:
    register_slice_coders()
    one, sea = article(1), coverage(5, 1, 2)
    made = extractor_for().extract(one)
    failure = Failure(
        partition=2, offset=9, reason=DeadLetterReason.HOSTILE_TEXT, error="é", article_id="a", original=b"\xff\x00"
    )
    for slice_, coder in (
        (RecordSlice([Placed(0, 1, b"", b""), Placed(3, 2**40, b"\xffx", b"\xffx")]), RecordSliceCoder()),
        (ArticleSlice([Placed(0, 1, one, b" raw "), Placed(1, -1, sea, b"")]), ArticleSliceCoder()),
        (SignalSlice([Placed(0, 1, made, b"raw"), Placed(1, 2, sea, b"")]), SignalSliceCoder()),
        (FailureSlice([failure, failure]), FailureSliceCoder()),
        (FailureSlice([]), FailureSliceCoder()),
    ):
        assert coder.decode(coder.encode(slice_)) == slice_  # type: ignore[arg-type]  # each its own
        assert apache_beam.coders.registry.get_coder(type(slice_)) == coder


def test_a_batch_of_articles_comes_back_in_order_with_its_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    articles = [article(number) for number in range(SLICE_RECORDS + 10)]
    assert list(extract_in_beam(articles).signals) == extractor_for().extract_many(articles)
    assert extract_in_beam([]).signals == []
    real = Extractor.extract_many

    def extract_many(self: Extractor, articles: Sequence[Article]) -> list[Signal]:
        if any("bakery" in one.title for one in articles):
            raise ZeroDivisionError
        return real(self, articles)

    monkeypatch.setattr(Extractor, "extract_many", extract_many)
    extracted = extract_in_beam(articles)
    assert [one.offset for one in extracted.failures] == [n for n in range(len(articles)) if n % 5 == 2]
    assert len(extracted.signals) == len(articles) - len(extracted.failures)
    assert encode(articles[2]) == extracted.failures[0].original
    with pytest.raises(FatalError, match="30 of 30 records failed"):
        extract_in_beam(articles[2:150:5])


def test_own_actors_are_known_to_the_pipeline(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("actors:\n  - {id: BAKERY, name: Local bakery, type: company}\n")
    extraction = BoundedExtraction([own])
    assert extraction.version != extractor_for().version
    (made,) = extraction.extract([article(2)]).signals
    assert "BAKERY" in {one.id for one in made.actors}
    assert made.extractor_version == extraction.version
    own.write_text("actors: [half a sa")
    assert extraction.extract([article(2)]).signals[0] == made, "a file in the middle of being saved stops nothing"


def test_the_limit_counts_over_small_batches_and_begins_anew() -> None:
    failure = Failure(partition=0, offset=1, reason=DeadLetterReason.NOT_JSON, error="no", original=b"")
    limit = FailureLimit()
    limit.admit(10, [failure] * 10, "")
    limit.admit(10, [], "")  # Ten of twenty is not more than half; from here on it counts anew.
    limit.admit(19, [failure] * 19, "")
    with pytest.raises(FatalError, match="20 of 20") as stopped:
        limit.admit(1, [failure], "do this")
    assert stopped.value.remedy == "do this"
    FailureLimit(1.0).admit(100, [failure] * 100, "")
