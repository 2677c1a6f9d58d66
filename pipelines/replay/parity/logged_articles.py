"""The articles of a log as history would have them: one revision each, by event time, without when they arrived.

articles ──the accepted revision of each──▶ a file for every day of event time ──▶ an archive to extract and replay
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from connectors.archive.folder import Archive
from pipelines.replay.parity.fates import Fate, Known
from pipelines.signal_history import WholeLog
from schemas.article import Article
from schemas.errors import BrokenRecordError
from schemas.ids import hour_of, milliseconds
from schemas.ports.log import LogRecord
from schemas.reasons import EventTimeReason
from schemas.topics import ARTICLES
from schemas.wire import decode_articles, encode

Told = Callable[[int, int | None], None]

#: Lines that are gathered before they are written to their days.
_HELD = 5_000


class ArticlesLog(WholeLog, Protocol):
    """A log with the articles of ``signals``."""

    def partitions(self, topic: str) -> int:
        """Return the number of partitions."""
        ...


@dataclass
class Gathered:
    """``articles`` that were found; ``gone`` have a signal, but the log holds them no more; ``waiting`` have none yet.

    ``lost`` are articles without a signal, though the engine's time has passed them and no dead letter tells why. ``older``
    lie before the hours that are compared and were not counted live, so they are left out here, too.
    """

    articles: int = 0
    older: int = 0
    gone: set[str] = field(default_factory=set)
    waiting: int = 0
    lost: set[str] = field(default_factory=set)


def gather(
    log: ArticlesLog,
    fates: Mapping[str, Known],
    dead: Collection[str],
    now: datetime | None,
    first_hour: int,
    archive: Archive,
    scratch: Path,
    told: Told,
) -> Gathered:
    """Put the articles of ``log`` into ``archive``; ``dead`` are the articles among the dead letters, ``now`` engine time.

    ``first_hour`` is the first that is compared; ``scratch`` is a folder for what does not fit into memory.
    """
    result = Gathered()
    wanted = _wanted(log, fates, dead, now, result, told)
    held: dict[date, list[bytes]] = defaultdict(list)
    for article in _articles(log):
        if wanted.get(article.article_id) != article.revision:
            continue
        wanted[article.article_id] = -1  # The same revision may lie in the log again.
        known = fates.get(article.article_id)
        placed = _without_arrival(article, known)
        if (known is None or known.fate is not Fate.ACCEPTED) and hour_of(placed.event_time) < first_hour:
            result.older += 1
            result.lost.discard(article.article_id)
            continue
        held[placed.event_time.date()].append(encode(placed))
        result.articles += 1
        if result.articles % _HELD == 0:
            _write(scratch, held)
    _write(scratch, held)
    for path in sorted(scratch.glob("*.jsonl")):
        found = [decode_articles(line) for line in path.read_bytes().splitlines()]
        archive.add(date.fromisoformat(path.stem), [article for article in found if isinstance(article, Article)])
    return result


def _wanted(
    log: ArticlesLog,
    fates: Mapping[str, Known],
    dead: Collection[str],
    now: datetime | None,
    result: Gathered,
    told: Told,
) -> dict[str, int]:
    """Return the revision of each article that is replayed."""
    wanted: dict[str, int] = {}
    held = set()
    for number, article in enumerate(_articles(log)):
        if number % 500 == 0:
            told(number, None)
        known = fates.get(article.article_id)
        if known is not None:
            if article.revision == known.revision:
                wanted[article.article_id] = article.revision
                held.add(article.article_id)
            continue
        if article.article_id not in dead:
            if now is None or article.observed_at > now:
                result.waiting += 1
                continue
            result.lost.add(article.article_id)
        wanted[article.article_id] = max(article.revision, wanted.get(article.article_id, 0))
    result.gone = {article_id for article_id in fates if article_id not in held}
    return wanted


def _without_arrival(article: Article, known: Known | None) -> Article:
    """Return ``article`` as if it had been observed when it was published, once, and never changed."""
    at = known.event_time if known is not None and known.fate is Fate.ACCEPTED else article.event_time
    return article.changed(
        observed_at=at,
        revised_at=at,
        revision=milliseconds(at),
        event_time=at,
        event_time_reason=EventTimeReason.ARCHIVE,
    )


def _articles(log: ArticlesLog) -> Iterator[Article]:
    for partition in range(log.partitions(ARTICLES)):
        for record in _records(log, partition):
            try:
                decoded = decode_articles(record.value)
            except BrokenRecordError:
                continue  # The extractor has put it among the dead letters.
            if isinstance(decoded, Article):
                yield decoded


def _records(log: ArticlesLog, partition: int) -> Iterator[LogRecord]:
    offset, end = log.start_offset(ARTICLES, partition), log.end_offset(ARTICLES, partition)
    while offset < end:
        records = log.read(ARTICLES, partition, offset, max_records=1000)
        if not records:
            return
        yield from records
        offset = records[-1].offset + 1


def _write(scratch: Path, held: dict[date, list[bytes]]) -> None:
    for day, lines in held.items():
        with (scratch / f"{day.isoformat()}.jsonl").open("ab") as file:
            file.writelines(line + b"\n" for line in lines)
    held.clear()
