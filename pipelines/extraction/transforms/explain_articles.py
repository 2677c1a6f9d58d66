"""Articles to lines that tell, sentence by sentence, what was found."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from pipelines.extraction.slices import ArticleSlice, Failure, Placed, RecordSlice
from pipelines.extraction.transforms.extract_signals import extractor_in_use, failure_of
from pipelines.extraction.transforms.fallible import Fallible, FallibleDoFn
from schemas.article import Article


class ExplainArticles(Fallible[ArticleSlice, RecordSlice]):
    """Explain each article: a record of JSON Lines, one a sentence (none for an article without any)."""

    kind = RecordSlice

    def __init__(self, own_files: Iterable[Path] = ()) -> None:
        super().__init__()
        self._own_files = tuple(own_files)

    def do_fn(self) -> FallibleDoFn[ArticleSlice, RecordSlice]:
        """Return what is done to each slice."""
        return _ExplainSlice(self._own_files)


class _ExplainSlice(FallibleDoFn[ArticleSlice, RecordSlice]):
    def __init__(self, own_files: tuple[Path, ...]) -> None:
        self._own_files = own_files

    def work(self, slice_: ArticleSlice) -> tuple[RecordSlice, list[Failure]]:
        extractor = extractor_in_use(self._own_files)
        made: list[Placed[bytes]] = []
        failures: list[Failure] = []
        for item in slice_.items:
            article = item.record
            if not isinstance(article, Article):
                continue
            try:
                sentences = extractor.explain(article)
                lines = "\n".join(json.dumps(one, ensure_ascii=False) for one in sentences).encode()
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a text breaks, it must cost that article alone
                failures.append(failure_of(item, article, error))
            else:
                made.append(Placed(item.partition, item.offset, lines, item.original))
        return RecordSlice(made), failures
