"""Articles to signals; coverage passes through in its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from pipelines.extraction.beam import counter
from pipelines.extraction.extractor import Extractor, extractor_for
from pipelines.extraction.slices import ArticleSlice, Failure, Placed, SignalSlice
from pipelines.extraction.transforms.fallible import Fallible, FallibleDoFn, described, reason_of
from schemas.article import Article
from schemas.signal import Signal
from schemas.wire import SignalsRecord

#: Counts signals made.
SIGNALS_MADE = "signals"


class ExtractSignals(Fallible[ArticleSlice, SignalSlice]):
    """Extract the signal of each article, with the users' actor files ``own_files``."""

    kind = SignalSlice

    def __init__(self, own_files: Iterable[Path] = ()) -> None:
        super().__init__()
        self._own_files = tuple(own_files)

    def do_fn(self) -> FallibleDoFn[ArticleSlice, SignalSlice]:
        """Return what is done to each slice."""
        return _ExtractSlice(self._own_files)


@cache
def extractor_in_use(own_files: tuple[Path, ...]) -> Extractor:
    """Return the one extractor of this process for ``own_files``: files that change while it runs count at the next start,
    so that half a save of an editor stops no service.

    :raises ActorFileError: an actor file is wrong.
    """
    return extractor_for(own_files)


class _ExtractSlice(FallibleDoFn[ArticleSlice, SignalSlice]):
    def __init__(self, own_files: tuple[Path, ...]) -> None:
        self._own_files = own_files

    def work(self, slice_: ArticleSlice) -> tuple[SignalSlice, list[Failure]]:
        articles = [item.record for item in slice_.items if isinstance(item.record, Article)]
        results = iter(_extract(extractor_in_use(self._own_files), articles))
        made: list[Placed[SignalsRecord]] = []
        failures: list[Failure] = []
        for item in slice_.items:
            record = item.record
            if not isinstance(record, Article):
                made.append(Placed(item.partition, item.offset, record, item.original))
                continue
            result = next(results)
            if isinstance(result, Signal):
                made.append(Placed(item.partition, item.offset, result, item.original))
            else:
                failures.append(failure_of(item, record, result))
        counter(SIGNALS_MADE).inc(len(articles) - len(failures))
        return SignalSlice(made), failures


def _extract(extractor: Extractor, articles: Sequence[Article]) -> list[Signal | Exception]:
    """Return the signal of each article, or what it raised. The half that fails is halved until one article is left."""
    if not articles:
        return []
    try:
        return list(extractor.extract_many(articles))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a text breaks, it must cost that article alone
        if len(articles) == 1:
            return [error]
    middle = len(articles) // 2
    return _extract(extractor, articles[:middle]) + _extract(extractor, articles[middle:])


def failure_of(item: Placed[object], article: Article, error: Exception) -> Failure:
    """Return the failure of ``article``, which raised ``error``; its original is its JSON where it came from no log."""
    return Failure(
        partition=item.partition,
        offset=item.offset,
        reason=reason_of(error),
        error=described(error),
        article_id=article.article_id,
        feed_id=article.feed_id,
        original=item.original or article.model_dump_json().encode(),
    )
