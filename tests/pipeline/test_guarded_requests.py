"""Feeds, the pages behind their entries and outgoing webhooks: what each connects to, however an address is spelled and wherever
a redirect leads, and that none of them tells a secret of an address."""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Protocol

import pytest
from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from connectors.channels.open import open_channel
from connectors.channels.settings import ChannelSettings
from connectors.clock import SystemClock
from connectors.feeds.cursor import FeedCursor
from connectors.feeds.fetch import Fetcher, FetchLimits
from connectors.feeds.settings import FeedSettings
from connectors.feeds.wire import WireDocument, WireEntry
from connectors.feeds.wire_fields import web_address
from pipelines.polling.host_pace import HostPace
from pipelines.polling.line import Line, Places
from pipelines.polling.looking import Failed, look_at
from pipelines.polling.pages import PageReader, PageTools
from tests.contract.channels.messages import message
from tests.pipeline.polling.test_hostile_servers import (
    Talk,
    endless_body,
    endless_chunk_size,
    endless_headers,
    endless_preliminaries,
    no_http,
    one_endless_header,
    one_huge_chunk,
    silence,
    slow_body,
    slow_headers,
)
from tests.pipeline.polling.test_hostile_servers import serving as answering
from tests.unit.feeds.test_address_guard import REFUSED


async def a_head_and_nothing_more(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    await writer.drain()
    while not writer.is_closing():
        await asyncio.sleep(0.05)


TALKS = [
    a_head_and_nothing_more,
    *(slow_headers, endless_headers, one_endless_header, endless_preliminaries, slow_body, silence, endless_body),
    *(one_huge_chunk, endless_chunk_size, no_http),
]
#: What of them begins with a whole head that says 200.
AFTER_THE_STATUS = {a_head_and_nothing_more, slow_body, silence, endless_body, one_huge_chunk, endless_chunk_size}
LIMITS = FetchLimits(total_s=2.5, connect_s=1.0, silence_s=1.0)
#: Where our own server lies; nothing else may be connected to.
HERE = "127.0.0.2"
CLOCK = SystemClock()


class User(Protocol):
    """Somebody who asks for an address that others wrote."""

    def __init__(self, allowed: Iterable[str], feed_address: str) -> None: ...

    async def ask(self, url: str) -> str:
        """Return what is said of it: empty where all went well."""
        ...

    async def close(self) -> None: ...


class Feed:
    def __init__(self, allowed: Iterable[str], feed_address: str) -> None:
        self._fetcher = Fetcher(CLOCK, allowed_networks=tuple(allowed), limits=LIMITS)

    async def parse(self, name: str, body: bytes, *, url: str, content_type: str | None = None) -> WireDocument:
        return WireDocument(form="rss20")

    async def ask(self, url: str) -> str:
        try:
            feed = FeedSettings(id="daily", url=url)
        except ValidationError as error:
            return str(error.errors()[0]["msg"])
        look = await look_at(feed, FeedCursor(), self._fetcher, self, CLOCK.now())
        return look.finding.reason if isinstance(look.finding, Failed) else ""

    async def close(self) -> None:
        await self._fetcher.close()


class Page:
    def __init__(self, allowed: Iterable[str], feed_address: str) -> None:
        self._fetcher = Fetcher(CLOCK, allowed_networks=tuple(allowed), limits=LIMITS)
        tools = PageTools(self._fetcher, self)
        self._reader = PageReader(tools, HostPace(0.0), Line[None](Places(9), 9), CLOCK, longest_s=10.0)
        self._feed_address = feed_address

    async def text_of_page(self, name: str, body: bytes, *, content_type: str | None = None) -> str:
        return "The whole text."

    async def ask(self, url: str) -> str:
        read = await self._reader.read("daily", self._feed_address, {"a": WireEntry(link=web_address(url))})
        return "" if read.texts else ", ".join(read.missed)

    async def close(self) -> None:
        await self._fetcher.close()


class Webhook:
    def __init__(self, allowed: Iterable[str], feed_address: str) -> None:
        self._allowed = list(allowed)

    async def ask(self, url: str) -> str:
        values = {"type": "webhook", "name": "desk", "url_env": "HOOK", "format": "alertmanager", "timeout_s": 5}
        settings: ChannelSettings = TypeAdapter(ChannelSettings).validate_python(
            {**values, "allow_addresses": self._allowed}
        )
        try:
            channel = open_channel(settings, clock=CLOCK, environ={"HOOK": url})
        except Exception as error:  # noqa: BLE001 - whatever it is, people read it.
            return str(error)
        outcome = await channel.send(message())
        await channel.close()
        return "" if outcome.result == "delivered" else f"{outcome.result}: {outcome.detail}"

    async def close(self) -> None:
        """Each message had a channel of its own."""


users = pytest.mark.parametrize("make", [Feed, Page, Webhook], ids=["feed", "page", "webhook"])
followers = pytest.mark.parametrize("make", [Feed, Page], ids=["feed", "page"])

#: Hosts as they may stand in an address, each of which leads (or would lead) to a machine nobody may ask.
SPELLED = [
    *(f"[{address}]" if ":" in address else address for address in REFUSED if address and " " not in address),
    *("localhost", "LOCALHOST.", "2130706433", "017700000001", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.1"),
    *("127.0.1", "0", "0.0.0.0.", "%31%32%37.0.0.1", "１２７.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "٠.٠.٠.٠"),
    *("public.example@127.0.0.1", f"{HERE}@127.0.0.1", f"127.0.0.1\\@{HERE}"),
]


class Connections:
    """What sockets of this loop are connected to; all but our own server answers that nobody is there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        self.made: list[str] = []
        connect = loop.sock_connect

        async def sock_connect(sock: socket.socket, address: tuple[str, int]) -> None:
            self.made.append(address[0])
            if address[0] != HERE:
                raise ConnectionRefusedError(111, "Connection refused")
            await connect(sock, address)

        monkeypatch.setattr(loop, "sock_connect", sock_connect, raising=False)


@asynccontextmanager
async def serving(to: dict[str, str]) -> AsyncIterator[tuple[str, list[str]]]:
    """Serve on :data:`HERE`, with redirects ``to`` elsewhere by path; yield the address and the paths that were asked for."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/robots.txt":
            return web.Response(status=404)
        asked.append(request.path)
        if request.path in to:
            return web.Response(status=302, headers={"Location": to[request.path]})
        return web.Response(text="<html></html>", content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HERE, 0).start()
    try:
        yield f"http://{HERE}:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


@users
def test_where_it_is_allowed_each_of_them_connects(make: type[User], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without this, none of the others would show anything."""

    async def go() -> None:
        connections = Connections(monkeypatch)
        async with serving({}) as (base, asked):
            user = make([f"{HERE}/32"], base)
            assert await user.ask(f"{base}/a") == ""
            await user.close()
        assert asked == ["/a"]
        assert set(connections.made) == {HERE}

    asyncio.run(go())


@users
@pytest.mark.parametrize("host", SPELLED)
def test_no_private_address_is_connected_to_in_any_spelling(
    make: type[User], host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go() -> None:
        connections = Connections(monkeypatch)
        user = make([f"{HERE}/32"], "http://news.example/rss")
        assert await user.ask(f"http://{host}/x")
        await user.close()
        assert connections.made == []

    asyncio.run(go())


@followers
@pytest.mark.parametrize(("host", "hops"), [*((host, 1) for host in SPELLED), *((host, 3) for host in SPELLED[::9])])
def test_no_hop_of_a_redirect_leads_to_a_private_address(
    make: type[User], host: str, hops: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go() -> None:
        connections = Connections(monkeypatch)
        paths = [f"/{number}" for number in range(hops)]
        targets = [*paths[1:], f"http://{host}/x"]
        async with serving(dict(zip(paths, targets, strict=True))) as (base, asked):
            user = make([f"{HERE}/32"], base)
            assert await user.ask(f"{base}/0")
            await user.close()
        assert asked == paths
        assert set(connections.made) == {HERE}

    asyncio.run(go())


def test_a_webhook_follows_no_redirect_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        connections = Connections(monkeypatch)
        async with serving({"/0": "/1"}) as (base, asked):
            assert "redirect is not followed" in await Webhook([f"{HERE}/32"], base).ask(f"{base}/0")
        assert asked == ["/0"]
        assert set(connections.made) == {HERE}

    asyncio.run(go())


@users
def test_a_name_is_judged_where_the_socket_goes_each_time(make: type[User], monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        connections = Connections(monkeypatch)
        answers = iter([HERE, "127.0.0.1", "10.1.2.3", "169.254.169.254"] * 4)
        told: list[str] = []

        def getaddrinfo(host: str, port: int, **_: object) -> list[object]:
            told.append(next(answers))
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (told[-1], port))]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        user = make([f"{HERE}/32"], "http://rebinding.example/rss")
        for number in range(8):
            await user.ask(f"http://rebinding{number}.example/")
        await user.close()
        assert len(told) >= 4
        assert set(connections.made) == {HERE}, "the other addresses were told by the resolver and not connected to"

    asyncio.run(go())


@users
@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "FILE:/etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:25/", "data:,x", "//host"]
)
def test_what_is_no_web_address_is_not_asked_for(make: type[User], url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        connections = Connections(monkeypatch)
        async with serving({"/0": url}) as (base, asked):
            user = make([f"{HERE}/32"], base)
            assert await user.ask(url)
            assert connections.made == []
            if url != "//host":
                assert await user.ask(f"{base}/0")
                assert asked == ["/0"]
            await user.close()
        assert set(connections.made) <= {HERE}

    asyncio.run(go())


@followers
@pytest.mark.parametrize("port", [22, 25, 6379, 8080, 11211])
def test_others_lead_to_no_other_service_of_a_machine_that_may_be_asked(
    make: type[User], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go() -> None:
        connections = Connections(monkeypatch)
        async with serving({"/0": f"http://127.0.0.3:{port}/"}) as (base, _):
            user = make(["127.0.0.0/8"], base)
            assert await user.ask(f"{base}/0")
            if make is Page:  # Entries are somebody else's words; the addresses of feeds and webhooks are our own.
                assert await user.ask(f"http://127.0.0.3:{port}/")
            await user.close()
        assert set(connections.made) == {HERE}

    asyncio.run(go())


@pytest.mark.parametrize("make", [Page, Webhook], ids=["page", "webhook"])  # Feeds have tests of their own.
@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.__name__)
def test_an_answer_without_end_is_over_in_bounded_time_and_memory(make: type[User], talk: Talk) -> None:
    async def go() -> None:
        async with answering(talk) as (port, requests):
            base = f"http://127.0.0.1:{port}"
            user = make(["127.0.0.0/8"], base)
            before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            said = await asyncio.wait_for(user.ask(f"{base}/a"), 60)
            await user.close()
            grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
        assert requests
        assert grown_kb < 64_000
        # A receiver that has said 200 has taken the message in, whatever it says after that: it is not sent again.
        assert bool(said) is not (make is Webhook and talk in AFTER_THE_STATUS)

    asyncio.run(go())


@users
def test_no_secret_of_an_address_is_told(
    make: type[User], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "hidden-word"

    async def go() -> list[str]:
        Connections(monkeypatch)
        onward = {
            "/elsewhere": f"http://user:{secret}@10.1.2.3/?token={secret}",
            "/ring": "/ring",
            "/other-port": f"//user:{secret}@127.0.0.1:1/?token={secret}",
            "/no-web": f"ftp://user:{secret}@127.0.0.1/",
        }
        said = []
        async with serving(onward) as (base, _):
            user = make([f"{HERE}/32"], base)
            for place in (f"{base}/ok", *(f"{base}{path}" for path in onward), "http://127.0.0.1/", "http://[bad/"):
                said.append(await user.ask(f"{place}?api_key={secret}"))
                said.append(await user.ask(place.replace("http://", f"http://user:{secret}@")))
            await user.close()
        return said

    with caplog.at_level(logging.DEBUG):
        said = asyncio.run(go(), debug=False)
    assert sum(map(bool, said)) >= 10, "most of it goes wrong, in words"
    assert secret not in "\n".join(said)
    assert secret not in caplog.text
