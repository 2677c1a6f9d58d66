"""Looks at feeds now, as the poll job would, and says what is there; it writes nothing. Files of feeds likewise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from connectors.clock import SystemClock
from connectors.feeds.cursor import FeedCursor, cursor_of
from connectors.feeds.entries import Reading, read_entries
from connectors.feeds.fetch import Fetcher, FetchLimits, host_of
from connectors.feeds.parsing import FeedParser, NotAFeedError, ParserUnavailableError
from connectors.feeds.settings import FeedSettings
from connectors.feeds.wire import WireDocument
from pipelines.polling.looking import Answered, Failed, look_at
from schemas.ports.store import FeedRow
from tocsin.feed_naming import checked_feed

#: Feeds asked at the same time, in all and of one host: as few as the poll job asks.
_AT_ONCE = 8
_AT_ONCE_PER_HOST = 2

T = TypeVar("T")


@dataclass(frozen=True)
class FeedCheck:
    """What is at a feed's URL. ``fault`` is empty where it is a feed; then the rest says what it holds."""

    name: str
    url: str
    fault: str = ""
    document: WireDocument | None = None
    reading: Reading | None = None
    polled_before: bool = False

    @property
    def title(self) -> str:
        """Return what the document calls itself."""
        return self.document.title if self.document else ""

    @property
    def entries(self) -> int:
        """Return how many entries it holds."""
        return len(self.document.entries) if self.document else 0

    @property
    def newest(self) -> datetime | None:
        """Return the time of the newest dated entry."""
        entries = self.document.entries if self.document else ()
        return max((entry.claimed for entry in entries if entry.claimed), default=None)

    @property
    def undated(self) -> int:
        """Return how many entries have no date."""
        return sum(entry.claimed is None for entry in self.document.entries) if self.document else 0


def check_feeds(
    feeds: Sequence[FeedSettings],
    rows: Mapping[str, FeedRow],
    allow_addresses: Sequence[str] = (),
    *,
    told: Callable[[FeedSettings, FeedCheck], T],
    progress: Callable[[int, int], None] = lambda *_: None,
) -> list[T]:
    """Return what ``told`` makes of what is at each of ``feeds``, in their order; ``rows`` tell what the poll job knows of
    them. No document is kept longer than that: there may be thousands. ``progress`` hears how many of how many were looked
    at."""
    return asyncio.run(_check_all(feeds, rows, allow_addresses, told, progress))


def check_urls(urls: Sequence[str], allow_addresses: Sequence[str] = ()) -> list[FeedCheck]:
    """Return what is at each of ``urls``, in their order; :raises UsageError: one of them is no URL of the web."""
    feeds = [checked_feed(url, f"feed-{number}") for number, url in enumerate(urls, 1)]
    return check_feeds(feeds, {}, allow_addresses, told=lambda _, found: found)


async def _check_all(
    feeds: Sequence[FeedSettings],
    rows: Mapping[str, FeedRow],
    allow_addresses: Sequence[str],
    told: Callable[[FeedSettings, FeedCheck], T],
    progress: Callable[[int, int], None],
) -> list[T]:
    fetcher = Fetcher(SystemClock(), allowed_networks=allow_addresses)
    places = asyncio.Semaphore(_AT_ONCE)
    of_host = {host: asyncio.Semaphore(_AT_ONCE_PER_HOST) for host in {host_of(feed.url) for feed in feeds}}
    done = 0
    progress(done, len(feeds))
    try:
        async with FeedParser() as parser:

            async def check(feed: FeedSettings) -> T:
                nonlocal done
                async with of_host[host_of(feed.url)], places:
                    found = told(feed, await _check(feed, rows.get(feed.id), fetcher, parser))
                done += 1
                progress(done, len(feeds))
                return found

            return list(await asyncio.gather(*map(check, feeds)))
    finally:
        await fetcher.close()


async def _check(feed: FeedSettings, row: FeedRow | None, fetcher: Fetcher, parser: FeedParser) -> FeedCheck:
    # Without validators: the whole document is wanted, whether or not it is known.
    look = await look_at(feed, FeedCursor(), fetcher, parser, SystemClock().now())
    if isinstance(look.finding, Failed):
        gone = ": it is gone for good; correct its URL in the settings, or remove it" if look.finding.gone else ""
        return FeedCheck(feed.id, feed.url, fault=look.finding.reason + gone)
    assert isinstance(look.finding, Answered), "redirects are followed to any host"
    document = look.finding.document
    assert document is not None, "nothing was known that it could be the same as"
    cursor = cursor_of(row) if row is not None else FeedCursor()
    reading = read_entries(document, feed, cursor, SystemClock().now())
    return FeedCheck(
        feed.id, feed.url, document=document, reading=reading, polled_before=cursor.succeeded_ms is not None
    )


@dataclass(frozen=True)
class ParsedFile:
    """A file read as a feed: a document, or why it is none."""

    name: str
    document: WireDocument | None = None
    fault: str = ""


def parse_files(paths: Sequence[Path], read: Callable[[Path], bytes], show: Callable[[ParsedFile], None]) -> None:
    """Parse ``paths`` one after the other in a guarded worker, as the poll job would, and ``show`` each when it is done."""

    async def go() -> None:
        async for parsed in _parsed(paths, read):
            show(parsed)

    asyncio.run(go())


async def _parsed(paths: Sequence[Path], read: Callable[[Path], bytes]) -> AsyncIterator[ParsedFile]:
    limit = FetchLimits().max_body_bytes
    async with FeedParser() as parser:
        for path in paths:
            name = str(path)
            try:
                body = read(path)
                if len(body) > limit:
                    yield ParsedFile(name, fault=f"it has more than {limit:,} bytes")
                    continue
                yield ParsedFile(name, await parser.parse(name, body, url=""))
            except OSError as error:
                yield ParsedFile(name, fault=f"it cannot be read: {error.strerror or error}")
            except (NotAFeedError, ParserUnavailableError) as error:
                yield ParsedFile(name, fault=error.message.removeprefix(f"{name}: "))
