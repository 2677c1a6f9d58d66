"""What comes of polling: articles, revisions, cursors and states, over real connections and a real parser."""

from __future__ import annotations

import asyncio
import gzip
import re
from datetime import timedelta
from email.utils import format_datetime

import pytest

from connectors.feeds.fetch import FetchLimits
from connectors.feeds.settings import FeedSettings
from schemas.reasons import EventTimeReason, FeedState
from tests.pipeline.polling.desk import MINUTE, START, Desk, DeskMaker
from tests.pipeline.polling.server import Item, Page, atom, rss

NEWS = [Item("a", "Bridge opened", START - timedelta(hours=2)), Item("b", "Ferry late", START - timedelta(hours=1))]
LATER = timedelta(minutes=15)


def test_rss_and_atom_become_articles(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", rss([Item("a", "Bridge <b>opened</b> & closed", START - MINUTE, "Twice.")]))
        desk.server.page("/atom", atom([Item("b", "Ferry late", START - 2 * MINUTE, "Again.")]))
        desk.feed("daily", "/rss", name="The Daily Invention", country="GBR", group="northern")
        desk.feed("times", "/atom")
        assert await desk.poll() == 2
        first, second = sorted(desk.articles(), key=lambda article: article.feed_id)
        assert (first.title, first.summary, first.guid) == ("Bridge opened & closed", "Twice.", "a")
        assert (first.url, first.language) == ("http://news.example/a", "en")
        assert (first.source.id, first.source.country, first.source.publisher) == ("daily", "GBR", "northern")
        assert (first.event_time, first.observed_at) == (START - MINUTE, START)
        assert first.event_time_reason is EventTimeReason.PUBLISHED
        assert (second.title, second.guid) == ("Ferry late", "tag:news.example,2025:b")
        row = desk.row("daily")
        assert (row.state, row.items_seen, row.last_success_at) == (FeedState.OK, 1, START)
        assert row.next_poll_at is not None
        assert START + timedelta(minutes=10) <= row.next_poll_at <= START + timedelta(minutes=12.5)

    desks.run(go)


def test_nothing_is_polled_before_it_is_due_and_nothing_known_is_written_again(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        page = desk.server.page("/rss", rss(NEWS))
        desk.feed("daily", "/rss")
        assert await desk.poll() == 2
        assert await desk.poll(after=5 * MINUTE) == 0
        assert len(page.requests) == 1
        desk.server.page("/rss", rss([Item("c", "Train on time", START + MINUTE), *NEWS]))
        assert await desk.poll(after=LATER) == 1
        assert desk.titles()[-1] == "Train on time"

    desks.run(go)


@pytest.mark.parametrize("answers", ["anew", "not modified", "not at all"])
def test_after_a_kill_no_feed_is_asked_before_its_time(desks: DeskMaker, answers: str) -> None:
    async def go(desk: Desk) -> None:
        page = desk.server.page("/rss", rss(NEWS), etag='"1"')
        desk.feed("daily", "/rss")
        await desk.poll()
        if answers == "anew":
            desk.server.page("/rss", rss([Item("c", "Train on time", START + MINUTE), *NEWS]))
        elif answers == "not at all":
            page.status = 500
        await desk.poll(after=LATER)
        assert len(page.requests) == 2
        due_at = desk.row("daily").next_poll_at
        assert due_at is not None
        for moment in (desk.clock.now() + MINUTE, due_at - timedelta(seconds=1)):
            desk.again()
            await desk.poll(after=moment - desk.clock.now())
            assert len(page.requests) == 2
            assert desk.row("daily").next_poll_at == due_at
        desk.again()
        await desk.poll(after=timedelta(seconds=1))
        assert len(page.requests) == 3

    desks.run(go)


def test_an_edit_is_a_revision_with_the_first_event_time(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", rss([Item("a", "Bridge opend", START - MINUTE)]))
        desk.feed("daily", "/rss")
        await desk.poll()
        # The edited item is stamped anew, as one in twelve real ones is.
        desk.server.page("/rss", rss([Item("a", "Bridge opened", START + 10 * MINUTE)]))
        assert await desk.poll(after=LATER) == 1
        first, second = desk.articles()
        assert second.article_id == first.article_id
        assert (second.title, second.event_time) == ("Bridge opened", START - MINUTE)
        assert (second.observed_at, second.revised_at) == (START, START + LATER)
        assert second.published_at == START + 10 * MINUTE
        assert second.revision > first.revision

    desks.run(go)


def test_undated_items_count_only_when_the_poll_before_lacked_them(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", rss([Item("a", "Perhaps old")]))
        desk.feed("daily", "/rss")
        await desk.poll()
        desk.server.page("/rss", rss([Item("b", "Surely new"), Item("a", "Perhaps old")]))
        await desk.poll(after=LATER)
        assert [(a.title, a.event_time_reason) for a in desk.articles()] == [
            ("Perhaps old", EventTimeReason.BACKFILL),
            ("Surely new", EventTimeReason.MISSING),
        ]

    desks.run(go)


def test_a_document_that_did_not_change_is_neither_sent_nor_parsed_again(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        tagged = desk.server.page("/tagged", rss(NEWS), etag='W/"1"')
        desk.server.page("/plain", rss(NEWS))
        desk.feed("tagged", "/tagged")
        desk.feed("plain", "/plain", source="other")
        assert await desk.poll() == 4
        before = desk.row("plain").cursor, desk.row("tagged").cursor
        assert await desk.poll(after=LATER) == 0
        assert sorted(desk.parser.parsed) == ["plain", "tagged"]
        assert tagged.requests[-1]["If-None-Match"] == 'W/"1"'
        assert (desk.row("plain").cursor, desk.row("tagged").cursor) == before, "not written again"
        for feed in ("plain", "tagged"):
            assert (desk.row(feed).state, desk.row(feed).last_success_at) == (FeedState.OK, START + LATER)
        desk.again()
        desk.server.page("/plain", rss([Item("c", "Undated"), *NEWS]))
        assert await desk.poll(after=LATER) == 1, "what was known is known after a restart"

    desks.run(go)


@pytest.mark.parametrize(
    "etag",
    ['W/"1"', '"a b,c"', "no quotes at all", '"; DROP"', '"мост"', '""', 'W/"' + "x" * 3_000 + '"'],
    ids=["weak", "blanks", "bare", "odd", "utf-8", "empty", "long"],
)
def test_validators_go_back_byte_for_byte_and_a_304_may_change_them(desks: DeskMaker, etag: str) -> None:
    modified = "Wed, 22-Jan-25 09:00:00 GMT (a date in no form)"
    heads = [("200 OK", etag, modified), ("304 Not Modified", f"{etag}+", f"{modified}+"), ("304 Not Modified", "", "")]
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        status, tag, date = heads[min(len(requests), len(heads)) - 1]
        body = rss(NEWS).encode() if status.startswith("200") else b""
        told = f"ETag: {tag}\r\nLast-Modified: {date}\r\n" if tag else ""
        head = f"HTTP/1.1 {status}\r\n{told}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        writer.close()

    async def go(desk: Desk) -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/rss"
            desk.feeds.append(FeedSettings.model_validate({"id": "daily", "url": url, "interval": 10 * MINUTE}))
            for _ in range(4):
                await desk.poll(after=LATER)
                desk.again()  # They are in the store.
        sent = [(_header(request, "If-None-Match"), _header(request, "If-Modified-Since")) for request in requests]
        first, second = (etag.encode(), modified.encode()), (f"{etag}+".encode(), f"{modified}+".encode())
        assert sent == [(None, None), first, second, second]

    desks.run(go)


def _header(request: bytes, name: str) -> bytes | None:
    found = re.search(rb"\r\n" + name.encode() + rb": ([^\r]*)\r\n", request)
    return found[1] if found else None


GZIP = {"Content-Encoding": "gzip"}


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (Page(status=500), "answered 500"),
        (Page(b"<html><body>Welcome</body></html>"), "a web page, not a feed"),
        (Page(rss(NEWS)[:120].encode()), "no entry can be read"),
        (Page(b""), "it is empty"),
        (Page(b"x" * 30_000), "more than 20,000 bytes"),
        (Page(gzip.compress(b" " * 5_000_000), headers=GZIP), "more than 20,000 bytes"),
        (Page(b"no gzip", headers=GZIP), "broke off"),
        (Page(status=302, headers={"Location": "http://10.1.2.3/feed"}), "allow_addresses"),
        (Page(status=302, headers={"Location": "file:///etc/passwd"}), "redirects to no web address"),
        (Page(status=302, headers={"Location": "/bad"}), "more than 5 redirects"),
    ],
    ids=["500", "web page", "broken off", "empty", "large", "bomb", "no gzip", "private address", "no address", "ring"],
)
def test_what_is_wrong_with_a_feed_is_a_state_people_can_read(desks: DeskMaker, page: Page, words: str) -> None:
    async def go(desk: Desk) -> None:
        desk.server.pages["/bad"] = page
        desk.server.page("/good", rss(NEWS))
        desk.feed("bad", "/bad")
        desk.feed("good", "/good", host=2)
        assert await desk.poll() == 2, "the good one does not suffer"
        row = desk.row("bad")
        assert row.state is FeedState.FAILING
        assert words in row.last_error
        assert words in row.state_reason
        assert row.consecutive_failures == 1
        desk.server.page("/bad", rss([Item("x", "Back again", START)]))
        assert await desk.poll(after=LATER) == 1
        row = desk.row("bad")
        assert (row.state, row.last_error, row.consecutive_failures) == (FeedState.OK, "", 0)

    desks.run(go, limits=FetchLimits(max_body_bytes=20_000))


def test_a_host_that_cannot_be_reached_is_failing_and_asked_ever_less(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        url = "http://user:secret@127.0.0.1:9/feed"
        desk.feeds.append(FeedSettings(id="gone", url=url, interval=timedelta(minutes=10)))
        waits = []
        for _ in range(6):
            await desk.poll()
            due_at = desk.row("gone").next_poll_at
            assert due_at is not None
            waits.append(due_at - desk.clock.now())
            desk.clock.advance_to(due_at)
        row = desk.row("gone")
        assert "no connection" in row.last_error
        assert "secret" not in row.model_dump_json()
        assert waits[0] < waits[2] < waits[3]
        assert max(waits) <= timedelta(minutes=50)

    desks.run(go)


@pytest.mark.parametrize("told", ["7200", format_datetime(START + LATER + timedelta(hours=2), usegmt=True)])
def test_a_server_that_asks_for_patience_gets_it_and_the_feed_says_so(desks: DeskMaker, told: str) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", rss(NEWS))
        desk.feed("daily", "/rss")
        await desk.poll()
        page = desk.server.page("/rss", status=429, headers={"Retry-After": told})
        await desk.poll(after=LATER)
        asked = len(page.requests)
        # With polls every ten minutes one failure is no news; two hours without any look are.
        assert desk.row("daily").state is FeedState.FAILING
        await desk.poll(after=timedelta(minutes=119))
        assert len(page.requests) == asked
        desk.server.page("/rss", rss(NEWS))
        await desk.poll(after=MINUTE)
        assert len(page.requests) == asked + 1
        assert desk.row("daily").state is FeedState.OK

    desks.run(go)


def test_a_feed_that_is_gone_for_good_is_left_alone_until_its_url_changes(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        page = desk.server.page("/old", status=410)
        desk.server.page("/new", rss(NEWS))
        desk.feed("daily", "/old")
        for _ in range(4):
            await desk.poll(after=timedelta(hours=3))
        assert len(page.requests) == 2
        assert desk.row("daily").state is FeedState.MUTED
        desk.again()
        desk.feeds = []
        desk.feed("daily", "/new")
        assert await desk.poll(after=MINUTE) == 2
        assert desk.row("daily").state is FeedState.OK

    desks.run(go)


def test_a_feed_that_left_the_settings_is_removed_and_its_cursor_waits(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", rss(NEWS))
        desk.feed("daily", "/rss")
        assert await desk.poll() == 2
        kept, desk.feeds = desk.feeds, []
        desk.again()
        desk.tell(after=LATER)
        assert desk.row("daily").state is FeedState.REMOVED
        desk.feeds = kept
        desk.again()
        assert await desk.poll(after=LATER) == 0, "all of it is known"
        assert desk.row("daily").state is FeedState.OK

    desks.run(go)


def test_a_redirect_is_followed_without_the_password(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        away = desk.server.url("/new", host=3)
        desk.server.page("/rss", status=301, headers={"Location": away})
        page = desk.server.page("/new", rss(NEWS))
        url = desk.server.url("/rss").replace("http://", "http://user:secret@")
        desk.feeds.append(FeedSettings(id="daily", url=url))
        assert await desk.poll() == 2
        assert "Authorization" not in page.requests[0]
        assert "Authorization" in desk.server.pages["/rss"].requests[0]

    desks.run(go)


def test_a_slow_host_delays_nobody_else_and_gets_two_requests_at_a_time(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        held = asyncio.Event()
        slow = desk.server.page("/slow", rss(NEWS), held=held)
        desk.server.page("/quick", rss([Item("q", "Quick", START)]))
        for number in range(5):
            desk.feed(f"slow{number}", "/slow")
        for number in range(6):
            desk.feed(f"quick{number}", "/quick", host=2)
        desk.set(max_in_flight=4)
        polling = asyncio.create_task(desk.poll())
        while len(desk.articles()) < 6:
            assert not polling.done()
            await asyncio.sleep(0.01)
        assert {article.title for article in desk.articles()} == {"Quick"}
        assert desk.job is not None
        held.set()
        assert await polling == 6 + 10
        assert slow.most_in_flight == 2

    desks.run(go)


def test_a_feed_is_never_polled_twice_at_a_time(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        slow = desk.server.page("/slow", rss(NEWS), held=asyncio.Event())
        desk.server.page("/rss", rss(NEWS))
        desk.feed("slow", "/slow")
        desk.feed("daily", "/rss", host=2)
        first = asyncio.create_task(desk.poll())
        while len(desk.articles()) < 2:
            await asyncio.sleep(0.01)
        page = desk.server.page("/rss", rss(NEWS), held=asyncio.Event())
        second = asyncio.create_task(desk.poll(after=LATER))
        while page.in_flight < 1:
            await asyncio.sleep(0.01)
        assert slow.held is not None
        assert page.held is not None
        slow.held.set()
        await first  # Of the round that began before; what the second one polls is still on its way.
        third = asyncio.create_task(desk.poll())
        assert await third == 0
        page.held.set()
        await second
        assert page.most_in_flight == 1

    desks.run(go)


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.1 200 OK\r\nETag: "\xe9\xff"\r\nLast-Modified: \xfe\r\nContent-Type: text/\xe9\r\n',
        b"HTTP/1.1 302 Found\r\nLocation: /\xe9\xff/rss\r\n",
        b"HTTP/1.1 200 OK\r\nRetry-After: \xe9\r\nDate: \xe9\r\nAge: \xe9\r\n",
    ],
    ids=["validators", "redirect", "times"],
)
def test_headers_that_are_no_text_harm_nothing(desks: DeskMaker, answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = rss(NEWS).encode()
        writer.write(answer + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        writer.close()

    async def go(desk: Desk) -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            desk.feeds.append(FeedSettings(id="odd", url=f"http://127.0.0.1:{port}/rss"))
            for _ in range(2):
                await desk.poll(after=LATER)
        row = desk.row("odd")
        assert row.state in (FeedState.OK, FeedState.FAILING)
        assert row.model_dump_json()
        assert len(desk.articles()) == (2 if row.state is FeedState.OK else 0)

    desks.run(go)
