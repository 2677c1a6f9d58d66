"""What surrounds a service in its acceptance tests: feeds of three publishers and real receivers, all on loopback."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast  # Any: the protocol of coroutines, whose other sides are not used

from aiohttp import web

from connectors.clock import SystemClock
from tests.contract.channels.counterparts import (
    CERTIFICATE,
    PASSWORD,
    TOKEN,
    WEBHOOK_SECRET,
    NtfyCounterpart,
    SmtpCounterpart,
    Taken,
    WebhookCounterpart,
)

T = TypeVar("T")

#: Feed ids, which are the publishers' too.
FEEDS = ("alfa", "bravo", "charlie")

#: What secrets the settings below name.
ENVIRON = {
    "HOOK_SECRET": WEBHOOK_SECRET,
    "NTFY_TOKEN": TOKEN,
    "NTFY_TOPIC": "quiet-topic-91",
    "MAIL_PASSWORD": PASSWORD,
}

RULES = """\
rules:
  - name: azerbaijan-russia
    watch: {pair: [Azerbaijan, Russia]}
    when: {threshold: {count: 3, within: 24h}}
    severity: high
  - name: anyone-with-ukraine
    watch: {pair: [Ukraine, "*"]}
    when: {spike: {}}
"""


class _TimedWebhook(WebhookCounterpart):
    """Notes when each message came."""

    def __init__(self) -> None:
        super().__init__()
        self.times_s: list[float] = []

    def read(self, request: web.Request, body: bytes) -> Taken:
        taken = super().read(request, body)
        self.times_s.append(time.monotonic())
        return taken


class ServiceWorld:
    """Feeds and receivers in a thread of their own, inside the ``with`` block."""

    def __init__(self) -> None:
        self.webhook = _TimedWebhook()
        self.ntfy = NtfyCounterpart()
        self.smtp = SmtpCounterpart()
        self.pings = 0
        self._items: dict[str, list[tuple[str, datetime]]] = {feed: [] for feed in FEEDS}
        self._port = 0
        self._runner: web.AppRunner | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    async def _start(self) -> None:
        for counterpart in (self.webhook, self.ntfy, self.smtp):
            await counterpart.start()
        app = web.Application()
        app.router.add_get("/{feed}.xml", self._serve)
        app.router.add_get("/alive", self._alive)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = cast("tuple[str, int]", self._runner.addresses[0])[1]

    async def _stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()
        for counterpart in (self.webhook, self.ntfy, self.smtp):
            await counterpart.stop()

    async def _serve(self, request: web.Request) -> web.Response:
        feed = request.match_info["feed"]
        return web.Response(body=rss(feed, self._items[feed]), content_type="application/rss+xml")

    async def _alive(self, _request: web.Request) -> web.Response:
        self.pings += 1
        return web.Response(text="ok")

    def publish(self, feed: str, titles: Sequence[str], *, ago: timedelta = timedelta()) -> None:
        """Put items of these titles into ``feed``, dated ``ago``."""
        at = SystemClock().now() - ago
        self._items[feed] = [*((title, at) for title in titles), *self._items[feed]]

    def settings(self) -> str:
        """Return a settings file for this world."""
        feeds = "".join(
            f'[[feeds]]\nid = "{feed}"\nurl = "http://127.0.0.1:{self._port}/{feed}.xml"\ninterval = "1s"\n'
            for feed in FEEDS
        )
        return f"""\
allow_addresses = ["127.0.0.0/8"]
{feeds}
[polling]
host_gap = "0s"

[heartbeat]
url = "http://127.0.0.1:{self._port}/alive"
allow_addresses = ["127.0.0.0/8"]

[[receivers]]
type = "console"
name = "screen"

[[receivers]]
type = "webhook"
name = "hook"
url = "{self.webhook.base}/in"
secret_env = "HOOK_SECRET"
allow_addresses = ["127.0.0.0/8"]

[[receivers]]
type = "ntfy"
name = "push"
url = "{self.ntfy.base}"
topic_env = "NTFY_TOPIC"
token_env = "NTFY_TOKEN"
allow_addresses = ["127.0.0.0/8"]

[[receivers]]
type = "email"
name = "mail"
host = "localhost"
port = {self.smtp.port}
ca_file = "{CERTIFICATE}"
sender = "tocsin@example.org"
to = ["desk@example.org"]
user = "tocsin"
password_env = "MAIL_PASSWORD"
allow_addresses = ["127.0.0.0/8", "::1/128"]
"""

    def folder(self, path: Path) -> Path:
        """Make ``path`` a folder to run a service in."""
        (path / "rules").mkdir(parents=True)
        (path / "rules" / "desk.yaml").write_text(RULES)
        (path / "tocsin.toml").write_text(self.settings())
        return path

    def opened(self, rule: str, key: str) -> list[str]:
        """Return the message ids of the webhook's posts that tell of the opening of an alert."""
        events = [(taken.message_id or "", taken.json["data"].get("event") or {}) for taken in list(self.webhook.taken)]
        return [
            id_
            for id_, event in events
            if (event.get("event"), event.get("rule"), event.get("key")) == ("opened", rule, key)
        ]


def rss(feed: str, items: Sequence[tuple[str, datetime]]) -> bytes:
    """Return an RSS document of ``items``."""
    entries = "".join(
        f"<item><title>{escape(title)}</title><link>http://{feed}.example/{abs(hash(title))}</link>"
        f"<guid isPermaLink='false'>{feed}-{escape(title)}</guid><pubDate>{format_datetime(at)}</pubDate></item>"
        for title, at in items
    )
    head = f"<title>{feed.title()}</title><link>http://{feed}.example/</link><description>News</description>"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{entries}</channel></rss>'.encode()
