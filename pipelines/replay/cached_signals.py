"""The signals of an archive, day by day: from its cache, or extracted once and kept there.

days ──▶ articles ──batches──▶ the same extraction as live ──▶ cache ──▶ signals of a day
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from connectors.archive.folder import Archive
from schemas.article import Article
from schemas.errors import FatalError
from schemas.reasons import DeadLetterReason
from schemas.signal import Signal


class Failed(Protocol):
    """An article no signal could be made of; ``offset`` is its index in the batch."""

    @property
    def offset(self) -> int:
        """The index."""
        ...

    @property
    def reason(self) -> DeadLetterReason:
        """Why."""
        ...

    @property
    def error(self) -> str:
        """The same in words."""
        ...


class Found(Protocol):
    """What one batch gave."""

    @property
    def signals(self) -> Sequence[Signal]:
        """The signals, in any order."""
        ...

    @property
    def failures(self) -> Sequence[Failed]:
        """What gave none."""
        ...


class Extract(Protocol):
    """The extraction of a batch; the one of :mod:`pipelines.extraction.bounded` is meant, which brings Beam with it."""

    def __call__(self, articles: Sequence[Article], /) -> Found:
        """Return what was found in ``articles``."""
        ...


@dataclass(frozen=True)
class NotExtracted:
    """An article no signal could be made of, and why."""

    article_id: str
    reason: str
    error: str


@dataclass
class ExtractionCount:
    """What extraction did: articles it read, and those it could make no signal of."""

    articles: int = 0
    failed: list[NotExtracted] = field(default_factory=list)


def groups_of_missing(archive: Archive, version: str, days: Sequence[date], batch: int) -> list[list[date]]:
    """Return those ``days`` that have no signals of extractor ``version``, in groups of ``batch`` articles or more.

    Only the last group may be smaller.
    """
    groups: list[list[date]] = []
    held, size = [], 0
    for day in days:
        if archive.has_signals(version, day):
            continue
        held.append(day)
        size += archive.count(day)
        if size >= batch:
            groups.append(held)
            held, size = [], 0
    return [*groups, held] if held else groups


def extract_days(archive: Archive, version: str, days: Sequence[date], extract: Extract, batch: int) -> ExtractionCount:
    """Cache the signals of extractor ``version`` of ``days``; days done stay done.

    At least ``batch`` articles are extracted at a time, across days, as far as there are so many; how many changes no
    signal.
    """
    by_day = {day: archive.articles(day) for day in days}
    articles = [article for day in days for article in by_day[day]]
    made: dict[tuple[str, int], Signal] = {}
    count = ExtractionCount(len(articles))
    for part in _parts(articles, batch):
        found = extract(part)
        for signal in found.signals:
            if signal.extractor_version != version:
                raise FatalError(
                    f"a signal of extractor {signal.extractor_version} came from extractor {version}",
                    remedy="the program changed while it ran: start it again",
                )
            made[signal.article_id, signal.revision] = signal
        count.failed.extend(
            NotExtracted(part[one.offset].article_id, one.reason.value, one.error) for one in found.failures
        )
    for day in days:
        of_day = [made.get((article.article_id, article.revision)) for article in by_day[day]]
        archive.cache_signals(version, day, [signal for signal in of_day if signal is not None])
    return count


def _parts(articles: Sequence[Article], batch: int) -> Iterator[Sequence[Article]]:
    """Yield ``articles`` in even parts of ``batch`` or more: each pipeline has its price, however few go through."""
    parts = max(1, len(articles) // batch)
    for number in range(parts):
        part = articles[len(articles) * number // parts : len(articles) * (number + 1) // parts]
        if part:
            yield part


def cached_signals(archive: Archive, version: str, days: Sequence[date]) -> Iterator[tuple[date, list[Signal]]]:
    """Yield each day with its signals in the order their articles were observed.

    :raises FatalError: a day has none; see :mod:`pipelines.replay.extract_archive`.
    """
    for day in days:
        signals = archive.signals(version, day)
        if signals is None:
            raise FatalError(f"the signals of {day} are gone", remedy="replay again: they will be extracted")
        yield day, signals
