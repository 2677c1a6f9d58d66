"""The other side of `bench poll`: a small HTTP server in a process of its own; every document has one ETag for ever.

Where the address ends in ``?close``, the connection does too.

`python -m benchmarks.poll_server` prints its port, listens on all loopback addresses and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import sys
from email.utils import format_datetime

from connectors.clock import SystemClock

_CLOCK = SystemClock()
ETAG = '"unchanged"'
_ITEMS = "".join(
    f"<item><guid isPermaLink='false'>n{n}</guid><title>News {n}</title><link>http://news.example/{n}</link>"
    f"<description>What happened, in a few words, number {n}.</description></item>"
    for n in range(30)
)
_BODY = f"<rss version='2.0'><channel><title>Invention</title>{_ITEMS}</channel></rss>".encode()


class _Answers(asyncio.Protocol):
    """Answers each request with the document, or with 304 where the validator is named."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._pending += data
        while (end := self._pending.find(b"\r\n\r\n")) >= 0:
            request, self._pending = self._pending[:end], self._pending[end + 4 :]
            self._answer(request)

    def _answer(self, request: bytes) -> None:
        assert self._transport is not None
        date = format_datetime(_CLOCK.now(), usegmt=True)
        unchanged = ETAG.encode() in request
        status, body = ("304 Not Modified", b"") if unchanged else ("200 OK", _BODY)
        length = "" if unchanged else f"Content-Length: {len(body)}\r\nContent-Type: application/rss+xml\r\n"
        closing = b"?close" in request[:200]
        connection = "Connection: close\r\n" if closing else ""
        # Headers as a content network adds them.
        head = (
            f"HTTP/1.1 {status}\r\nDate: {date}\r\nServer: nginx\r\nETag: {ETAG}\r\nCache-Control: max-age=300\r\n"
            f"Last-Modified: Wed, 22 Jan 2025 10:00:00 GMT\r\nVary: Accept-Encoding\r\nX-Cache: HIT\r\n{connection}{length}\r\n"
        )
        self._transport.write(head.encode() + body)
        if closing:
            self._transport.close()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Answers, "0.0.0.0", 0, backlog=2_000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
