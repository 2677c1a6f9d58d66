"""Politeness and completeness over real connections: hosts, redirects, wishes of the server, what may be missed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.feeds.cursor import cursor_of
from schemas.reasons import FeedState
from tests.pipeline.polling.desk import MINUTE, START, Desk, DeskMaker
from tests.pipeline.polling.server import Item, rss

HOUR = timedelta(hours=1)
NEWS = [Item(f"n{n}", f"News {n}", START - n * HOUR) for n in range(1, 9)]


def test_a_host_is_asked_for_one_feed_at_a_time_and_the_longest_waiting_is_next(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.set(host_gap_s=5.0)
        pages = [desk.server.page(f"/{n}", rss(NEWS)) for n in range(3)]
        other = desk.server.page("/other", rss(NEWS))
        for number in range(3):
            desk.feed(f"feed{number}", f"/{number}")
        desk.feed("other", "/other", host=2)

        def asked() -> list[int]:
            return [len(page.requests) for page in pages]

        await desk.poll()
        assert (asked(), len(other.requests)) == ([1, 0, 0], 1)
        await desk.poll(after=timedelta(seconds=4))
        assert asked() == [1, 0, 0]
        await desk.poll(after=timedelta(seconds=1))
        await desk.poll(after=timedelta(seconds=5))
        assert asked() == [1, 1, 1]

    desks.run(go)


def test_what_one_feed_is_told_to_wait_its_host_is_told_also_after_a_restart(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        busy = desk.server.page("/busy", status=429, headers={"Retry-After": "3600"})
        calm = desk.server.page("/calm", rss(NEWS))
        desk.feed("busy", "/busy", interval=20 * MINUTE)
        desk.feed("calm", "/calm", interval=5 * MINUTE)
        desk.feed("elsewhere", "/calm", host=2, interval=5 * MINUTE)
        await desk.poll()
        asked = len(calm.requests)
        for _ in range(3):
            await desk.poll(after=10 * MINUTE)
            desk.again()
        assert len(busy.requests) == 1
        assert len(calm.requests) == asked + 3, "elsewhere only"
        assert desk.row("calm").next_poll_at == START + HOUR
        await desk.poll(after=31 * MINUTE)
        assert len(busy.requests) == 2

    desks.run(go)


@pytest.mark.parametrize("status", [403, 429])
def test_three_refusals_in_a_row_slow_the_whole_host_and_an_answer_ends_it(desks: DeskMaker, status: int) -> None:
    async def go(desk: Desk) -> None:
        desk.set(jitter=0.0)
        for number in range(3):
            desk.server.page(f"/{number}", rss(NEWS))
            desk.feed(f"feed{number}", f"/{number}", interval=10 * MINUTE)
        calm, elsewhere = (desk.server.page(path, rss(NEWS)) for path in ("/calm", "/elsewhere"))
        desk.feed("calm", "/calm", interval=12 * MINUTE)
        desk.feed("elsewhere", "/elsewhere", host=2, interval=12 * MINUTE)
        await desk.poll()
        for number in range(3):
            desk.server.page(f"/{number}", status=status)
        await desk.poll(after=10 * MINUTE)
        desk.again()
        await desk.poll(after=4 * MINUTE)
        assert (len(calm.requests), len(elsewhere.requests)) == (1, 2), "for five minutes, also after a restart"
        await desk.poll(after=MINUTE)
        assert len(calm.requests) == 2
        desk.server.page("/0", rss(NEWS))
        await desk.poll(after=5 * MINUTE)  # Of three one answers, whichever is heard first: two are no burst.
        assert desk.row("calm").next_poll_at == START + 27 * MINUTE

    desks.run(go)


def test_a_server_that_is_away_for_a_while_says_so_for_the_whole_host(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/away", status=503, headers={"Retry-After": "1800"})
        calm = desk.server.page("/calm", rss(NEWS))
        desk.feed("away", "/away")
        desk.feed("calm", "/calm", interval=5 * MINUTE)
        await desk.poll()
        asked = len(calm.requests)
        await desk.poll(after=29 * MINUTE)
        assert len(calm.requests) == asked
        await desk.poll(after=2 * MINUTE)
        assert len(calm.requests) == asked + 1

    desks.run(go)


def test_a_permanent_redirect_is_adopted_and_the_settings_are_asked_again_when_it_fails(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        away = desk.server.url("/new", host=3)
        old = desk.server.page("/old", status=301, headers={"Location": away})
        desk.server.page("/new", rss(NEWS))
        desk.feed("daily", "/old")
        for _ in range(5):
            await desk.poll(after=15 * MINUTE)
        assert len(old.requests) == 3
        assert cursor_of(desk.row("daily")).moved_to == away
        desk.again()
        desk.server.page("/new", status=404)
        desk.server.page("/old", rss([Item("x", "Here again", START), *NEWS]))
        await desk.poll(after=15 * MINUTE)
        assert "404" in desk.row("daily").last_error
        assert await desk.poll(after=15 * MINUTE) == 1
        assert desk.row("daily").state is FeedState.OK

    desks.run(go)


def test_a_passing_redirect_is_followed_each_time(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        old = desk.server.page("/old", status=302, headers={"Location": desk.server.url("/new", host=3)})
        desk.server.page("/new", rss(NEWS))
        desk.feed("daily", "/old")
        for _ in range(5):
            await desk.poll(after=15 * MINUTE)
        assert len(old.requests) == 5

    desks.run(go)


def test_after_a_day_of_not_modified_the_whole_document_is_asked_for(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        page = desk.server.page("/rss", rss(NEWS), etag='"stuck"')
        desk.feed("daily", "/rss")
        await desk.poll()
        # The server mistakes its new document for the old one.
        desk.server.page("/rss", rss([Item("x", "Unseen", START + HOUR), *NEWS]), etag='"stuck"')
        for _ in range(25):
            await desk.poll(after=HOUR)
        assert "Unseen" in desk.titles()
        conditional = ["If-None-Match" in request for request in page.requests]
        assert conditional == [False, *([True] * 24), False]

    desks.run(go)


@pytest.mark.parametrize(
    ("headers", "more", "wait"),
    [
        ({}, "", 15 * MINUTE),
        ({"Cache-Control": "public, max-age=3600"}, "", HOUR),
        ({"Cache-Control": "max-age=3600", "Age": "600"}, "", 50 * MINUTE),
        ({"Expires": "Wed, 22 Jan 2025 10:40:00 GMT"}, "", 40 * MINUTE),
        ({"Cache-Control": "no-cache", "Expires": "Wed, 22 Jan 2025 10:40:00 GMT"}, "", 15 * MINUTE),
        ({}, "<ttl>90</ttl>", 90 * MINUTE),
        ({}, "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>12</sy:updateFrequency>", 2 * HOUR),
        ({}, "<skipHours><hour>10</hour><hour>11</hour></skipHours>", 2 * HOUR),
        ({}, "<skipDays><day>Wednesday</day></skipDays>", 14 * HOUR),
    ],
    ids=["rhythm", "max-age", "age", "expires", "no-cache", "ttl", "sy", "hours", "days"],
)
def test_without_an_interval_a_feed_is_asked_by_its_rhythm_and_its_wishes(
    desks: DeskMaker, headers: dict[str, str], more: str, wait: timedelta
) -> None:
    async def go(desk: Desk) -> None:
        space = "<rss xmlns:sy='http://purl.org/rss/1.0/modules/syndication/' "
        body = rss(NEWS).replace("<rss ", space).replace("<item>", f"{more}<item>", 1)
        desk.server.page("/rss", body, headers=headers)
        desk.set(jitter=0.0)
        desk.feed("daily", "/rss", interval=None)
        desk.feed("obeyed", "/rss", interval=7 * MINUTE)
        await desk.poll()
        due_at = desk.row("daily").next_poll_at
        assert due_at is not None
        assert abs(due_at - START - wait) < timedelta(seconds=2)
        assert desk.row("obeyed").next_poll_at == START + 7 * MINUTE

    desks.run(go)


def test_a_probable_gap_is_logged_counted_and_shown(desks: DeskMaker, caplog: pytest.LogCaptureFixture) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", rss(NEWS))
        desk.feed("daily", "/rss", interval=None)
        await desk.poll()
        desk.server.page("/rss", rss([Item(f"m{n}", f"More {n}", START + (8 + n) * HOUR) for n in range(4)]))
        await desk.poll(after=12 * HOUR)
        assert "probably missed" in desk.row("daily").state_reason
        assert desk.row("daily").state is FeedState.OK
        desk.job.write_coverage(desk.clock.now())
        desk.made = desk.made or desk.new_job()
        desk.job._poller.beat(desk.clock.now())
        assert desk.store.heartbeats()["poll"][1]["gaps"] == 1

    desks.run(go)
    assert (
        "feed daily: entries between 2025-01-22 10:00:00 and 2025-01-22 18:00:00 UTC were probably missed;"
        " nothing polled it from 2025-01-22 " in caplog.text
    )
