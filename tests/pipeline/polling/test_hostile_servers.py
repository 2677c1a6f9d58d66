"""Servers that send what no feed is, too slowly, without end or from where nobody may read: a reason in bounded time, no
harm, no secret told."""

from __future__ import annotations

import asyncio
import gzip
import logging
import resource
import socket
import ssl
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from connectors.feeds.fetch import FetchLimits
from connectors.feeds.settings import FeedSettings
from schemas.reasons import FeedState
from tests.contract.channels.counterparts import server_tls
from tests.pipeline.polling.desk import MINUTE, START, Desk, DeskMaker
from tests.pipeline.polling.server import Item, rss

NEWS = [Item("a", "Bridge opened", START)]
LIMITS = FetchLimits(total_s=1.5, connect_s=1.0, silence_s=0.7, max_body_bytes=200_000)
#: More than the limits allow and far less than for ever; the machine may be loaded.
_PATIENCE_S = 30.0

Talk = Callable[[asyncio.StreamWriter], Awaitable[None]]


async def slow_headers(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def endless_headers(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"X-More: and more\r\n" * 1_000)
        await writer.drain()


async def one_endless_header(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not writer.is_closing():
        writer.write(b"x" * 65_536)
        await writer.drain()


async def endless_preliminaries(writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 10)
        await writer.drain()
        await asyncio.sleep(0.01)


async def slow_body(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def silence(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n<rss")
    await writer.drain()
    while not writer.is_closing():
        await asyncio.sleep(0.05)


async def endless_body(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"<item/>" * 10_000)
        await writer.drain()


async def one_huge_chunk(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n")
    while not writer.is_closing():
        writer.write(b"<item/>" * 10_000)
        await writer.drain()


async def endless_chunk_size(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;")
    while not writer.is_closing():
        writer.write(b"x" * 65_536)
        await writer.drain()


async def no_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2p1\r\n")
    await writer.drain()


@asynccontextmanager
async def serving(
    talk: Talk, *, tls: ssl.SSLContext | None = None, at: str = "127.0.0.1"
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Serve ``talk`` at an address; yield the port, and the requests as they come."""
    requests: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            requests.append(await reader.readuntil(b"\r\n\r\n"))
            talking, leaving = asyncio.ensure_future(talk(writer)), asyncio.ensure_future(reader.read(1))
            await asyncio.wait({talking, leaving}, return_when=asyncio.FIRST_COMPLETED)
            for task in (talking, leaving):
                task.cancel()
            await asyncio.gather(talking, leaving, return_exceptions=True)
        except (OSError, asyncio.IncompleteReadError):
            pass  # Who asked has had enough.
        finally:
            writer.close()

    async with await asyncio.start_server(answer, at, 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1], requests


@pytest.mark.parametrize(
    "talk",
    [
        slow_headers,
        endless_headers,
        one_endless_header,
        endless_preliminaries,
        slow_body,
        silence,
        endless_body,
        one_huge_chunk,
        endless_chunk_size,
        no_http,
    ],
    ids=lambda talk: talk.__name__,
)
def test_an_answer_without_end_is_a_reason_in_bounded_time_and_memory(desks: DeskMaker, talk: Talk) -> None:
    async def go(desk: Desk) -> None:
        async with serving(talk) as (port, _):
            desk.feeds.append(FeedSettings(id="bad", url=f"http://127.0.0.1:{port}/rss"))
            desk.server.page("/good", rss(NEWS))
            desk.feed("good", "/good", host=2)
            before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            assert await asyncio.wait_for(desk.poll(), _PATIENCE_S) == 1, "the good one does not suffer"
            grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
        row = desk.row("bad")
        assert row.state is FeedState.FAILING
        assert row.last_error
        assert grown_kb < 64_000

    desks.run(go, limits=LIMITS)


async def nobody(writer: asyncio.StreamWriter) -> None:
    raise AssertionError("the host is dead: it takes no connection")


@pytest.mark.parametrize(
    "talk", [nobody, silence, slow_headers, slow_body, endless_preliminaries], ids=lambda talk: talk.__name__
)
def test_who_is_dead_or_slow_or_never_ends_delays_nobody_else(
    desks: DeskMaker, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go(desk: Desk) -> None:
        loop = asyncio.get_running_loop()
        connect = loop.sock_connect

        async def sock_connect(sock: socket.socket, address: tuple[str, int]) -> None:
            if talk is nobody and address[0] == "127.0.0.9":
                await loop.create_future()  # Its packets go nowhere.
            await connect(sock, address)

        monkeypatch.setattr(loop, "sock_connect", sock_connect)
        desk.set(max_in_flight=3)
        async with serving(talk, at="127.0.0.9") as (port, requests):
            for number in range(6):
                desk.feeds.append(FeedSettings(id=f"bad{number}", url=f"http://127.0.0.9:{port}/{number}"))
            for number in range(3):
                desk.server.page(f"/{number}", rss([Item(f"g{number}", "Good", START)]))
                desk.feed(f"good{number}", f"/{number}", host=2 + number)
            polling = asyncio.create_task(desk.poll())
            while len(desk.articles()) < 3:
                assert not polling.done()
                await asyncio.sleep(0.01)
            assert not polling.done(), "it still waits for the bad ones"
            while talk is not nobody and len(requests) < 2:
                await asyncio.sleep(0.01)
            assert len(requests) == (0 if talk is nobody else 2)
            polling.cancel()
            await asyncio.gather(polling, return_exceptions=True)

    desks.run(go, limits=FetchLimits(total_s=3_600.0, connect_s=3_600.0, silence_s=3_600.0))


async def no_answer(writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("talk", [no_answer, silence], ids=lambda talk: talk.__name__)
def test_who_falls_silent_is_not_waited_for(desks: DeskMaker, talk: Talk) -> None:
    async def go(desk: Desk) -> None:
        async with serving(talk) as (port, _):
            desk.feeds.append(FeedSettings(id="bad", url=f"http://127.0.0.1:{port}/rss"))
            await asyncio.wait_for(desk.poll(), _PATIENCE_S)
        assert "fell silent" in desk.row("bad").last_error

    desks.run(go, limits=FetchLimits(total_s=3_600.0, connect_s=0.5, silence_s=0.5))


def test_who_sends_little_by_little_is_waited_for(desks: DeskMaker) -> None:
    body = rss(NEWS).encode()

    async def talk(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        step = len(body) // 12 + 1
        for at in range(0, len(body), step):  # In all, three times as long as it may be silent.
            writer.write(body[at : at + step])
            await writer.drain()
            await asyncio.sleep(0.15)

    async def go(desk: Desk) -> None:
        async with serving(talk) as (port, _):
            desk.feeds.append(FeedSettings(id="slow", url=f"http://127.0.0.1:{port}/rss"))
            assert await asyncio.wait_for(desk.poll(), 2 * _PATIENCE_S) == 1

    desks.run(go, limits=FetchLimits(total_s=3_600.0, connect_s=0.6, silence_s=0.6))


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip, gzip", gzip.compress(gzip.compress(rss(NEWS).encode()))),
        ("gzip", gzip.compress(gzip.compress(rss(NEWS).encode()))),
        ("identity", gzip.compress(rss(NEWS).encode())),
        ("compress-me-not", rss(NEWS).encode()[::-1]),
    ],
    ids=["told twice", "within", "not told", "unknown"],
)
def test_what_is_packed_twice_or_otherwise_than_told_is_no_feed(desks: DeskMaker, encoding: str, body: bytes) -> None:
    async def talk(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n"
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        await writer.drain()

    async def go(desk: Desk) -> None:
        async with serving(talk) as (port, _):
            desk.feeds.append(FeedSettings(id="packed", url=f"http://127.0.0.1:{port}/rss"))
            assert await desk.poll() == 0
        assert desk.row("packed").state is FeedState.FAILING
        assert desk.row("packed").last_error

    desks.run(go, limits=LIMITS)


#: 127.0.0.2 may be asked, where the feed lies, and nothing else.
ONLY = ("127.0.0.2/32",)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.1",
        "0",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001::1]",
        "public.example@127.0.0.1",
        "127.0.0.2@127.0.0.1",
        "127.0.0.1\\@127.0.0.2",
    ],
)
def test_a_redirect_reaches_a_private_address_in_no_spelling(desks: DeskMaker, host: str) -> None:
    async def go(desk: Desk) -> None:
        secret = desk.server.page("/secret", rss([Item("s", "Internal")]))
        target = f"http://{host}:{desk.server.port}/secret"
        desk.server.page("/rss", status=302, headers={"Location": target})
        desk.feed("daily", "/rss", host=2)
        assert await desk.poll() == 0
        assert secret.requests == []
        assert desk.row("daily").state is FeedState.FAILING

    desks.run(go, allowed=ONLY, limits=LIMITS)


def test_a_name_that_leads_elsewhere_at_each_question_is_judged_where_the_socket_goes(
    desks: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go(desk: Desk) -> None:
        page = desk.server.page("/rss", rss(NEWS))
        answers = iter(["127.0.0.2", "127.0.0.1", "127.0.0.1", "127.0.0.2"])
        asked: list[str] = []

        def getaddrinfo(host: str, port: int, **_: object) -> list[object]:
            asked.append(next(answers))
            return [(2, 1, 6, "", (asked[-1], port))]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        url = f"http://rebinding.example:{desk.server.port}/rss"
        desk.feeds.append(FeedSettings.model_validate({"id": "daily", "url": url, "interval": MINUTE}))
        desk.server.pages["/rss"].headers = {"Connection": "close"}
        for _ in range(4):
            await desk.poll(after=10 * MINUTE)
        assert asked == ["127.0.0.2", "127.0.0.1", "127.0.0.1", "127.0.0.2"]
        assert len(page.requests) == 2, "only where it led to what may be asked"

    desks.run(go, allowed=ONLY)


@pytest.mark.parametrize("port", [22, 25, 6379, 11211])
def test_a_redirect_leads_to_no_other_service(desks: DeskMaker, port: int) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", status=302, headers={"Location": f"http://127.0.0.3:{port}/"})
        desk.feed("daily", "/rss")
        await desk.poll()
        assert "to port" in desk.row("daily").last_error

    desks.run(go)


def test_headers_of_an_answer_put_nothing_into_the_next_request(desks: DeskMaker) -> None:
    async def talk(writer: asyncio.StreamWriter) -> None:
        body = rss(NEWS).encode()
        writer.write(
            b'HTTP/1.1 200 OK\r\nETag: "a\x0bX-Injected: 1"\r\nLast-Modified: b\x00X-Injected: 2\r\n'
            b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
        await writer.drain()

    async def go(desk: Desk) -> None:
        async with serving(talk) as (port, requests):
            desk.feeds.append(FeedSettings(id="odd", url=f"http://127.0.0.1:{port}/rss"))
            for _ in range(2):
                await desk.poll(after=60 * MINUTE)
        assert len(requests) == 2
        assert b"Injected" not in requests[1]

    desks.run(go, limits=LIMITS)


@pytest.mark.parametrize("location", ["/x%0d%0aX-Injected:%201", "/x\tX-Injected: 1", "http://127.0.0.1%0d%0aX: 1/"])
def test_a_redirect_puts_no_header_into_the_next_request(desks: DeskMaker, location: str) -> None:
    async def go(desk: Desk) -> None:
        first = True

        async def talk(writer: asyncio.StreamWriter) -> None:
            nonlocal first
            head = f"302 Found\r\nLocation: {location}" if first else "404 Not Found"
            first = False
            writer.write(f"HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()

        async with serving(talk) as (port, requests):
            desk.feeds.append(FeedSettings(id="odd", url=f"http://127.0.0.1:{port}/rss"))
            await desk.poll()
        assert all(b"\r\nX" not in request for request in requests)
        assert desk.row("odd").state is FeedState.FAILING

    desks.run(go, limits=LIMITS)


def old_tls() -> ssl.SSLContext:
    """Return the TLS side of a server that knows no version that is still thought safe."""
    context = server_tls()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def test_a_version_of_tls_that_is_no_longer_safe_is_no_connection(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        async with serving(no_http, tls=old_tls()) as (port, requests):
            desk.feeds.append(FeedSettings(id="old", url=f"https://127.0.0.1:{port}/rss"))
            await asyncio.wait_for(desk.poll(), _PATIENCE_S)
        assert requests == []
        assert desk.row("old").state is FeedState.FAILING

    desks.run(go)


def test_who_never_begins_tls_is_not_waited_for(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()  # Until whoever asked has had enough.
            writer.close()

        async with await asyncio.start_server(mute, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            desk.feeds.append(FeedSettings(id="mute", url=f"https://127.0.0.1:{port}/rss"))
            await asyncio.wait_for(desk.poll(), _PATIENCE_S)
        assert desk.row("mute").state is FeedState.FAILING

    desks.run(go, limits=FetchLimits(total_s=3_600.0, connect_s=0.5, silence_s=0.5))


def test_a_certificate_that_nobody_vouches_for_is_no_connection(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        async with serving(no_http, tls=server_tls()) as (port, requests), serving(no_http) as (plain_port, _):
            desk.feeds.append(FeedSettings(id="own", url=f"https://127.0.0.1:{port}/rss"))
            desk.feeds.append(FeedSettings(id="plain", url=f"https://127.0.0.1:{plain_port}/rss"))
            await asyncio.wait_for(desk.poll(), _PATIENCE_S)
        assert requests == [], "nothing is asked over such a connection"
        assert "no secure connection" in desk.row("own").last_error
        assert desk.row("plain").state is FeedState.FAILING

    desks.run(go, limits=LIMITS)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Location": "/rss"},
        {"Location": "//user:hidden-word@127.0.0.1:1/?token=hidden-word"},
        {"Location": "ftp://user:hidden-word@127.0.0.1/"},
        {"Location": "http://user:hidden-word@10.1.2.3/"},
    ],
    ids=["refused", "ring", "another port", "no web", "private"],
)
def test_no_secret_of_an_address_is_told(
    desks: DeskMaker, caplog: pytest.LogCaptureFixture, headers: dict[str, str]
) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", status=302 if headers else 403, headers=headers)
        url = desk.server.url("/rss?feed=1&api_key=hidden-word").replace("http://", "http://user:hidden-word@")
        desk.feeds.append(FeedSettings(id="daily", url=url))
        for _ in range(3):
            await desk.poll(after=60 * MINUTE)
        row = desk.row("daily")
        assert row.state is FeedState.FAILING
        assert "hidden-word" not in row.model_dump_json()
        assert "hidden-word" not in repr(desk.feeds[0].shown_url)
        assert "hidden-word" not in caplog.text

    with caplog.at_level(logging.DEBUG):
        desks.run(go, limits=LIMITS)


def test_what_opens_a_feed_stands_in_no_article_of_it(desks: DeskMaker) -> None:
    """Links that are relative are read from the feed's address."""
    links = ("/a", "b", "#c", "?d", "//news.example/e")
    items = "".join(f"<item><title>News {link}</title><link>{link}</link></item>" for link in links)

    async def go(desk: Desk) -> None:
        desk.server.page("/rss", f"<rss version='2.0'><channel><title>Daily</title>{items}</channel></rss>")
        url = desk.server.url("/rss?api_key=hidden-word").replace("http://", "http://user:hidden-word@")
        desk.feeds.append(FeedSettings(id="daily", url=url))
        assert await desk.poll() == len(links)
        assert all(article.url for article in desk.articles())
        assert not any("hidden-word" in article.model_dump_json() for article in desk.articles())

    desks.run(go)
