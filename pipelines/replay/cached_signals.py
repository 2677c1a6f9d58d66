"""The signals of an archive, day by day: from its cache, or extracted once and kept there.

days without signals ──▶ articles ──batches──▶ the same extraction as live ──▶ cache ──▶ signals of a day
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from connectors.archive.folder import Archive
from schemas.article import Article
from schemas.errors import FatalError
from schemas.signal import Signal

#: Articles in, their signals out in any order; one that could not be extracted is left out.
Extract = Callable[[Sequence[Article]], Sequence[Signal]]

Told = Callable[[int, int | None], None]


@dataclass
class ExtractionCount:
    """What extraction did: articles it read, and those it could make no signal of."""

    articles: int = 0
    failed: list[str] = field(default_factory=list)  # article ids


def extract_missing(
    archive: Archive, version: str, days: Sequence[date], extract: Extract, batch: int, told: Told
) -> ExtractionCount:
    """Cache the signals of those ``days`` that have none of extractor ``version``; ``told`` hears articles done and in all.

    ``batch`` articles are extracted at a time, across days; it changes no signal. Days done stay done.
    """
    missing = [day for day in days if not archive.has_signals(version, day)]
    sizes = {day: archive.count(day) for day in missing}
    total, count = sum(sizes.values()), ExtractionCount()
    waiting: list[date] = []
    for day in missing:
        waiting.append(day)
        if sum(sizes[one] for one in waiting) >= batch or day == missing[-1]:
            _extract_days(archive, version, waiting, extract, batch, count)
            waiting = []
            told(count.articles, total)
    return count


def _extract_days(
    archive: Archive, version: str, days: list[date], extract: Extract, batch: int, count: ExtractionCount
) -> None:
    by_day = {day: archive.articles(day) for day in days}
    articles = [article for day in days for article in by_day[day]]
    made: dict[tuple[str, int], Signal] = {}
    for start in range(0, len(articles), batch):
        part = articles[start : start + batch]
        for signal in extract(part):
            if signal.extractor_version != version:
                raise FatalError(
                    f"a signal of extractor {signal.extractor_version} came from extractor {version}",
                    remedy="the program changed while it ran: start it again",
                )
            made[signal.article_id, signal.revision] = signal
    for day in days:
        found = [made.get((article.article_id, article.revision)) for article in by_day[day]]
        count.failed.extend(a.article_id for a, one in zip(by_day[day], found, strict=True) if one is None)
        archive.cache_signals(version, day, [one for one in found if one is not None])
    count.articles += len(articles)


def cached_signals(archive: Archive, version: str, days: Sequence[date]) -> Iterator[tuple[date, list[Signal]]]:
    """Yield each day with its signals in the order their articles were observed.

    :raises FatalError: a day has none; see :func:`extract_missing`.
    """
    for day in days:
        signals = archive.signals(version, day)
        if signals is None:
            raise FatalError(f"the signals of {day} are gone", remedy="replay again: they will be extracted")
        yield day, signals
