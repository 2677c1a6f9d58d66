"""`POST /articles`: JSON Lines or a JSON array in; 202 with counts and the reason of each refused line, once they are written.

Bounded in bytes, lines and time. A page in somebody's browser cannot push: it can neither leave its origin unsaid nor send
this type of content unasked.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from aiohttp import web

from connectors.archive.field_map import FieldMap
from connectors.feeds.wire import WireEntry
from connectors.folders.rows import UnusableRowError, entry_of_row
from schemas.errors import RetriableError
from schemas.plain_text import plain_line

MOST_BYTES = 8_000_000
MOST_LINES = 2_000
_TYPES = frozenset({"application/json", "application/x-ndjson", "application/jsonl"})
#: So long the body of a request may take, in seconds.
_BODY_S = 30.0
#: So long who pushes what is paused is to leave it alone, in seconds.
_PAUSED_S = 300
#: Requests read at the same time.
_AT_ONCE = 8

#: Given whose token entries came with, and the entries; returns when the log has them; :raises RetriableError: it has not,
#: they are to be sent again.
Push = Callable[[str, Sequence[WireEntry]], Awaitable[None]]


class Batch(NamedTuple):
    """The entries in a body, and the numbers of lines (from 1) that are none, each with why."""

    entries: tuple[WireEntry, ...]
    refused: tuple[tuple[int, str], ...]


class NoBatchError(ValueError):
    """The body as a whole is none."""


def read_batch(body: bytes, fields: FieldMap | None, zone: ZoneInfo) -> Batch:
    """Return what is in ``body``; without ``fields`` they are guessed. :raises NoBatchError:"""
    rows = list(_rows(body))
    if len(rows) > MOST_LINES:
        raise NoBatchError(f"more than {MOST_LINES:,} articles")
    used = fields or FieldMap.guessed([row for _, row in rows if isinstance(row, Mapping)])
    entries, refused = [], []
    for number, row in rows:
        try:
            if not isinstance(row, Mapping):
                raise UnusableRowError(row if isinstance(row, str) else "not an object")
            entries.append(entry_of_row(row, used, zone))
        except UnusableRowError as error:
            refused.append((number, plain_line(error.message, 200)))
    return Batch(tuple(entries), tuple(refused))


def _rows(body: bytes) -> Iterator[tuple[int, Mapping[str, object] | str | None]]:
    """Yield each row with its number; a text in its place says why it is none."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NoBatchError("not in UTF-8") from None
    if text.lstrip().startswith("["):
        try:
            array = json.loads(text)
        except (ValueError, RecursionError):
            raise NoBatchError("no JSON array") from None
        yield from ((number, row if isinstance(row, dict) else None) for number, row in enumerate(array, start=1))
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                yield number, "no JSON"
                continue
            yield number, row if isinstance(row, dict) else None


class PushEndpoint:
    """Answers requests. ``tokens`` are secrets by whose they are; none: whoever reaches it may push, in nobody's name.
    Nothing is taken from those in ``paused``."""

    def __init__(
        self,
        push: Push,
        *,
        tokens: Mapping[str, str],
        fields: FieldMap | None,
        zone: ZoneInfo,
        paused: Collection[str] = (),
    ) -> None:
        self._push = push
        self._tokens = dict(tokens)
        self._paused = frozenset(paused)
        self._fields = fields
        self._zone = zone
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    def app(self) -> web.Application:
        """Return the application to serve."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_post("/articles", self._articles)
        return app

    async def _articles(self, request: web.Request) -> web.Response:
        if "Origin" in request.headers or request.headers.get("Sec-Fetch-Site", "none") != "none":
            return _no(403, "not from a web page")
        name = self._name(request)
        if name is None:
            return _no(401, "the token is missing or wrong: Authorization: Bearer TOKEN")
        if name in self._paused:
            return _no(503, "paused by the operator; send it again later", {"Retry-After": str(_PAUSED_S)})
        if request.content_type not in _TYPES:
            return _no(415, "send application/x-ndjson or application/json")
        async with self._at_once:
            try:
                async with asyncio.timeout(_BODY_S):
                    body = await request.read()
                batch = await asyncio.to_thread(read_batch, body, self._fields, self._zone)
            except TimeoutError:
                return _no(408, f"the body took over {_BODY_S:g} s")
            except web.HTTPRequestEntityTooLarge:
                return _no(413, f"more than {MOST_BYTES:,} bytes")
            except NoBatchError as error:
                return _no(400, str(error))
        if batch.entries:
            try:
                await self._push(name, batch.entries)
            except RetriableError as error:
                return _no(503, f"{error.message}; send it again", {"Retry-After": "5"})
        refused = [{"line": number, "reason": reason} for number, reason in batch.refused]
        return web.json_response({"accepted": len(batch.entries), "refused": refused}, status=202)

    def _name(self, request: web.Request) -> str | None:
        """Return whose token came with ``request``; None: none that is known."""
        if not self._tokens:
            return ""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        sent = given.strip().encode("utf-8", "replace") if scheme.lower() == "bearer" else b""
        same = [name for name, secret in self._tokens.items() if hmac.compare_digest(secret.encode(), sent)]
        return same[0] if same else None


def _no(status: int, why: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response({"error": why}, status=status, headers=headers)
