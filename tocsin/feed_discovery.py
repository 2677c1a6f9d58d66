"""What is at an address a person gives: a feed, or a page that names its feeds. It writes nothing."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urljoin

from connectors.clock import SystemClock
from connectors.feeds.fetch import Fetcher, is_web_port
from connectors.feeds.fetch_failures import FetchError
from connectors.feeds.parsing import FeedParser, NotAFeedError
from connectors.feeds.settings import shown_url
from connectors.feeds.wire_fields import web_address
from schemas.errors import UsageError
from tocsin.feed_naming import unanswered

#: Links to feeds stand in the head of a page; no more than this is looked at.
_HEAD_BYTES = 400_000
_MOST_LINKS = 10
_LINK = re.compile(r"<link\b([^<>]{1,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"})


def find_feeds(url: str, settings_file: Path, allow_addresses: Sequence[str] = ()) -> list[str]:
    """Return the address itself where a feed lies there, else those of the feeds that the page there names.
    ``settings_file`` is where ``allow_addresses`` stand.

    :raises UsageError: nothing can be read there, or no feed is named.
    """
    return asyncio.run(_find(url, settings_file, allow_addresses))


async def _find(url: str, settings_file: Path, allow_addresses: Sequence[str]) -> list[str]:
    fetcher = Fetcher(SystemClock(), allowed_networks=allow_addresses)
    try:
        fetched = await fetcher.fetch(url)
    except FetchError as error:
        raise unanswered(error, settings_file) from error
    finally:
        await fetcher.close()
    body = fetched.body or b""
    try:
        async with FeedParser() as parser:
            await parser.parse("url", body, url=fetched.url, content_type=fetched.content_type)
    except NotAFeedError as error:
        found = feed_links(body, fetched.url)
        if not found:
            reason = error.message.removeprefix("url: ")
            raise UsageError(
                f"{shown_url(url)}: {reason}, and it names no feed",
                remedy="look for “RSS” on the site and give that address",
            ) from None
        return found
    return [url]


def feed_links(page: bytes, url: str) -> list[str]:
    """Return the addresses of the feeds that ``page``, which lies at ``url``, names in its head; comments' feeds last."""
    text = page[:_HEAD_BYTES].decode("utf-8", "replace")
    found: dict[str, bool] = {}
    for tag in _LINK.finditer(text):
        given = {m[1].lower(): html.unescape(m[2] or m[3] or m[4] or "") for m in _ATTRIBUTE.finditer(tag[1])}
        if "alternate" not in given.get("rel", "").lower().split() or given.get("type", "").lower() not in _FEED_TYPES:
            continue
        address = web_address(given.get("href", ""), url)
        if address is not None and is_web_port(address, url):  # A page may not have other services spoken to.
            comments = "comment" in f"{address} {given.get('title', '')}".lower()
            found.setdefault(urljoin(url, address), comments)
    return sorted(found, key=lambda address: found[address])[:_MOST_LINKS]
