"""What the log has of feeds and their rows do not: written by a poller that was killed before the store heard of it.

It is read back from the log whenever feeds are taken over, so that what was written counts as known in whatever order their
feeds are asked then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Protocol

from connectors.feeds.cursor import KnownEntry
from connectors.feeds.identity import page_behind
from connectors.feeds.settings import FeedSettings
from schemas.article import Article
from schemas.errors import BrokenRecordError
from schemas.ids import milliseconds
from schemas.ports.log import LogRecord
from schemas.ports.store import FeedRow
from schemas.reasons import ArticleStatus
from schemas.topics import ARTICLES
from schemas.wire import decode_articles

#: Records read at a time.
_BATCH = 1_000
_NOTHING: Mapping[str, KnownEntry] = MappingProxyType({})


class ReadableLog(Protocol):
    """What is needed of a :class:`~schemas.ports.log.Log`."""

    def partitions(self, topic: str) -> int:
        """Return the number of partitions."""
        ...

    def offset_at(self, topic: str, partition: int, append_time_ms: int) -> int:
        """Return the first offset appended at or after the time, or the end offset."""
        ...

    def end_offset(self, topic: str, partition: int) -> int:
        """Return the offset past every record visible now."""
        ...

    def read(self, topic: str, partition: int, offset: int, *, max_records: int) -> Sequence[LogRecord]:
        """Return up to ``max_records`` from ``offset`` on."""
        ...


class LeftBehind:
    """What was left behind of the feeds that this poller holds.

    ``slack``: so much earlier than coverage was told a poller may have written what it did not save: it is taken for dead one
    lease after its last sign of life, coverage may be told a little before its heir looks, and the clock of the log may be
    another one.
    """

    def __init__(self, log: ReadableLog, *, slack: timedelta) -> None:
        self._log = log
        self._slack = slack
        self._entries: dict[str, dict[str, KnownEntry]] = {}

    def of(self, feed_id: str) -> Mapping[str, KnownEntry]:
        """Return the entries that the log has of a feed and its row lacked when the feed was taken over, by article id."""
        return self._entries.get(feed_id, _NOTHING)

    def gain(self, feeds: Sequence[FeedSettings], rows: Mapping[str, FeedRow], told_until: datetime | None) -> None:
        """Read what the log has of ``feeds`` beyond their ``rows``. ``told_until``: as long coverage was told, so all that
        was observed before is in the rows; None: never yet, and all of the log is read.

        :raises RetriableError: the log cannot be read.
        """
        by_id = {feed.id: feed for feed in feeds}
        found: defaultdict[str, list[Article]] = defaultdict(list)
        since_ms = 0 if told_until is None else milliseconds(told_until - self._slack)
        for article in self._articles(since_ms):
            row = rows.get(article.feed_id)
            # The ids stand in the row's text, which need not be taken apart for it.
            if article.feed_id in by_id and (row is None or f'"{article.article_id}' not in row.cursor):
                found[article.feed_id].append(article)
        for feed_id, articles in found.items():
            self._entries[feed_id] = _entries(articles, by_id[feed_id])

    def lose(self, feed_ids: Collection[str]) -> None:
        """Forget feeds that another poller has now."""
        for feed_id in feed_ids:
            self._entries.pop(feed_id, None)

    def _articles(self, since_ms: int) -> Iterator[Article]:
        for partition in range(self._log.partitions(ARTICLES)):
            offset = self._log.offset_at(ARTICLES, partition, since_ms)
            end = self._log.end_offset(ARTICLES, partition)
            while offset < end and (records := self._log.read(ARTICLES, partition, offset, max_records=_BATCH)):
                for record in records:
                    if (article := _article(record.value)) is not None:
                        yield article
                offset = records[-1].offset + 1


def _article(value: bytes) -> Article | None:
    """Return the article in a record; None: it is coverage, a tombstone, or nothing that can be read."""
    try:
        record = decode_articles(value)
    except BrokenRecordError:
        return None
    return record if isinstance(record, Article) and record.status is ArticleStatus.LIVE else None


def _entries(articles: Sequence[Article], feed: FeedSettings) -> dict[str, KnownEntry]:
    """Return what is to be known of ``articles`` of ``feed``, which are in the order of the log."""
    revisions: defaultdict[str, dict[int, Article]] = defaultdict(dict)
    for article in articles:
        revisions[article.article_id][article.revision] = article
    return {key: _entry(list(of_one.values()), feed) for key, of_one in revisions.items()}


def _entry(revisions: Sequence[Article], feed: FeedSettings) -> KnownEntry:
    first, last = revisions[0], max(revisions, key=lambda article: article.revision)
    return KnownEntry(
        # With the text of the page the hash is not that of the feed's words: whatever the feed says next is no edit.
        content_hash="" if feed.full_text else last.content_hash,
        observed_ms=milliseconds(first.observed_at),
        event_ms=milliseconds(first.event_time),
        reason=first.event_time_reason,
        listed_ms=last.revision,
        revisions=len(revisions) - 1,
        page=page_behind(last.url),
        source="" if last.source.id == feed.publisher.id else last.source.id,
    )
