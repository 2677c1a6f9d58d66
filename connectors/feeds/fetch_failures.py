"""Why there is no document, in words for people: what a library or the system raised in, a named failure out."""

from __future__ import annotations

import os
import ssl
from enum import StrEnum
from typing import NamedTuple

import aiohttp

from connectors.address_guard import AddressRefusedError
from connectors.feeds.answer_headers import ServerTime
from connectors.feeds.settings import shown_url
from schemas.errors import RetriableError
from schemas.plain_text import plain_line

_LONGEST_WORDS = 600


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
    """No document this time. ``server_time`` is that of the server that answered, where one did and told it."""

    def __init__(
        self,
        failure: FetchFailure,
        detail: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        server_time: ServerTime | None = None,
        host: str = "",
    ) -> None:
        # A redirect's address comes from outside, and what is said here is shown and stored.
        super().__init__(plain_line(f"{failure}: {detail}", _LONGEST_WORDS))
        self.failure = failure
        self.status = status
        self.retry_after_s = retry_after_s
        self.server_time = server_time
        self.host = host  # that answered, where one did


class Hop(NamedTuple):
    """Where the redirects of an address have led so far, and what is asked next."""

    address: str
    permanent: bool  # all of them
    number: int  # of redirects


class HostBusyError(RetriableError):
    """A redirect leads to ``host``, which may not be asked now; nothing was asked of it. ``hop``: what goes on from there."""

    def __init__(self, host: str, hop: Hop) -> None:
        super().__init__(plain_line(f"a redirect leads to {host}, which is not asked now", _LONGEST_WORDS))
        self.host = host
        self.hop = hop


def named_error(error: Exception, url: str) -> FetchError:
    """Return ``error``, which the request for ``url`` ended with, in our own words; the library's may repeat the URL with its
    secrets."""
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
        # asyncio's own words hold the numbers of a socket; the system's say what happened.
        number, said = error.os_error.errno, error.os_error.strerror
        words = os.strerror(number) if isinstance(number, int) and number > 0 else said or "refused"
        return FetchError(FetchFailure.CONNECTION, f"{shown}: {words.lower()}")
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return FetchError(FetchFailure.NAME, f"{shown} is no address that can be asked")
    return FetchError(FetchFailure.BROKEN, f"{shown} ({type(error).__name__})")
