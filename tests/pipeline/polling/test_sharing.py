"""Two pollers on one log and one store: each feed is asked by one of them, one tells coverage, a dead one is replaced."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from alerts.coverage import CoverageBook
from pipelines.poll import PollJob
from pipelines.polling.membership import Membership
from schemas.errors import FatalError, StoreUnavailableError
from schemas.ids import hour_of
from tests.pipeline.polling.breaking import BreakingStore, DeafStore
from tests.pipeline.polling.desk import MINUTE, START, Desk, DeskMaker
from tests.pipeline.polling.server import Item, Page, rss
from tests.pipeline.polling.test_folders import lines, put, row

SECOND = timedelta(seconds=1)
HOSTS = 24


def feeds_of_many_hosts(desk: Desk) -> list[Page]:
    pages = []
    for host in range(1, HOSTS + 1):
        pages.append(desk.server.page(f"/{host}", rss([Item(f"n{host}", f"News {host}", START - MINUTE)]), etag='"1"'))
        desk.feed(f"feed{host}", f"/{host}", host=host, interval=5 * MINUTE)
    return pages


async def live(desk: Desk, jobs: list[PollJob], minutes: int, *, every: timedelta = 10 * SECOND) -> None:
    """Let ``jobs`` poll and tell for so long, each in its turn."""
    until = desk.clock.now() + minutes * MINUTE
    told_at = {id(job): desk.clock.now() for job in jobs}
    while desk.clock.now() < until:
        desk.clock.advance_to(desk.clock.now() + every)
        for job in jobs:
            await job.poll_due(desk.clock.now())
            if desk.clock.now() - told_at[id(job)] >= MINUTE:
                told_at[id(job)] = desk.clock.now()
                job.write_coverage(desk.clock.now())


def test_two_share_the_feeds_and_one_tells_for_both(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        pages = feeds_of_many_hosts(desk)
        desk.set(jitter=0.0)
        jobs = [desk.new_job(name=name) for name in ("one", "two")]
        await live(desk, jobs, 21)
        asked = [len(page.requests) for page in pages]
        assert set(asked) <= {4, 5}, "nobody asks for what the other has asked for"
        parts = [job._poller._member.held for job in jobs]
        assert parts[0].isdisjoint(parts[1])
        assert all(len(mine) > 16 for mine in parts)
        told = desk.coverage()
        assert len(told) == 21, "one a minute, whoever tells it"
        for before, after in pairwise(told):
            assert after.since == before.at
        assert sum(line.polls_due for record in told for line in record.feeds) == sum(asked)
        book = CoverageBook()
        for record in told:
            book.apply(record)
        assert [book.exposure(f"feed{n}", hour_of(START)) for n in range(1, HOSTS + 1)] == [1.0] * HOSTS

    desks.run(go)


def test_what_one_had_that_was_killed_the_other_takes_over_after_the_lease(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        pages = feeds_of_many_hosts(desk)
        desk.set(jitter=0.0)
        one, two = (desk.new_job(name=name) for name in ("one", "two"))
        await live(desk, [one, two], 7)
        before = [len(page.requests) for page in pages]
        killed_at = desk.clock.now()
        await live(desk, [two], 6)  # The first one never comes back.
        assert all(len(page.requests) > count for page, count in zip(pages, before, strict=True))
        told = [record for record in desk.coverage() if record.at > killed_at]
        assert told[-1].at == desk.clock.now()
        assert told[0].full, "who tells for the first time names all"
        for earlier, later in pairwise(desk.coverage()):
            assert later.since == earlier.at, "no time is left out and none is told twice"
        with_it = await one.poll_due(desk.clock.now())
        assert with_it == 0, "it wakes up, and nothing is its own any more"

    desks.run(go)


def test_who_leaves_is_replaced_at_once(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        feeds_of_many_hosts(desk)
        one, two = (desk.new_job(name=name) for name in ("one", "two"))
        await live(desk, [one, two], 2)
        one._poller.leave()
        await live(desk, [two], 1)
        assert len(two._poller._member.held) == 65

    desks.run(go)


def test_coverage_waits_for_what_another_has_read_and_not_written(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        feeds_of_many_hosts(desk)
        one, two = (desk.new_job(name=name) for name in ("one", "two"))
        await live(desk, [one, two], 3)
        stood_at = desk.clock.now()
        desk.clock.advance_to(stood_at + 20 * SECOND)  # The second one stands still, and is not dead yet.
        one.write_coverage(desk.clock.now())
        assert desk.coverage()[-1].at <= stood_at
        desk.clock.advance_to(stood_at + 2 * MINUTE)
        one.write_coverage(desk.clock.now())
        assert desk.coverage()[-1].at == stood_at + 2 * MINUTE

    desks.run(go)


def test_two_processes_under_one_name_are_told_so(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", rss([Item("a", "Bridge opened", START)]))
        desk.feed("daily", "/rss")
        former = desk.job
        await desk.poll()
        desk.again()
        await desk.poll(after=MINUTE)
        with pytest.raises(FatalError, match="another process polls under the name 'poll'"):
            former.write_coverage(desk.clock.now())

    desks.run(go)


def test_many_feeds_that_redirect_to_one_host_keep_its_pace(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.set(host_gap_s=5.0)
        shared = [desk.server.page(f"/to/{n}", rss([Item(f"n{n}", f"News {n}", START)])) for n in range(4)]
        for number in range(4):
            target = desk.server.url(f"/to/{number}", host=9)
            desk.server.page(f"/from/{number}", status=302, headers={"Location": target})
            desk.feed(f"feed{number}", f"/from/{number}", host=number + 1)
        asked = []
        for _ in range(5):
            await desk.poll()
            asked.append(sum(len(page.requests) for page in shared))
            desk.clock.advance_to(desk.clock.now() + 5 * SECOND)
        assert asked == [1, 2, 3, 4, 4]
        assert len(desk.articles()) == 4
        desk.tell()
        assert sum(line.polls_due for line in desk.coverage()[-1].feeds) == 4, "who waits was not polled"

    desks.run(go)


def test_what_a_folder_of_another_poller_has_brought_is_known_and_a_store_that_is_away_costs_nothing(
    desks: DeskMaker, tmp_path: Path
) -> None:
    async def go(desk: Desk) -> None:
        desk.set(jitter=0.0)
        feeds_of_many_hosts(desk)
        desk.watch("wire", tmp_path)
        stores = {name: DeafStore(desk.store, "wire") for name in ("one", "two")}
        jobs = {name: desk.new_job(name=name, store=store) for name, store in stores.items()}
        await live(desk, list(jobs.values()), 2)
        (away,) = [name for name, job in jobs.items() if "wire" not in job._poller._roster]
        number = next(n for n in range(1, HOSTS + 1) if f"feed{n}" in jobs[away]._poller._roster)
        link = "http://news.example/2025/bridge"
        put(tmp_path, "a.jsonl", lines(row("of the folder", guid="f", url=link, source=f"feed{number}")))
        await live(desk, list(jobs.values()), 1)
        (known,) = [a.article_id for a in desk.articles() if a.title == "News of the folder"]
        desk.server.page(f"/{number}", rss([Item("g", "Bridge opened", START, link=link)]), etag='"2"')
        stores[away].error, asked = StoreUnavailableError("away"), stores[away].asked
        with pytest.raises(StoreUnavailableError):
            await live(desk, [jobs[away]], 6)
        assert stores[away].asked > asked
        stores[away].error = None
        await live(desk, list(jobs.values()), 6)
        (article,) = [a for a in desk.articles() if a.title == "Bridge opened"]
        assert (article.article_id, article.feed_id) == (known, "wire")

    desks.run(go)


def test_what_one_wrote_and_could_not_keep_before_it_was_killed_is_known_to_its_heir(desks: DeskMaker) -> None:
    """The article is in the log, its feed is away when the other poller has it, and a feed of the same publisher brings it."""

    async def go(desk: Desk) -> None:
        desk.set(jitter=0.0)
        feeds_of_many_hosts(desk)
        for name, host in (("here", 31), ("there", 32)):
            desk.server.page(f"/{name}", rss([Item("old", "Old news", START - MINUTE)]))
            desk.feed(name, f"/{name}", host=host, source="publisher", interval=5 * MINUTE)
        stores = {name: BreakingStore(desk.store) for name in ("one", "two")}
        jobs = {name: desk.new_job(name=name, store=store) for name, store in stores.items()}
        await live(desk, list(jobs.values()), 4)
        (doomed,) = [name for name, job in jobs.items() if "here" in job._poller._roster]
        (heir,) = [job for name, job in jobs.items() if name != doomed]
        link = "http://news.example/2025/bridge"
        desk.server.page("/here", rss([Item("of-here", "Bridge opened", START, link=link)]))
        desk.server.page("/there", status=503)
        stores[doomed].error = StoreUnavailableError("away")
        with pytest.raises(StoreUnavailableError):
            await live(desk, list(jobs.values()), 2)
        (article,) = [a for a in desk.articles() if a.title == "Bridge opened"]
        desk.server.page("/here", status=503)
        desk.server.page("/there", rss([Item("of-there", "Bridge opened", START, link=link)]))
        await live(desk, [heir], 12)
        assert "there" in heir._poller._roster
        assert [a for a in desk.articles() if a.title == "Bridge opened"] == [article]

    desks.run(go)


def test_one_article_in_two_feeds_of_one_publisher_is_one_however_many_poll(desks: DeskMaker) -> None:
    """The feeds lie on two hosts and give each article guids of their own; each publisher's feeds are with one poller."""

    async def go(desk: Desk) -> None:
        desk.set(jitter=0.0)
        for number in range(1, 9):
            link = f"http://news.example/{number}/bridge"
            for host, guid in ((number, "here"), (number + 10, "there")):
                news = [Item(f"{guid}-{number}", f"Bridge {number}", START - MINUTE, link=link)]
                desk.server.page(f"/{host}", rss(news))
                desk.feed(f"feed{host}", f"/{host}", host=host, source=f"publisher{number}")
        jobs = [desk.new_job(name=name) for name in ("one", "two")]
        await live(desk, jobs, 2)
        asked = [
            {feed.publisher.id for feed in job._poller._feeds.values() if feed.id in job._poller._roster}
            for job in jobs
        ]
        assert all(asked)
        assert asked[0].isdisjoint(asked[1])
        assert sorted(desk.titles()) == [f"Bridge {number}" for number in range(1, 9)]

    desks.run(go)


def test_who_slept_past_its_lease_writes_nothing_of_what_another_has_by_then(desks: DeskMaker) -> None:
    """A request is on its way as it falls asleep, alone; the other comes, takes everything, and reads the same."""

    async def go(desk: Desk) -> None:
        desk.set(jitter=0.0)
        held = asyncio.Event()
        page = desk.server.page("/rss", rss([Item("a", "Bridge opened", START)]), held=held)
        desk.feed("daily", "/rss", interval=5 * MINUTE)
        asleep, heir = desk.new_job(name="asleep"), desk.new_job(name="heir")
        polling = asyncio.create_task(asleep.poll_due(desk.clock.now()))
        while not page.in_flight:
            await asyncio.sleep(0.001)
        page.held = None
        for _ in range(8):
            desk.clock.advance_to(desk.clock.now() + 10 * SECOND)
            await heir.poll_due(desk.clock.now())
        assert desk.titles() == ["Bridge opened"]
        held.set()
        assert await polling == 0
        assert desk.titles() == ["Bridge opened"]
        assert "daily" in heir._poller._roster

    desks.run(go)


@pytest.mark.parametrize("words", ["Bridge opened", "Bridge opened by the minister"])
def test_who_falls_asleep_between_its_last_look_at_the_lease_and_the_log_makes_no_second_article(
    desks: DeskMaker, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can keep it from appending then. It is a revision, and an article counts once whatever its revisions are."""

    async def go(desk: Desk) -> None:
        desk.set(jitter=0.0)
        held = asyncio.Event()
        page = desk.server.page("/rss", rss([Item("a", words, START)]), held=held)
        desk.feed("daily", "/rss", interval=5 * MINUTE)
        asleep, heir = desk.new_job(name="asleep"), desk.new_job(name="heir")
        polling = asyncio.create_task(asleep.poll_due(desk.clock.now()))
        while not page.in_flight:
            await asyncio.sleep(0.001)
        page.held = None
        monkeypatch.setattr(Membership, "late", False)  # It looked just before.
        desk.server.page("/rss", rss([Item("a", "Bridge opened", START)]))
        for _ in range(8):
            desk.clock.advance_to(desk.clock.now() + 10 * SECOND)
            await heir.poll_due(desk.clock.now())
        page.body, body = rss([Item("a", words, START)]).encode(), page.body
        held.set()
        assert await polling == 1
        page.body = body
        first, second = desk.articles()
        assert second.article_id == first.article_id
        assert second.revision > first.revision
        assert (second.event_time, second.event_time_reason) == (first.event_time, first.event_time_reason)
        assert ("daily" in asleep._poller._roster, "daily" in heir._poller._roster) == (False, True)

    desks.run(go)
