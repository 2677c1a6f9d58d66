"""Every request to a host keeps its pace, whatever it is for: feeds, redirects within a host and back to one, robots.txt, pages.
Who waits for it takes no place of others."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

from tests.pipeline.polling.desk import MINUTE, START, Desk, DeskMaker
from tests.pipeline.polling.server import Item, rss

SECOND = timedelta(seconds=1)
GAP = 5 * SECOND
PARAGRAPH = "The ministers met in Geneva and spoke for six hours about the bridge, the ferry and the port. " * 8
PAGE = f"<html><body><article><h1>Talks</h1><p>{PARAGRAPH}</p><p>{PARAGRAPH}</p></article></body></html>"
HTML = {"Content-Type": "text/html; charset=utf-8"}


def by_host(desk: Desk) -> dict[str, list[datetime]]:
    """Return when each host was asked."""
    times: defaultdict[str, list[datetime]] = defaultdict(list)
    for host, at in desk.server.asked:
        times[host].append(at)
    return times


def assert_paced(desk: Desk) -> None:
    for host, times in by_host(desk).items():
        assert all(later - earlier >= GAP for earlier, later in pairwise(times)), f"{host}: {times}"


def news(name: str, link: str = "") -> str:
    return rss([Item(name, f"News {name}", START - MINUTE, link=link)])


def leads(desk: Desk, path: str, to: str, status: int = 302) -> None:
    desk.server.page(path, status=status, headers={"Location": to})


def test_redirects_within_a_host_and_back_to_it_keep_its_pace(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.set(host_gap_s=GAP.total_seconds(), jitter=0.0)
        one, two = desk.server.url("", host=1), desk.server.url("", host=2)
        for number, way in enumerate(
            [
                ["/plain"],
                ["/within", f"{one}/within-2", f"{one}/within-3"],
                ["/away", f"{two}/away-2"],
                ["/back", f"{two}/back-2", f"{one}/back-3"],
            ]
        ):
            paths = [way[0], *(address.removeprefix(one).removeprefix(two) for address in way[1:])]
            for path, following in zip(paths, way[1:], strict=False):
                leads(desk, path, following)
            desk.server.page(paths[-1], news(f"of {way[0]}"), etag=f'"{number}"')
            desk.feed(f"feed{number}", way[0])
        for _ in range(60):
            await desk.poll(after=SECOND)
        assert sorted(desk.titles()) == sorted(f"News of {path}" for path in ("/plain", "/within", "/away", "/back"))
        assert_paced(desk)
        assert [len(page.requests) for page in desk.server.pages.values()] == [1] * 9, "each hop is gone on from"
        assert {row.state_reason for row in desk.store.feed_rows().values()} == {""}

    desks.run(go)


def test_what_a_redirect_was_waited_for_is_believed_as_any_other(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.set(host_gap_s=GAP.total_seconds(), jitter=0.0)
        leads(desk, "/old", desk.server.url("/new"), status=301)
        new = desk.server.page("/new", news("a"), etag='"1"')
        desk.feed("daily", "/old", interval=MINUTE)
        for _ in range(50):
            await desk.poll(after=6 * SECOND)
        assert len(desk.server.pages["/old"].requests) == 3
        assert len(new.requests) >= 4
        assert_paced(desk)

    desks.run(go)


def test_a_redirect_that_leads_round_and_round_ends(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.set(host_gap_s=GAP.total_seconds(), jitter=0.0)
        leads(desk, "/round", desk.server.url("/round"))
        desk.feed("daily", "/round")
        for _ in range(40):
            await desk.poll(after=SECOND)
        assert "more than 5 redirects" in desk.row("daily").last_error
        assert len(desk.server.asked) == 6
        assert_paced(desk)

    desks.run(go)


def test_a_hop_that_was_waited_for_too_long_is_not_gone_on_from(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.set(host_gap_s=GAP.total_seconds(), jitter=0.0)
        leads(desk, "/old", desk.server.url("/new"))
        desk.server.page("/new", news("a"))
        desk.feed("daily", "/old")
        await desk.poll()
        await desk.poll(after=11 * MINUTE)
        assert [len(desk.server.pages[path].requests) for path in ("/old", "/new")] == [2, 0]
        await desk.poll(after=GAP)
        assert desk.titles() == ["News a"]

    desks.run(go)


def test_what_has_waited_for_a_place_is_sent_at_the_pace_of_its_host(desks: DeskMaker) -> None:
    """Both are promised their host five seconds apart, and get their places at the same moment."""

    async def go(desk: Desk) -> None:
        desk.set(host_gap_s=GAP.total_seconds(), jitter=0.0, max_in_flight=1, max_long=0)
        held = asyncio.Event()
        busy = desk.server.page("/busy", news("busy"), held=held)
        desk.feed("a", "/busy", host=9)  # The first in the line.
        for name in ("b", "c"):
            desk.server.page(f"/{name}", news(name))
            desk.feed(name, f"/{name}")
        first = asyncio.create_task(desk.poll())
        while not busy.in_flight:
            await asyncio.sleep(0.001)
        second = asyncio.create_task(desk.poll(after=GAP))
        await asyncio.sleep(0)
        desk.clock.advance_to(START + 2 * GAP)
        held.set()
        await asyncio.gather(first, second)
        assert by_host(desk)["127.0.0.1"] == [START + 2 * GAP]
        await desk.poll(after=GAP)
        assert sorted(desk.titles()) == ["News b", "News busy", "News c"]
        assert_paced(desk)

    desks.run(go)


def test_robots_pages_and_their_redirects_keep_the_pace_that_feeds_keep(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.set(host_gap_s=GAP.total_seconds(), jitter=0.0, pages_s=3_600.0)
        server = desk.server
        server.page("/robots.txt", "User-agent: *\nAllow: /")
        leads(desk, "/page", server.url("/page-2"))
        server.page("/page-2", PAGE, headers=HTML)
        server.page("/with", news("a", server.url("/page")))
        server.page("/beside", news("b"))
        desk.feed("with", "/with", full_text=True)
        desk.feed("without", "/beside")  # The second.
        polling = asyncio.create_task(desk.poll())
        while not polling.done():
            await asyncio.sleep(0.02)
            desk.clock.advance_to(desk.clock.now() + SECOND)
        await polling
        await desk.poll(after=GAP)
        assert {article.title: bool(article.text) for article in desk.articles()} == {"News a": True, "News b": False}
        assert len(desk.server.asked) == 5
        assert_paced(desk)

    desks.run(go)


def test_a_page_that_waits_for_its_host_holds_no_place(desks: DeskMaker) -> None:
    """Its host may have one request at a time, and a feed of it is asked while the page of another waits for its turn."""

    async def go(desk: Desk) -> None:
        desk.set(max_per_host=1, pages_s=3_600.0)
        server = desk.server
        server.page("/robots.txt", "User-agent: *\nAllow: /", status=200)
        leads(desk, "/page", server.url("/elsewhere", host=2))
        server.page("/elsewhere", PAGE, headers=HTML)
        server.page("/with", news("a", server.url("/page")))
        server.page("/beside", news("b"))
        held = asyncio.Event()
        occupied = server.page("/occupied", news("c"), held=held)
        desk.feed("with", "/with", full_text=True)
        desk.feed("occupied", "/occupied", host=2)
        polling = asyncio.create_task(desk.poll())
        while not (occupied.in_flight and server.pages["/page"].requests):
            await asyncio.sleep(0.001)
        # The page has been led to the host that is occupied; the one it came from is free again.
        sender = desk.job._poller._sender
        while not sender.enter("127.0.0.1"):
            await asyncio.sleep(0.001)
        sender.exit("127.0.0.1")
        assert not polling.done()
        held.set()
        await polling
        assert next(article.text for article in desk.articles() if article.title == "News a")

    desks.run(go)
