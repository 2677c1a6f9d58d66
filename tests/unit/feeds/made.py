"""Entries, documents and feeds, short to write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.feeds.cursor import FeedCursor
from connectors.feeds.entries import Reading, read_entries
from connectors.feeds.settings import FeedSettings
from connectors.feeds.wire import WireDocument, WireEntry

NOW = datetime(2025, 1, 22, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVERY = timedelta(minutes=15)
FEED = FeedSettings(id="daily", url="http://news.example/rss", source="invention", interval=EVERY)
FREE = FEED.model_copy(update={"interval": None})


def entry(
    guid: str | None, published: datetime | None = NOW - HOUR, *, title: str | None = None, link: str | None = None
) -> WireEntry:
    words = f"News {guid}" if title is None else title
    return WireEntry(guid=guid, title=words, link=link, published=published)


def document(*entries: WireEntry, language: str | None = None) -> WireDocument:
    return WireDocument(form="rss20", entries=entries, language=language)


def read(*entries: WireEntry, cursor: FeedCursor | None = None, now: datetime = NOW) -> Reading:
    return read_entries(document(*entries), FEED, cursor or FeedCursor(), now)
