"""Articles in memory through the same Beam transforms as the job: for replay, the command line and tests.

articles ──slices──▶ ExtractSignals ──▶ signals, and the articles that failed
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipelines.extraction.beam import PCollection
from pipelines.extraction.failure_limit import FailureLimit
from pipelines.extraction.in_process import HeldPipeline
from pipelines.extraction.slices import ArticleSlice, Failure, RecordSlice, SignalSlice, article_slices_of
from pipelines.extraction.transforms.encode_signals import EncodeSignals
from pipelines.extraction.transforms.explain_articles import ExplainArticles
from pipelines.extraction.transforms.extract_signals import ExtractSignals, extractor_in_use
from pipelines.extraction.transforms.fallible import Failures
from schemas.article import Article
from schemas.signal import Signal

_REMEDY = "correct what the first error tells; nothing of this batch was written"


@dataclass(frozen=True)
class Extracted:
    """Signals in the order of their articles, and the failures; ``Failure.offset`` is the index of the article."""

    signals: Sequence[Signal]
    failures: Sequence[Failure]


class BoundedExtraction:
    """Extraction of batches of any size, with one pipeline that is made once; of one thread."""

    def __init__(self, own_files: Iterable[Path] = (), beam_options: Sequence[str] = ()) -> None:
        """Make the extractor and the pipeline, which runs with ``beam_options``.

        :raises ActorFileError: a file of ``own_files`` is wrong.
        """
        files = tuple(own_files)
        self.version = extractor_in_use(files).version
        self._limit = FailureLimit()

        def chain(articles: PCollection[ArticleSlice], failures: Failures) -> PCollection[SignalSlice]:
            return articles | ExtractSignals(files).failures_to(failures)

        self._pipeline = HeldPipeline(ArticleSlice, chain, beam_options)

    def extract(self, articles: Sequence[Article]) -> Extracted:
        """Return what was found in ``articles``.

        :raises FatalError: more than half of twenty or more failed.
        """
        outcome = self._pipeline.run(article_slices_of(articles))
        self._limit.admit(len(articles), outcome.failures, _REMEDY)
        made = [item for slice_ in outcome.made for item in slice_.items]
        made.sort(key=lambda item: item.offset)
        return Extracted([item.record for item in made if isinstance(item.record, Signal)], outcome.failures)


@cache
def _extraction_with(own_files: tuple[Path, ...]) -> BoundedExtraction:
    return BoundedExtraction(own_files)


def extract_in_beam(articles: Sequence[Article], own_files: Iterable[Path] = ()) -> Extracted:
    """Return what was found in ``articles`` (see :class:`BoundedExtraction`); one thread of a process at a time."""
    return _extraction_with(tuple(own_files)).extract(articles)


@dataclass(frozen=True)
class Told:
    """JSON by article, in order (with ``explain`` none, one or several lines each), and the failures by index."""

    lines: Sequence[bytes]
    failures: Sequence[Failure]


class ToldExtraction:
    """Extraction for people and scripts: what comes out is JSON; any number of articles may fail."""

    def __init__(self, own_files: Iterable[Path], *, explain: bool) -> None:
        """Make the extractor and the pipeline; :raises ActorFileError: a file of ``own_files`` is wrong."""
        files = tuple(own_files)
        extractor_in_use(files)

        def signals(articles: PCollection[ArticleSlice], failures: Failures) -> PCollection[RecordSlice]:
            return articles | ExtractSignals(files).failures_to(failures) | EncodeSignals().failures_to(failures)

        def sentences(articles: PCollection[ArticleSlice], failures: Failures) -> PCollection[RecordSlice]:
            return articles | ExplainArticles(files).failures_to(failures)

        self._pipeline = HeldPipeline(ArticleSlice, sentences if explain else signals)

    def tell(self, articles: Sequence[Article]) -> Told:
        """Return what was found in ``articles``."""
        outcome = self._pipeline.run(article_slices_of(articles))
        made = sorted((item for slice_ in outcome.made for item in slice_.items), key=lambda item: item.offset)
        return Told([item.record for item in made if item.record], outcome.failures)
