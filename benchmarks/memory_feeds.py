"""The other side of `bench memory`: feeds that bring new invented articles at every poll, in a process of its own.

`python -m benchmarks.memory_feeds ITEMS` prints its port, listens on all loopback addresses, has ITEMS new items in every
answer and ends with its standard input. An item names two countries in its first sentence, so that it makes a signal.
"""

from __future__ import annotations

import asyncio
import random
import sys
from email.utils import format_datetime

from connectors.clock import SystemClock

_SEED = 20261127
_WORDS = 37  # of an item, title and summary together, as real ones have them (benchmarks/mixed_feed.py)
_COUNTRIES = (
    "Azerbaijan", "Russia", "Ukraine", "Turkey", "Iran", "Armenia", "Georgia", "France", "Germany", "Poland", "Hungary",
    "Italy", "Spain", "Egypt", "Israel", "Syria", "Iraq", "India", "Pakistan", "China", "Japan", "Brazil", "Mexico", "Kenya",
)  # fmt: skip
_DEEDS = ("accuses", "warns", "thanks", "sues", "visits", "sanctions", "invites", "criticises")


class _Invention:
    """Items without end, the same ones for the same questions in the same order."""

    def __init__(self, items: int) -> None:
        self._items = items
        self._choose = random.Random(_SEED)
        syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "ar", "en", "is")]
        self._vocabulary = ["".join(self._choose.choices(syllables, k=3)) for _ in range(8_000)]
        self._count = 0

    def document(self) -> bytes:
        now = format_datetime(SystemClock().now(), usegmt=True)
        items = "".join(self._item(now) for _ in range(self._items))
        return f"<rss version='2.0'><channel><title>Invention</title>{items}</channel></rss>".encode()

    def _item(self, now: str) -> str:
        self._count += 1
        one, other = self._choose.sample(_COUNTRIES, 2)
        words = self._choose.choices(self._vocabulary, k=_WORDS - 4)
        title = f"{one} {self._choose.choice(_DEEDS)} {other} over {' '.join(words[:5])}"
        return (
            f"<item><guid isPermaLink='false'>n{self._count}</guid><title>{title}</title>"
            f"<link>http://news.example/{self._count}</link><pubDate>{now}</pubDate>"
            f"<description>{' '.join(words[5:])}.</description></item>"
        )


async def _serve(items: int) -> None:
    invention = _Invention(items)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        found = b"/robots.txt" not in head[:200]
        body = invention.document() if found else b""
        date = format_datetime(SystemClock().now(), usegmt=True)
        status = "200 OK" if found else "404 Not Found"
        writer.write(
            f"HTTP/1.1 {status}\r\nDate: {date}\r\nContent-Type: application/rss+xml\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "0.0.0.0", 0, backlog=500)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
