"""A real HTTP server on loopback whose documents a test writes, breaks, hides and slows down."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape

from aiohttp import web

from schemas.clock import Clock


@dataclass
class Page:
    """What is served at one path. ``held``: while set, no answer comes."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: str | None = None
    held: asyncio.Event | None = None
    requests: list[dict[str, str]] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0


class FeedServer:
    """Listens on every loopback address (127.0.0.1, 127.0.0.2 … count as hosts of their own)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.pages: dict[str, Page] = {}
        self.asked: list[tuple[str, datetime]] = []  # each request: its host, and when it came
        self.clock_offset = timedelta()  # of what it says of the time
        self.port = 0
        self._runner: web.AppRunner | None = None

    def url(self, path: str, host: int = 1) -> str:
        return f"http://127.0.0.{host}:{self.port}{path}"

    def page(self, path: str, body: str | bytes = b"", **changes: object) -> Page:
        """Serve ``body`` at ``path`` from now on; what was counted there goes on being counted."""
        page = self.pages.setdefault(path, Page())
        page.body = body.encode() if isinstance(body, str) else body
        page.status, page.headers, page.etag, page.held = 200, {}, None, None
        for name, value in changes.items():
            setattr(page, name, value)
        return page

    async def __aenter__(self) -> FeedServer:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "0.0.0.0", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        for page in self.pages.values():
            if page.held is not None:
                page.held.set()
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.host.partition(":")[0], self._clock.now()))
        page = self.pages.get(request.path)
        if page is None:
            return web.Response(status=404)
        page.requests.append(dict(request.headers))
        page.in_flight += 1
        page.most_in_flight = max(page.most_in_flight, page.in_flight)
        try:
            if page.held is not None:
                await page.held.wait()
        finally:
            page.in_flight -= 1
        headers = {"Date": format_datetime(self._clock.now() + self.clock_offset, usegmt=True), **page.headers}
        if page.etag is not None:
            headers["ETag"] = page.etag
            if request.headers.get("If-None-Match") == page.etag:
                return web.Response(status=304, headers=headers)
        return web.Response(status=page.status, body=page.body, headers=headers)


@dataclass(frozen=True)
class Item:
    """An entry of a document."""

    guid: str
    title: str
    published: datetime | None = None
    text: str = ""
    link: str = ""  # default: by its guid


def rss(items: Iterable[Item], title: str = "The Daily Invention") -> str:
    """Return an RSS 2.0 document."""
    entries = "".join(
        f"<item><guid isPermaLink='false'>{escape(item.guid)}</guid><title>{escape(item.title)}</title>"
        f"<link>{escape(item.link or f'http://news.example/{item.guid}')}</link>"
        + (f"<pubDate>{format_datetime(item.published)}</pubDate>" if item.published else "")
        + f"<description>{escape(item.text)}</description></item>"
        for item in items
    )
    head = f"<title>{escape(title)}</title><link>http://news.example/</link><language>en-gb</language>"
    return f"<?xml version='1.0'?><rss version='2.0'><channel>{head}{entries}</channel></rss>"


def atom(items: Iterable[Item], title: str = "Invented Times") -> str:
    """Return an Atom document."""
    entries = "".join(
        f"<entry><id>tag:news.example,2025:{escape(item.guid)}</id><title>{escape(item.title)}</title>"
        f"<link href='http://news.example/{escape(item.guid)}'/>"
        + (f"<published>{item.published.isoformat()}</published>" if item.published else "")
        + f"<summary>{escape(item.text)}</summary></entry>"
        for item in items
    )
    return (
        f"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><title>{escape(title)}</title>{entries}</feed>"
    )
