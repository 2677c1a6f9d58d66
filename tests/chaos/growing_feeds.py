"""Feeds that bring something new whenever they are asked, each on a host of its own, and when they were asked for it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.pipeline.polling.server import Item, rss


@dataclass
class Growing:
    """One feed. ``held``: an answer waits for ``let_go``."""

    items: list[Item] = field(default_factory=list)
    asked_at: list[datetime] = field(default_factory=list)
    held: bool = False
    waiting: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)


class _Server(ThreadingHTTPServer):
    """Every connection is taken in, however many come at once: what finds no place is ended without a word to either side."""

    request_queue_size = 128


class GrowingFeeds:
    """Serves feeds named ``feed1`` … on 127.0.0.1 …, all on one port. Times are those of the machine's clock."""

    def __init__(self, count: int) -> None:
        self.feeds = {f"feed{number}": Growing() for number in range(1, count + 1)}
        #: The clients' ports of connections that are over, and all that came over them taken in.
        self.over: set[int] = set()
        feeds, over = self.feeds, self.over

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                name = self.path.strip("/")
                feed = feeds[name]
                now = datetime.fromtimestamp(time.time(), UTC)
                feed.asked_at.append(now)
                number = len(feed.asked_at)
                feed.items.insert(0, Item(f"{name}-{number}", f"{name} brings news {number}", now))
                if feed.held:
                    feed.waiting.set()
                    feed.let_go.wait(120)
                body = rss(feed.items, title=name).encode()
                try:
                    self.send_response(200)
                    self.send_header("Content-Type", "application/rss+xml")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True  # Who asked was killed.

            def handle(self) -> None:
                with suppress(ConnectionError):  # Who asked was killed.
                    super().handle()

            def finish(self) -> None:
                super().finish()
                over.add(self.client_address[1])

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing on stderr."""

        self._server = _Server(("0.0.0.0", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """Return the port they are all served on."""
        return self._server.server_address[1]

    def settings(self, interval: str) -> str:
        """Return the feeds as a settings file names them."""
        return "".join(
            f'[[feeds]]\nid = "{name}"\nurl = "http://127.0.0.{number}:{self.port}/{name}"\ninterval = "{interval}"\n'
            for number, name in enumerate(self.feeds, 1)
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for feed in self.feeds.values():
            feed.held = False
            feed.let_go.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
