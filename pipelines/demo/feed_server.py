"""Serves every outlet's feed over HTTP on loopback, as of its clock's time: documents, "not modified", and their faults."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from types import TracebackType
from typing import Self

from aiohttp import web

from pipelines.demo.feed_xml import broken_off, feed_document, media_type
from pipelines.demo.outlets import FaultKind, Outlet
from pipelines.demo.timeline import Timeline
from schemas.clock import Clock
from schemas.ids import digest


class FeedServer:
    """A server on 127.0.0.1 within one event loop; the system chooses the port. An async context.

    ``answers`` counts what was answered, by HTTP status.
    """

    def __init__(self, timeline: Timeline, clock: Clock) -> None:
        self._timeline = timeline
        self.clock = clock
        self.answers: Counter[int] = Counter()
        self._documents: dict[str, tuple[datetime, bytes]] = {}
        application = web.Application()
        application.router.add_get("/", self._index)
        application.router.add_get("/{outlet}/feed.xml", self._feed)
        self._runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        self._port = 0

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @property
    def address(self) -> str:
        """Return where the list of feeds is served; only once started."""
        return f"http://127.0.0.1:{self._port}/"

    def url_of(self, outlet: str) -> str:
        """Return the address of the feed of ``outlet``."""
        return f"{self.address}{outlet}/feed.xml"

    async def _feed(self, request: web.Request) -> web.Response:
        outlet = self._timeline.outlets.get(request.match_info["outlet"])
        answer = (
            web.Response(status=404, text="there is no such outlet\n") if outlet is None else self._of(outlet, request)
        )
        # The demonstration has a time of its own, and whoever polls checks its clock against this header.
        answer.headers["Date"] = _http_date(self.clock.now())
        self.answers[answer.status] += 1
        return answer

    def _of(self, outlet: Outlet, request: web.Request) -> web.Response:
        moment = self.clock.now()
        fault = outlet.fault_at(moment)
        if fault is FaultKind.SERVER_ERROR:
            return web.Response(status=500, text="the content management system is down\n")
        changed = self._timeline.changed_at(outlet.id, moment)
        body = self._document(outlet, moment, changed)
        if fault is FaultKind.MALFORMED:
            return web.Response(body=broken_off(body), content_type=media_type(outlet), charset="utf-8")
        headers = {"ETag": f'"{digest(body)}"', "Last-Modified": _http_date(changed)}
        if _unchanged(request, headers):
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type=media_type(outlet), charset="utf-8", headers=headers)

    def _document(self, outlet: Outlet, moment: datetime, changed: datetime) -> bytes:
        kept = self._documents.get(outlet.id)
        if kept is not None and kept[0] == changed:
            return kept[1]
        document = feed_document(outlet, self._timeline.document(outlet.id, moment), moment, changed)
        self._documents[outlet.id] = changed, document
        return document

    async def _index(self, _request: web.Request) -> web.Response:
        lines = [
            f'<li><a href="{self.url_of(outlet.id)}">{escape(outlet.name)}</a> ({outlet.country}, {outlet.format.value})</li>'
            for outlet in self._timeline.outlets.values()
        ]
        page = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Feeds of the Tocsin demonstration</title>'
            f"<h1>Feeds of the demonstration</h1><p>As of {self.clock.now():%Y-%m-%d %H:%M} UTC. None of these outlets"
            f" exists.</p><ul>{''.join(lines)}</ul></html>\n"
        )
        return web.Response(text=page, content_type="text/html")


def _unchanged(request: web.Request, headers: dict[str, str]) -> bool:
    """Tell whether the client has the document already; the entity tag decides where it sent one (RFC 9110, 13.2.2)."""
    tag = request.headers.get("If-None-Match")
    if tag is not None:
        return tag.strip() == "*" or headers["ETag"] in [part.strip().removeprefix("W/") for part in tag.split(",")]
    return request.headers.get("If-Modified-Since") == headers["Last-Modified"]


def _http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)
