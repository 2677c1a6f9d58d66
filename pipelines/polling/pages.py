"""The text of the pages behind a feed's new and revised entries: entries in, texts and counted reasons out.

    entry ──▶ robots.txt ──▶ pace of the host ──▶ page ──guarded worker──▶ text

It takes a bounded time for each poll; an entry whose page fails, is refused or has to wait goes on without a text.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from connectors.feeds.fetch import Fetched, FetchLimits, host_of, is_web_port
from connectors.feeds.fetch_failures import FetchError
from connectors.feeds.parsing import NoTextError, ParserUnavailableError
from connectors.feeds.robots import ALLOW_NOTHING
from connectors.feeds.wire import WireEntry
from pipelines.polling.host_pace import HostPace
from pipelines.polling.robots_book import RobotsBook
from schemas.clock import Clock
from schemas.plain_text import plain_line
from schemas.reasons import PageMiss

logger = logging.getLogger(__name__)

#: What a page may cost; few articles have a megabyte of markup.
PAGE_LIMITS = FetchLimits(total_s=30.0, connect_s=10.0, silence_s=10.0, max_body_bytes=5_000_000)
PAGE_ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
#: Pages asked for at the same time, of all hosts.
_AT_ONCE = 16
#: How often one who waits for a place at a host looks again, in seconds.
_LOOK_AGAIN_S = 0.05
_WEB_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_TOO_MANY = frozenset({429, 503})


class PageFetcher(Protocol):
    """Asks for a page over the network; bounded in time and bytes, and behind the address guard at each hop."""

    async def fetch(self, url: str, *, before_hop: Callable[[str], Awaitable[None]] | None = None) -> Fetched:
        """Return the answer; ``before_hop`` is given each address a redirect leads to. :raises FetchError:"""
        ...


class PageExtractor(Protocol):
    """Finds the text in untrusted markup, apart from this process; bounded in CPU, time and memory."""

    async def text_of_page(self, name: str, body: bytes, *, content_type: str | None = None) -> str:
        """Return the text; :raises NoTextError: there is none. :raises ParserUnavailableError: nobody to ask."""
        ...


class Places(Protocol):
    """The room at each host, shared with feeds."""

    def enter(self, host: str) -> bool:
        """Take room at ``host``; False: it has none."""
        ...

    def exit(self, host: str) -> None:
        """Give it back."""
        ...


class PageTools(NamedTuple):
    """What full texts are had with."""

    fetcher: PageFetcher
    extractor: PageExtractor


class PagesRead(NamedTuple):
    """``texts`` by article id; ``missed``: how many entries have none, by reason."""

    texts: Mapping[str, str]
    missed: Mapping[PageMiss, int]


class _MissedError(Exception):
    def __init__(self, reason: PageMiss) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(slots=True)
class _Place:
    """The room that a request has at ``host``; None: it waits."""

    host: str | None = None


class PageReader:
    """Reads pages at the pace of their hosts, which feeds share. ``longest_s``: so long for the pages of one poll. An
    instance belongs to one event loop."""

    def __init__(self, tools: PageTools, hosts: HostPace, places: Places, clock: Clock, *, longest_s: float) -> None:
        self._tools = tools
        self._hosts = hosts
        self._places = places
        self._clock = clock
        self._longest_s = longest_s
        self._robots = RobotsBook(clock)
        self._free = _AT_ONCE
        #: host -> before when its robots.txt wishes no other page to be asked for
        self._wished: dict[str, datetime] = {}

    async def read(self, feed_id: str, feed_address: str, entries: Mapping[str, WireEntry]) -> PagesRead:
        """Return the texts of ``entries``, which are by article id; those that come first are read first. Only the port of
        ``feed_address`` and those of the web are asked: no other service is spoken to because an entry leads there."""
        until_s = asyncio.get_running_loop().time() + self._longest_s
        texts: dict[str, str] = {}
        missed: Counter[PageMiss] = Counter()
        for key, entry in entries.items():
            try:
                async with asyncio.timeout_at(until_s):
                    texts[key] = await self._text(feed_id, feed_address, entry, until_s)
            except TimeoutError:
                missed[PageMiss.NO_TIME] += 1
            except _MissedError as error:
                missed[error.reason] += 1
        return PagesRead(texts, dict(missed))

    async def _text(self, feed_id: str, feed_address: str, entry: WireEntry, until_s: float) -> str:
        if entry.link is None:
            raise _MissedError(PageMiss.NO_LINK)
        if not is_web_port(entry.link, feed_address):
            raise _MissedError(PageMiss.UNREACHABLE)
        try:
            page = await self._page(entry.link, until_s)
            assert page.body is not None, "nothing conditional was asked"
            kind = (page.content_type or "text/html").partition(";")[0].strip().lower()
            if kind not in _WEB_PAGES:
                raise _MissedError(PageMiss.NO_PAGE)
            text = await self._tools.extractor.text_of_page(feed_id, page.body, content_type=page.content_type)
        except FetchError as error:
            logger.info("feed %s: a page cannot be had: %s", feed_id, error.message)
            raise _MissedError(PageMiss.UNREACHABLE) from error
        except (NoTextError, ParserUnavailableError) as error:
            logger.info("%s", plain_line(error.message, 300))
            raise _MissedError(PageMiss.NO_TEXT) from error
        if len(text) <= max(len(entry.summary), len(entry.content)):
            raise _MissedError(PageMiss.SHORTER)
        return text

    async def _page(self, address: str, until_s: float) -> Fetched:
        async def before(hop: str, place: _Place) -> None:
            """Let a request for ``hop`` begin: it is allowed, and it is its host's turn."""
            rules = await self._robots.rules(hop, lambda file: self._robots_file(file, until_s))
            if not rules.allow(hop):
                raise _MissedError(PageMiss.ROBOTS_UNKNOWN if rules is ALLOW_NOTHING else PageMiss.ROBOTS)
            host = host_of(hop)
            await self._turn(host, place, until_s)
            if rules.delay_s:
                self._wished[host] = self._clock.now() + timedelta(seconds=rules.delay_s)

        return await self._asked(address, before)

    async def _robots_file(self, address: str, until_s: float) -> bytes:
        async def before(hop: str, place: _Place) -> None:
            await self._turn(host_of(hop), place, until_s)

        return (await self._asked(address, before)).body or b""

    async def _asked(self, address: str, before: Callable[[str, _Place], Awaitable[None]]) -> Fetched:
        """Return the answer of ``address``; ``before`` each of its requests its place at a host is free for others, and taken
        anew when it is its turn."""
        place = _Place()

        async def turn(hop: str) -> None:
            self._leave(place)
            await before(hop, place)

        try:
            await turn(address)
            return await self._fetch(address, turn)
        finally:
            self._leave(place)

    async def _fetch(self, address: str, before: Callable[[str], Awaitable[None]]) -> Fetched:
        """Ask for ``address``; who is asked too much is left alone, with its feeds."""
        try:
            fetched = await self._tools.fetcher.fetch(address, before_hop=before)
        except FetchError as error:
            if error.status == 429 or (error.status in _TOO_MANY and error.retry_after_s is not None):
                self._hosts.refused(error.host or host_of(address), self._clock.now(), error.retry_after_s)
            raise
        self._hosts.answered(host_of(fetched.url))
        return fetched

    async def _turn(self, host: str, place: _Place, until_s: float) -> None:
        """Wait until ``host`` may be asked and has room, and take it; :raises _MissedError: its turn comes too late."""
        loop = asyncio.get_running_loop()
        while True:
            now = self._clock.now()
            free_at = max(self._hosts.free_at(host, now), self._wished.get(host, now))
            wait_s = (free_at - now).total_seconds()
            if wait_s <= 0 and self._free and self._places.enter(host):
                self._free -= 1
                place.host = host
                self._hosts.send(host, now)
                return
            if loop.time() + wait_s > until_s:
                raise _MissedError(PageMiss.NO_TIME)
            await asyncio.sleep(min(max(wait_s, _LOOK_AGAIN_S), 1.0))

    def _leave(self, place: _Place) -> None:
        if place.host is not None:
            self._places.exit(place.host)
            self._free += 1
            place.host = None
