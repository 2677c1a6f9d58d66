"""The newest articles of an archive or of the log, one revision each, oldest first: what names are tried on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from connectors.archive.folder import Archive
from schemas.article import Article
from schemas.errors import BrokenRecordError
from schemas.ports.log import Log
from schemas.reasons import ArticleStatus
from schemas.topics import ARTICLES
from schemas.wire import decode_articles

#: Done, and all where it is known.
Told = Callable[[int, int | None], None]

_READ_RECORDS = 1_000


def newest_in_archive(archive: Archive, most: int, told: Told) -> list[Article]:
    """Return up to ``most`` articles, going back day by day."""
    found: dict[str, Article] = {}
    for day in reversed(archive.days()):
        _keep(reversed(archive.articles(day)), found, most)
        told(len(found), most)
        if len(found) >= most:
            break
    return list(reversed(found.values()))


def newest_in_log(log: Log, most: int, told: Told) -> list[Article]:
    """Return up to ``most`` articles of all partitions; what the log has trimmed is in the archive."""
    articles: list[Article] = []
    for partition in range(log.partitions(ARTICLES)):
        articles += islice(_backwards(log, partition), most)
        told(len(articles), None)
    articles.sort(key=lambda article: (article.revised_at, article.article_id), reverse=True)
    found: dict[str, Article] = {}
    _keep(articles, found, most)
    return list(reversed(found.values()))


def _keep(articles: Iterable[Article], found: dict[str, Article], most: int) -> None:
    """Keep the newest revision of each article; ``articles`` come newest first."""
    for article in articles:
        if len(found) >= most:
            return
        if article.status is not ArticleStatus.WITHDRAWN:
            found.setdefault(article.article_id, article)


def _backwards(log: Log, partition: int) -> Iterator[Article]:
    start, end = log.start_offset(ARTICLES, partition), log.end_offset(ARTICLES, partition)
    while end > start:
        begin = max(start, end - _READ_RECORDS)
        records = []
        offset = begin
        while offset < end:
            read = [
                record
                for record in log.read(ARTICLES, partition, offset, max_records=_READ_RECORDS)
                if record.offset < end
            ]
            if not read:
                break
            records += read
            offset = read[-1].offset + 1
        for record in reversed(records):
            try:
                decoded = decode_articles(record.value)
            except BrokenRecordError:
                continue  # The extractor has put it among the dead letters, where it is shown.
            if isinstance(decoded, Article):
                yield decoded
        end = begin
