"""Full texts over real connections: what is read, what is not and why, and that nobody waits for it beyond a bound."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import timedelta
from xml.sax.saxutils import escape

import pytest

from connectors.feeds import parsing
from connectors.feeds.parsing import FeedParser, NoTextError
from schemas.reasons import FeedState
from tests.pipeline.polling.desk import MINUTE, Desk, DeskMaker
from tests.unit.feeds.test_page_text import PAGE, PARAGRAPH

HTML = {"Content-Type": "text/html; charset=utf-8"}
NO_ROBOTS = "User-agent: *\nDisallow:"


def linked(*items: tuple[str, str], summary: str = "Ministers met.") -> str:
    """Return a feed of (guid, link)."""
    entries = "".join(
        f"<item><guid isPermaLink='false'>{guid}</guid><title>News {guid}</title><link>{escape(link)}</link>"
        f"<description>{escape(summary)}</description></item>"
        for guid, link in items
    )
    return f"<rss version='2.0'><channel><title>Daily</title>{entries}</channel></rss>"


def texts(desk: Desk) -> dict[str, str]:
    return {article.title: article.text for article in desk.articles()}


def test_the_article_behind_the_link_becomes_the_text_and_is_asked_for_once(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        robots = desk.server.page("/robots.txt", NO_ROBOTS)
        page = desk.server.page("/a", PAGE, headers=HTML)
        desk.server.page("/rss", linked(("a", desk.server.url("/a"))))
        desk.feed("daily", "/rss", full_text=True)
        desk.feed("plain", "/rss", host=2, source="other")
        assert await desk.poll() == 2
        full, plain = sorted(desk.articles(), key=lambda article: article.feed_id)
        assert PARAGRAPH.strip() in full.text
        assert full.summary == plain.summary == "Ministers met."
        assert plain.text == ""
        assert full.content_hash != plain.content_hash
        desk.server.page("/rss", linked(("a", desk.server.url("/a")), ("b", desk.server.url("/b"))))
        assert await desk.poll(after=15 * MINUTE) == 2
        assert (len(page.requests), len(robots.requests)) == (1, 1)
        assert page.requests[0]["User-Agent"] == "Tocsin (feed reader)"
        assert "1 of 1 entries have no full text (the page cannot be had: 1)" in desk.row("daily").state_reason
        desk.tell()
        desk.job._poller.beat(desk.clock.now())
        beat = desk.store.heartbeats()["poll"]
        assert (beat[1]["full_texts"], beat[1]["no_full_text_unreachable"]) == (1, 1)

    desks.run(go)


def test_an_edited_item_is_read_again_and_a_page_that_changed_alone_is_no_edit(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/a", PAGE, headers=HTML)
        desk.server.page("/rss", linked(("a", desk.server.url("/a"))))
        desk.feed("daily", "/rss", full_text=True)
        await desk.poll()
        page = desk.server.page("/a", PAGE.replace("Geneva", "Vienna"), headers=HTML)
        desk.server.page("/rss", linked(("a", desk.server.url("/a"))) + " ")
        assert await desk.poll(after=15 * MINUTE) == 0
        desk.server.page("/rss", linked(("a", desk.server.url("/a")), summary="Ministers have met."))
        assert await desk.poll(after=15 * MINUTE) == 1
        first, second = desk.articles()
        assert first.article_id == second.article_id
        assert ("Geneva" in first.text, "Vienna" in second.text, len(page.requests)) == (True, True, 2)

    desks.run(go)


def test_each_item_whose_page_cannot_be_used_goes_on_with_its_summary_and_a_reason(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        server = desk.server
        server.page("/robots.txt", "User-agent: Tocsin\nDisallow: /closed")
        server.page("/open", PAGE, headers=HTML)
        closed = server.page("/closed/1", PAGE, headers=HTML)
        server.page("/leads", status=302, headers={"Location": "/closed/1"})
        server.page("/film", b"\x00" * 100, headers={"Content-Type": "video/mp4"})
        server.page("/empty", "<html><body></body></html>", headers=HTML)
        server.page("/wall", f"<html><body><article><p>{PARAGRAPH}</p></article></body></html>", headers=HTML)
        server.page("/down", status=500)
        server.page("/large", b" " * 6_000_000, headers=HTML)
        server.page("/inside", status=302, headers={"Location": "http://10.0.0.1/"})
        paths = ("open", "closed/1", "leads", "film", "empty", "wall", "down", "large", "inside", "missing")
        links = [(path, server.url(f"/{path}")) for path in paths]
        server.page("/rss", linked(*links, ("private", "http://192.168.0.1/x"), ("none", ""), summary=PARAGRAPH * 2))
        desk.feed("daily", "/rss", full_text=True)
        assert await desk.poll() == 12
        assert [title for title, text in texts(desk).items() if text] == ["News open"]
        assert not closed.requests
        assert {article.summary for article in desk.articles()} == {(PARAGRAPH * 2).strip()}
        said = desk.row("daily").state_reason
        for reason in (
            "robots.txt forbids it: 2",
            "its robots.txt cannot be had: 2",
            "no web page: 1",
            "no text found in it: 2",
            "no link: 1",
            "no longer than what the feed has: 1",
            "the page cannot be had: 2",
        ):
            assert reason in said
        assert desk.row("daily").state is FeedState.OK

    desks.run(go)


def test_a_robots_file_that_cannot_be_had_forbids_and_is_asked_for_again_later(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        robots = desk.server.page("/robots.txt", status=503)
        desk.server.page("/a", PAGE, headers=HTML)
        links = [(name, desk.server.url("/a")) for name in "abcd"]
        desk.server.page("/rss", linked(*links[:2]))
        desk.feed("daily", "/rss", full_text=True)
        await desk.poll()
        assert (len(robots.requests), set(texts(desk).values())) == (1, {""})
        desk.server.page("/robots.txt", NO_ROBOTS)
        desk.server.page("/rss", linked(*links[:3]))
        await desk.poll(after=15 * MINUTE)
        assert texts(desk)["News c"]
        desk.server.page("/robots.txt", "User-agent: *\nDisallow: /")
        desk.server.page("/rss", linked(*links[:3]) + " ")
        await desk.poll(after=timedelta(hours=23))
        desk.server.page("/rss", linked(*links))
        await desk.poll(after=timedelta(hours=2))
        assert (len(robots.requests), texts(desk)["News d"]) == (3, "")

    desks.run(go)


def test_a_robots_file_leads_to_no_private_address_and_to_no_other_service(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        secret = desk.server.page("/secret", "User-agent: *\nDisallow:")
        pages = []
        targets = (f"http://127.0.0.1:{desk.server.port}/secret", "http://127.0.0.2:22/")
        for number, target in enumerate(targets):
            desk.server.page("/robots.txt", status=302, headers={"Location": target})
            pages.append(desk.server.page(f"/{number}", PAGE, headers=HTML))
            desk.server.page("/rss", linked((str(number), desk.server.url(f"/{number}", host=2))))
            if not number:
                desk.feed("daily", "/rss", host=2, full_text=True)
            await desk.poll(after=25 * 60 * MINUTE * number)
        assert secret.requests == []
        assert pages[0].requests == [], "nobody knows what it allows"

    desks.run(go, allowed=["127.0.0.2/32"])


def test_a_page_that_asks_for_patience_gets_it_for_the_feeds_of_its_host(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/robots.txt", NO_ROBOTS)
        page = desk.server.page("/a", status=429, headers={"Retry-After": "3600"})
        desk.server.page("/rss", linked(("a", desk.server.url("/a")), ("b", desk.server.url("/a"))))
        beside = desk.server.page("/beside", linked(("c", desk.server.url("/a"))))
        desk.feed("daily", "/rss", full_text=True)
        desk.feed("beside", "/beside", interval=5 * MINUTE)
        await desk.poll()
        asked = len(beside.requests)
        await desk.poll(after=59 * MINUTE)
        assert (len(beside.requests), len(page.requests)) == (asked, 1)
        await desk.poll(after=2 * MINUTE)
        assert len(beside.requests) == asked + 1

    desks.run(go)


def test_pages_keep_the_pace_of_their_host_and_the_rest_waits_no_longer_than_is_allowed(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.set(host_gap_s=5.0, pages_s=0.5)
        page = desk.server.page("/a", PAGE, headers=HTML)
        desk.server.page("/rss", linked(*[(name, desk.server.url("/a")) for name in "abc"]))
        desk.feed("daily", "/rss", full_text=True)
        assert await desk.poll() == 3, "the clock of the hosts stands still: their turn does not come"
        assert not page.requests
        assert "too many at once: 3" in desk.row("daily").state_reason

    desks.run(go)


def test_a_page_that_never_answers_delays_neither_other_feeds_nor_coverage(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.set(pages_s=30.0)
        held = asyncio.Event()
        desk.server.page("/slow", PAGE, headers=HTML, held=held)
        desk.server.page("/a", PAGE, headers=HTML)
        desk.server.page("/rss", linked(("slow", desk.server.url("/slow", host=3)), ("a", desk.server.url("/a"))))
        desk.server.page("/other", linked(("o", desk.server.url("/a"))))
        desk.feed("daily", "/rss", full_text=True)
        desk.feed("other", "/other")
        polling = asyncio.create_task(desk.poll())
        while len(desk.articles()) < 1:
            await asyncio.sleep(0.01)
        desk.tell()
        assert [line.feed_id for line in desk.coverage()[-1].feeds if line.polls_succeeded] == ["other"]
        assert desk.titles() == ["News o"]
        held.set()
        assert await polling == 3
        assert all(text for title, text in texts(desk).items() if title != "News o")

    desks.run(go)


def test_a_stop_does_not_wait_for_pages(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        held = asyncio.Event()
        page = desk.server.page("/slow", PAGE, headers=HTML, held=held)
        desk.server.page("/rss", linked(("slow", desk.server.url("/slow"))))
        desk.feed("daily", "/rss", full_text=True)
        polling = asyncio.create_task(desk.poll())
        while not page.in_flight:
            await asyncio.sleep(0.01)
        polling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await polling
        assert desk.articles() == []
        held.set()
        assert await desk.poll(after=MINUTE) == 1

    desks.run(go)


def test_a_killed_worker_costs_the_page_its_text_and_nothing_else(
    runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go() -> None:
        async with FeedParser() as parser:
            assert "Geneva" in await parser.text_of_page("daily", PAGE.encode())
            (worker,) = parser._workers
            costly = b"<p>" + b"<b>x " * 400_000
            asking = asyncio.create_task(parser.text_of_page("daily", costly))
            await asyncio.sleep(0)
            while worker.documents < 2:
                await asyncio.sleep(0)
            os.kill(worker.pid, signal.SIGKILL)
            with pytest.raises(NoTextError, match="killed by SIGKILL"):
                await asking
            assert "Geneva" in await parser.text_of_page("daily", PAGE.encode())
            monkeypatch.setattr(parsing, "MAX_ANSWER_BYTES", 100)
            with pytest.raises(NoTextError, match="more than 100 bytes"):
                await parser.text_of_page("daily", PAGE.encode())

    runner.run(go())
