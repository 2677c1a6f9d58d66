"""One polite, bounded HTTP request for a feed: URL and validators in; body, "not modified" or a named failure out.

Every hop of a redirect goes through the address guard. Nothing here looks into the body or decides when to ask again.
"""

from __future__ import annotations

import asyncio
import functools
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

from connectors.address_guard import AddressRefusedError, guarded_connector
from connectors.feeds.settings import shown_url
from schemas.clock import Clock
from schemas.errors import RetriableError
from schemas.plain_text import plain_line

_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/rdf+xml, application/feed+json,"
    " application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
)
_UNSENDABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_LONGEST_WORDS = 600
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
#: Where a redirect may lead besides the port it comes from: no other service is to be spoken to in somebody's name.
_WEB_PORTS = frozenset({80, 443})
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


class FetchFailure(StrEnum):
    """Why there is no document; the value is what people read."""

    NAME = "the host name is not known"
    ADDRESS = "the address may not be connected to"
    CONNECTION = "no connection"
    SECURITY = "no secure connection"
    TIMEOUT = "no answer in time"
    STATUS = "the server refused"
    REDIRECT = "the redirect leads nowhere"
    TOO_LARGE = "the document is too large"
    BROKEN = "the answer broke off"


class FetchError(RetriableError):
    """No document this time. ``clock_offset_s`` is how far the server's clock is ahead of ours, where it told."""

    def __init__(
        self,
        failure: FetchFailure,
        detail: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        clock_offset_s: float | None = None,
        host: str = "",
    ) -> None:
        # A redirect's address comes from outside, and what is said here is shown and stored.
        super().__init__(plain_line(f"{failure}: {detail}", _LONGEST_WORDS))
        self.failure = failure
        self.status = status
        self.retry_after_s = retry_after_s
        self.clock_offset_s = clock_offset_s
        self.host = host  # that answered, where one did


class HostBusyError(RetriableError):
    """A redirect leads to ``host``, which may not be asked now; nothing was asked of it."""

    def __init__(self, host: str) -> None:
        super().__init__(plain_line(f"a redirect leads to {host}, which is not asked now", _LONGEST_WORDS))
        self.host = host


@dataclass(frozen=True)
class FetchLimits:
    """Bounds of one request, redirects and body included."""

    total_s: float = 60.0
    connect_s: float = 15.0
    silence_s: float = 20.0
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
    clock_offset_s: float | None = None
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
        self._whole = self._timeout(self._limits.total_s)
        self._session = aiohttp.ClientSession(
            connector=guarded_connector(allowed_networks),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": user_agent, "Accept": accept, "Accept-Encoding": "gzip, deflate"},
            trust_env=False,
        )

    async def fetch(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        may_follow: Callable[[str], bool] | None = None,
        before_hop: Callable[[str], Awaitable[None]] | None = None,
    ) -> Fetched:
        """Return the document at ``url``; the validators are sent as they once came. A redirect to another host is followed
        where ``may_follow`` allows it. ``before_hop`` is given the address each redirect leads to before it is asked; what
        it raises ends the request.

        :raises FetchError: there is none this time, for a named reason; no secret of the URL is in its text.
        :raises HostBusyError: ``may_follow`` does not allow it.
        """
        conditions = _conditions(etag, last_modified)
        try:
            return await self._follow(url, conditions, may_follow, before_hop)
        except TimeoutError:
            raise FetchError(
                FetchFailure.TIMEOUT, f"{shown_url(url)} took over {self._limits.total_s:g} s or fell silent"
            ) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _named(error, url) from error

    async def _follow(
        self,
        url: str,
        conditions: Mapping[str, str],
        may_follow: Callable[[str], bool] | None,
        before_hop: Callable[[str], Awaitable[None]] | None,
    ) -> Fetched:
        address = url
        permanent = True
        began_s = asyncio.get_running_loop().time()
        for hop in range(self._limits.max_redirects + 1):
            timeout = self._whole if hop == 0 else self._timeout(self._left_s(began_s))
            request = self._session.get(_parsed(address), headers=conditions, allow_redirects=False, timeout=timeout)
            async with request as answer:
                if answer.status not in _REDIRECTS:
                    moved_to = address if permanent and address is not url else None
                    return await self._read(answer, address, conditions, moved_to)
                permanent = permanent and answer.status in _PERMANENT
                target = answer.headers.get("Location", "")
            before, address = address, _redirected(address, target)
            host = host_of(address)
            if may_follow is not None and host != host_of(before) and not may_follow(host):
                raise HostBusyError(host)
            if before_hop is not None:
                await before_hop(address)
        raise FetchError(FetchFailure.REDIRECT, f"{shown_url(url)}: more than {self._limits.max_redirects} redirects")

    async def _read(
        self, answer: aiohttp.ClientResponse, url: str, conditions: Mapping[str, str], moved_to: str | None
    ) -> Fetched:
        now = self._clock.now()
        offset_s = _clock_offset_s(answer.headers, now)
        retry_after_s = _retry_after_s(answer.headers.get("Retry-After"), now)
        unchanged = answer.status == 304 and bool(conditions)
        if answer.status != 200 and not unchanged:
            raise FetchError(
                FetchFailure.STATUS,
                f"{shown_url(url)} answered {answer.status}",
                status=answer.status,
                retry_after_s=retry_after_s,
                clock_offset_s=offset_s,
                host=host_of(url),
            )
        return Fetched(
            body=None if unchanged else await self._body(answer, url),
            url=url,
            etag=_told(answer.headers, "ETag"),
            last_modified=_told(answer.headers, "Last-Modified"),
            content_type=_told(answer.headers, "Content-Type"),
            retry_after_s=retry_after_s,
            clock_offset_s=offset_s,
            max_age_s=_max_age_s(answer.headers, now),
            moved_to=moved_to,
        )

    async def _body(self, answer: aiohttp.ClientResponse, url: str) -> bytes:
        limit = self._limits.max_body_bytes
        parts: list[bytes] = []
        size = 0
        async for part in answer.content.iter_chunked(65_536):
            size += len(part)
            if size > limit:
                answer.close()
                raise FetchError(FetchFailure.TOO_LARGE, f"{shown_url(url)} has more than {limit:,} bytes")
            parts.append(part)
        return b"".join(parts)

    def _timeout(self, total_s: float) -> aiohttp.ClientTimeout:
        """Return the bounds of one hop, its body included."""
        limits = self._limits
        return aiohttp.ClientTimeout(total=total_s, sock_connect=limits.connect_s, sock_read=limits.silence_s)

    def _left_s(self, began_s: float) -> float:
        """Return what is left of the total, which spans redirects; :raises TimeoutError: nothing is."""
        left_s = began_s + self._limits.total_s - asyncio.get_running_loop().time()
        if left_s <= 0:
            raise TimeoutError
        return left_s

    async def close(self) -> None:
        """Close the connections; idempotent."""
        await self._session.close()


@functools.lru_cache(maxsize=4_096)  # Taking an address apart costs as much as a third of a request.
def _parsed(address: str) -> URL:
    return URL(address)


@functools.lru_cache(maxsize=20_000)
def host_of(address: str) -> str:
    """Return the host that is asked for ``address``; empty where that cannot be told."""
    try:
        return (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_web_port(address: str, beside: str) -> bool:
    """Return whether ``address``, which somebody else named, is at a port of the web, or at that of ``beside``."""
    try:
        port, known = URL(address).port, URL(beside).port
    except ValueError:
        return False
    return port in _WEB_PORTS or port == known


def _conditions(etag: str | None, last_modified: str | None) -> dict[str, str]:
    """Return the conditional headers."""
    given = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    return {name: value for name, value in given.items() if value}


def _told(headers: Mapping[str, str], name: str) -> str | None:
    """Return a header as it came; None for one that can be neither stored nor sent back byte for byte."""
    value = headers.get(name)
    if value is None or (value.isascii() and value.isprintable()):
        return value
    return None if _UNSENDABLE.search(value) else value


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


def _clock_offset_s(headers: Mapping[str, str], now: datetime) -> float | None:
    stamp = _http_date(headers.get("Date"))
    if stamp is None:
        return None
    age = headers.get("Age", "0")
    cached_s = int(age) if age.isascii() and age.isdigit() and len(age) < 10 else 0
    return (stamp - now).total_seconds() + cached_s


def _max_age_s(headers: Mapping[str, str], now: datetime) -> int:
    """Return for how long from now the answer is good: Cache-Control's max-age without its Age, else Expires; 0: no word."""
    control = headers.get("Cache-Control")
    if control:
        found = _MAX_AGE.search(control)
        if found is None or "no-cache" in control or "no-store" in control:
            return 0
        age = headers.get("Age", "")
        passed_s = int(age) if age.isascii() and age.isdigit() and len(age) < 10 else 0
        return max(0, int(found[1]) - passed_s)
    expires = headers.get("Expires")
    until = _http_date(expires) if expires else None
    if until is None:
        return 0
    served = _http_date(headers.get("Date")) or now  # By the server's own clock, which may be another.
    return min(max(0, int((until - served).total_seconds())), 999_999_999)


def _retry_after_s(value: str | None, now: datetime) -> float | None:
    if value is None:
        return None
    if value.isascii() and value.strip().isdigit():
        return float(min(int(value.strip()[:9]), 7 * 86_400))
    until = _http_date(value)
    return None if until is None else min(max(0.0, (until - now).total_seconds()), 7 * 86_400.0)


@functools.lru_cache(maxsize=64)  # Answers of one second say the same.
def _http_date(value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        parsed = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _named(error: Exception, url: str) -> FetchError:
    """Return ``error`` in our own words; the library's may repeat the URL with its secrets."""
    shown = shown_url(url)
    if isinstance(error, FetchError):
        return error
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return FetchError(FetchFailure.NAME, shown)
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError | ssl.SSLError):
        return FetchError(FetchFailure.SECURITY, f"{shown}: its certificate or TLS version is not accepted")
    system = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(system, AddressRefusedError) or "allow_addresses" in str(system):
        return FetchError(FetchFailure.ADDRESS, f"{shown}: {getattr(system, 'strerror', None) or system}")
    if isinstance(error, aiohttp.ClientConnectorError):
        return FetchError(FetchFailure.CONNECTION, f"{shown}: {(error.os_error.strerror or 'refused').lower()}")
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return FetchError(FetchFailure.NAME, f"{shown} is no address that can be asked")
    return FetchError(FetchFailure.BROKEN, f"{shown} ({type(error).__name__})")
