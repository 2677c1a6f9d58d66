"""One polite, bounded HTTP request for a feed: URL and validators in; body, "not modified" or a named failure out.

Every hop of a redirect goes through the address guard. Nothing here looks into the body or decides when to ask again.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp import hdrs
from multidict import CIMultiDict
from yarl import URL

from connectors.address_guard import guarded_connector
from connectors.feeds.answer_headers import ServerTime, max_age_s, retry_after_s, server_time_s, told
from connectors.feeds.fetch_failures import FetchError, FetchFailure, Hop, HostBusyError, named_error
from connectors.feeds.settings import shown_url
from connectors.feeds.transfers import Transfer, TransferWatch
from schemas.clock import Clock

_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/rdf+xml, application/feed+json,"
    " application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
#: Where a redirect may lead besides the port it comes from: no other service is to be spoken to in somebody's name.
_WEB_PORTS = frozenset({80, 443})


@dataclass(frozen=True)
class FetchLimits:
    """Bounds of one request, redirects and body included. Times are looked after once a second."""

    total_s: float = 60.0
    connect_s: float = 15.0
    silence_s: float = 20.0  # between two parts of the answer; before the first, the time for connecting is added
    max_body_bytes: int = 15_000_000  # after unpacking
    max_redirects: int = 5


class Fetched(NamedTuple):
    """An answer. ``body`` is None when the document is what the validators stand for."""

    body: bytes | None
    url: str  # where it came from in the end
    etag: str | None
    last_modified: str | None
    content_type: str | None = None
    retry_after_s: float | None = None
    server_time: ServerTime | None = None
    max_age_s: int = 0  # for how long the answer says it is good
    moved_to: str | None = None  # where it came from, when every redirect on the way was a permanent one


class Fetcher:
    """Fetches over one pool of connections. Make it inside the running loop; close it."""

    def __init__(
        self,
        clock: Clock,
        *,
        allowed_networks: Sequence[str] = (),
        limits: FetchLimits | None = None,
        user_agent: str = "Tocsin (feed reader)",
        accept: str = _ACCEPT,
    ) -> None:
        self._clock = clock
        self._limits = limits or FetchLimits()
        self._watch = TransferWatch(
            total_s=self._limits.total_s, silence_s=self._limits.silence_s, connect_s=self._limits.connect_s
        )
        self._session = aiohttp.ClientSession(
            connector=guarded_connector(allowed_networks, limit=0),  # Who asks has limits of its own.
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": user_agent, "Accept": accept, "Accept-Encoding": "gzip, deflate"},
            # A connection has a timer of its own; that of a request, and one for each read, are what the watch is for.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._limits.connect_s, sock_read=None),
            trust_env=False,
        )

    async def fetch(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        hop: Hop | None = None,
        may_follow: Callable[[str], bool] | None = None,
        before_hop: Callable[[str], Awaitable[None]] | None = None,
    ) -> Fetched:
        """Return the document at ``url``; the validators are sent as they once came. ``hop``: redirects have led there before,
        and it goes on from there. Each redirect is followed where ``may_follow`` allows its host to be asked now.
        ``before_hop`` is given the address each redirect leads to before it is asked, and may wait; what it raises ends the
        request.

        :raises FetchError: there is none this time, for a named reason; no secret of the URL is in its text.
        :raises HostBusyError: ``may_follow`` does not allow it.
        """
        conditions = _conditions(etag, last_modified)
        try:
            with self._watch.transfer() as transfer:
                return await self._follow(url, conditions, transfer, hop, may_follow, before_hop)
        except TimeoutError:
            raise FetchError(
                FetchFailure.TIMEOUT, f"{shown_url(url)} took over {self._limits.total_s:g} s or fell silent"
            ) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise named_error(error, url) from error

    async def _follow(
        self,
        url: str,
        conditions: Mapping[str, str],
        transfer: Transfer,
        hop: Hop | None,
        may_follow: Callable[[str], bool] | None,
        before_hop: Callable[[str], Awaitable[None]] | None,
    ) -> Fetched:
        address, permanent, already = hop or (url, True, 0)
        for number in range(already, self._limits.max_redirects + 1):
            if number > already:
                transfer.asks()
            answer = await self._session.get(_parsed(address), headers=conditions, allow_redirects=False)
            try:
                if answer.status not in _REDIRECTS:
                    moved_to = address if permanent and address is not url else None
                    unchanged = answer.status == 304 and bool(conditions)
                    self._check_status(answer, address, unchanged)
                    body = None if unchanged else await self._body(answer, address, transfer)
                    return self._fetched(answer.headers, body, address, moved_to)
                permanent = permanent and answer.status in _PERMANENT
                target = answer.headers.get(hdrs.LOCATION, "")
            finally:
                answer.release()  # One that has not been read to its end is closed with its connection.
            address = _redirected(address, target)
            if may_follow is not None and not may_follow(host := host_of(address)):
                raise HostBusyError(host, Hop(address, permanent, number + 1))
            if before_hop is not None:
                transfer.pause()
                await before_hop(address)
                transfer.resume()
        raise FetchError(FetchFailure.REDIRECT, f"{shown_url(url)}: more than {self._limits.max_redirects} redirects")

    def _check_status(self, answer: aiohttp.ClientResponse, url: str, unchanged: bool) -> None:
        """:raises FetchError: the status is no success."""
        if not unchanged and answer.status != 200:
            raise FetchError(
                FetchFailure.STATUS,
                f"{shown_url(url)} answered {answer.status}",
                status=answer.status,
                retry_after_s=retry_after_s(answer.headers, self._clock.now),
                server_time=self._server_time(answer.headers),
                host=host_of(url),
            )

    def _fetched(self, headers: Mapping[str, str], body: bytes | None, url: str, moved_to: str | None) -> Fetched:
        return Fetched(
            body,
            url,
            told(headers, hdrs.ETAG),
            told(headers, hdrs.LAST_MODIFIED),
            None if body is None else told(headers, hdrs.CONTENT_TYPE),
            retry_after_s(headers, self._clock.now),
            self._server_time(headers),
            max_age_s(headers, self._clock.now),
            moved_to,
        )

    def _server_time(self, headers: Mapping[str, str]) -> ServerTime | None:
        told_s = server_time_s(headers)
        return None if told_s is None else ServerTime(told_s, self._clock.monotonic_s())

    async def _body(self, answer: aiohttp.ClientResponse, url: str, transfer: Transfer) -> bytes:
        limit = self._limits.max_body_bytes
        parts: list[bytes] = []
        size = 0
        transfer.hears()
        async for part in answer.content.iter_chunked(65_536):
            transfer.hears()
            size += len(part)
            if size > limit:
                answer.close()
                raise FetchError(FetchFailure.TOO_LARGE, f"{shown_url(url)} has more than {limit:,} bytes")
            parts.append(part)
        return b"".join(parts)

    async def close(self) -> None:
        """Close the connections; idempotent."""
        await self._session.close()


@functools.lru_cache(maxsize=20_000)  # Taking an address apart costs as much as a third of a request.
def _parsed(address: str) -> URL:
    return URL(address)


@functools.lru_cache(maxsize=20_000)
def host_of(address: str) -> str:
    """Return the host that is asked for ``address``, in the one spelling that names are asked for by; empty where that cannot
    be told."""
    try:
        host = urlsplit(address).hostname or ""
        if not host.isascii():
            host = URL(address).raw_host or ""
    except ValueError:
        return ""
    return host.rstrip(".")


def is_web_port(address: str, beside: str) -> bool:
    """Return whether ``address``, which somebody else named, is at a port of the web, or at that of ``beside``."""
    try:
        port, known = URL(address).port, URL(beside).port
    except ValueError:
        return False
    return port in _WEB_PORTS or port == known


def _conditions(etag: str | None, last_modified: str | None) -> CIMultiDict[str]:
    """Return the conditional headers, in the form that the library does not turn into another."""
    conditions = CIMultiDict[str]()
    if etag:
        conditions[hdrs.IF_NONE_MATCH] = etag
    if last_modified:
        conditions[hdrs.IF_MODIFIED_SINCE] = last_modified
    return conditions


def _redirected(address: str, target: str) -> str:
    try:
        joined = urljoin(address, target)
        parts = URL(joined)
    except ValueError:
        parts = URL()
        joined = ""
    if not target or parts.scheme not in ("http", "https") or not parts.host:
        raise FetchError(FetchFailure.REDIRECT, f"{shown_url(address)} redirects to no web address")
    if not is_web_port(joined, address):
        raise FetchError(FetchFailure.REDIRECT, f"{shown_url(address)} redirects to port {parts.port} of {parts.host}")
    if parts.user is None and parts.origin() == URL(address).origin():
        # Within one origin the user and password of the settings stay in use; elsewhere they are nobody's business.
        old = URL(address)
        joined = str(parts.with_user(old.user).with_password(old.password)) if old.user else joined
    return joined
