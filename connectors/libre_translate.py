"""Headlines to a server that speaks LibreTranslate's protocol, translations back. One bounded request each; no redirect.

Source: https://docs.libretranslate.com/api/operations/translate/
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable

import aiohttp

from schemas.ids import Json, canonical_json
from schemas.plain_text import plain_line

logger = logging.getLogger(__name__)

#: A headline is no longer, and what comes back is not much longer than what was sent.
_LONGEST_TEXT = 300
_LONGEST_TRANSLATION = 2 * _LONGEST_TEXT
_ANSWER_BYTES = 65_536


class LibreTranslate:
    """The server at ``url`` (``/translate`` is added). ``api_key`` goes in the body, as the protocol says; neither is logged."""

    def __init__(
        self,
        url: str,
        api_key: str | None,
        target: str,
        connector: Callable[[], aiohttp.BaseConnector],
        *,
        timeout_s: float,
    ) -> None:
        self._address = f"{url.rstrip('/')}/translate"
        self._api_key = api_key
        self._target = target
        self._connector = connector
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def translate(self, text: str, language: str) -> str | None:
        """Return the translation of ``text``; None for no answer in time, an error, or nothing new."""
        asked: dict[str, Json] = {
            "q": plain_line(text, _LONGEST_TEXT),
            "source": language,
            "target": self._target,
            "format": "text",
        }
        if self._api_key is not None:
            asked["api_key"] = self._api_key
        try:
            async with asyncio.timeout(self._timeout_s):
                said = await self._post(canonical_json(asked))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, RecursionError) as error:
            # The text of an error may repeat the address or what was sent.
            logger.debug("the translator did not answer: %s", type(error).__name__)
            return None
        translated = plain_line(said, _LONGEST_TRANSLATION)
        return translated if translated and translated != asked["q"] else None

    async def _post(self, body: bytes) -> str:
        """:raises ValueError: the answer is no translation."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=self._connector(), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        headers = {"Content-Type": "application/json", "User-Agent": "Tocsin"}
        async with self._session.post(self._address, data=body, headers=headers, allow_redirects=False) as answer:
            if answer.status != 200:
                raise ValueError(f"answered {answer.status}")
            # One byte more than is allowed tells a longer answer from one that just fits.
            raw = await answer.content.read(_ANSWER_BYTES + 1)
            while len(raw) <= _ANSWER_BYTES and (more := await answer.content.read(_ANSWER_BYTES + 1 - len(raw))):
                raw += more
            if len(raw) > _ANSWER_BYTES:
                raise ValueError("a far too long answer")
        found = json.loads(raw)
        text = found.get("translatedText") if isinstance(found, dict) else None
        if not isinstance(text, str):
            raise ValueError("no translatedText in the answer")
        return text

    async def close(self) -> None:
        """Close the connections; idempotent."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
