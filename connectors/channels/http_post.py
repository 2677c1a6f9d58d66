"""One bounded HTTP request and what became of it. Follows no redirect, repeats nothing the other side or an exception says."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping

import aiohttp

from connectors.channels.http_outcome import LONGEST_RETRY_AFTER_S, outcome_of_status
from schemas.clock import Clock
from schemas.ports.channel import Outcome

logger = logging.getLogger(__name__)

#: An answer is read up to here so that the connection can be used again; a longer one costs the connection, no more.
_ANSWER_READ_BYTES = 65_536


class HttpPoster:
    """Posts over connections of ``connector`` (made at the first post, inside the running loop).

    URLs and headers may hold secrets, and so may what a library or a server says about them: details and logs are in
    our own words and name the receiver only.
    """

    def __init__(
        self, receiver: str, connector: Callable[[], aiohttp.BaseConnector], *, timeout_s: float, clock: Clock
    ) -> None:
        self._receiver = receiver
        self._connector = connector
        self._timeout_s = timeout_s
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        retry_after_in: Callable[[bytes], float | None] | None = None,
    ) -> Outcome:
        """Post ``body`` once; takes at most ``timeout_s``; raises nothing for what the network or the receiver does.

        ``retry_after_in`` finds the seconds to wait in the body of an answer, for receivers that say them there.
        """
        return await self._request("POST", url, body, headers, retry_after_in)

    async def get(self, url: str) -> Outcome:
        """Fetch ``url`` once and look at the status only; bounded and silent like :meth:`post`."""
        return await self._request("GET", url, None, {})

    async def _request(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        retry_after_in: Callable[[bytes], float | None] | None = None,
    ) -> Outcome:
        try:
            until_s = asyncio.get_running_loop().time() + self._timeout_s
            return await self._try(method, url, body, headers, retry_after_in, until_s)
        except TimeoutError:
            return _unclear(f"no answer within {self._timeout_s:g} s")
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError, ssl.SSLError) as error:
            return self._failed(error, "no secure connection: its certificate or TLS version is not accepted")
        except aiohttp.ClientConnectorError as error:
            return self._failed(error, f"no connection: {_reason(error.os_error)}")
        except aiohttp.InvalidURL as error:
            logger.warning("receiver %s: %s", self._receiver, type(error).__name__)
            return Outcome(result="refused", detail="its URL cannot be used; correct it in the settings")
        except (aiohttp.ClientError, OSError) as error:
            logger.debug("receiver %s: %s", self._receiver, type(error).__name__)
            return _unclear("the connection broke before an answer")

    async def _try(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        retry_after_in: Callable[[bytes], float | None] | None,
        until_s: float,
    ) -> Outcome:
        session = self._opened()
        async with asyncio.timeout_at(until_s):
            asked = await session.request(method, url, data=body, headers=headers, allow_redirects=False)
        async with asked as answer:
            outcome = outcome_of_status(
                answer.status, retry_after=answer.headers.get("Retry-After"), now=self._clock.now()
            )
            try:
                async with asyncio.timeout_at(until_s):
                    said = await answer.content.read(_ANSWER_READ_BYTES)
                seconds = retry_after_in(said) if retry_after_in is not None and outcome.result == "retry" else None
                if seconds is not None and outcome.retry_after_s is None:
                    outcome = outcome.model_copy(update={"retry_after_s": min(seconds, LONGEST_RETRY_AFTER_S)})
            except (
                aiohttp.ClientError,
                OSError,
            ) as error:  # The status is the answer; what follows it changes nothing.
                logger.debug("receiver %s: %s after the status", self._receiver, type(error).__name__)
            return outcome

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=self._connector(),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "Tocsin"},
                trust_env=False,
            )
        return self._session

    def _failed(self, error: Exception, detail: str) -> Outcome:
        logger.debug("receiver %s: %s", self._receiver, type(error).__name__)
        return Outcome(result="retry", detail=detail)

    async def close(self) -> None:
        """Close the connections; idempotent."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _unclear(detail: str) -> Outcome:
    return Outcome(result="retry", detail=f"{detail}; it may have arrived all the same", may_have_arrived=True)


def _reason(error: OSError) -> str:
    """Return the system's own words for an error number; anything else is told by its type alone."""
    return error.strerror.lower() if error.errno is not None and error.strerror else type(error).__name__
