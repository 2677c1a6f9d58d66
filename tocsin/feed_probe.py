"""Looks at feeds once, as the poller would, before they go into the settings. It keeps nothing and writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.clock import SystemClock
from connectors.feeds.fetch import Fetcher, FetchError
from connectors.feeds.parsing import FeedParser, NotAFeedError, ParserUnavailableError
from connectors.feeds.settings import shown_url


@dataclass(frozen=True)
class Probe:
    """What is at a URL: ``fault`` is empty where it is a feed that can be read."""

    url: str
    title: str = ""
    entries: int = 0
    fault: str = ""


def probe_feeds(urls: Sequence[str], allow_addresses: Sequence[str] = ()) -> list[Probe]:
    """Return what is at each of ``urls``, in their order; they are asked at the same time."""
    return asyncio.run(_probe_all(urls, allow_addresses))


async def _probe_all(urls: Sequence[str], allow_addresses: Sequence[str]) -> list[Probe]:
    fetcher = Fetcher(SystemClock(), allowed_networks=allow_addresses)
    try:
        async with FeedParser() as parser:
            return list(await asyncio.gather(*(_probe(url, fetcher, parser) for url in urls)))
    finally:
        await fetcher.close()


async def _probe(url: str, fetcher: Fetcher, parser: FeedParser) -> Probe:
    try:
        fetched = await fetcher.fetch(url)
        # Nothing was sent that "not modified" could answer, so there is a body.
        document = await parser.parse(
            shown_url(url), fetched.body or b"", url=fetched.url, content_type=fetched.content_type
        )
    except (FetchError, NotAFeedError, ParserUnavailableError) as error:
        return Probe(url, fault=error.message)
    return Probe(url, title=document.title, entries=len(document.entries))
