"""The job on its own: rounds, a minute's coverage, signs of life, patience, a clean stop. The clock is moved by the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

import pytest

from pipelines.poll import PollJob
from schemas.article import Article
from schemas.coverage import Coverage
from schemas.errors import LogUnavailableError, StoreUnavailableError
from tests.pipeline.polling.breaking import BreakingLog, BreakingStore
from tests.pipeline.polling.desk import MINUTE, START, Desk, DeskMaker
from tests.pipeline.polling.server import Item, rss

NEWS = [Item("a", "Bridge opened", START - timedelta(hours=2)), Item("b", "Ferry late", START - timedelta(hours=1))]


@asynccontextmanager
async def running(desk: Desk, job: PollJob) -> AsyncIterator[asyncio.Task[None]]:
    """Run ``job`` while inside, then stop it: it must end by itself."""
    stop = asyncio.Event()
    task = asyncio.create_task(job.run(stop))
    try:
        yield task
    finally:
        stop.set()
        await asyncio.wait_for(task, 120)


async def until(
    true: Callable[[], bool], task: asyncio.Task[None], desk: Desk, *, passing: timedelta = timedelta()
) -> None:
    """Wait until it is ``true``, letting so much time of the clock pass at each look."""
    while not true():
        assert not task.done(), task
        await asyncio.sleep(0.01)
        desk.clock.advance_to(desk.clock.now() + passing)


def quick(desk: Desk) -> None:
    desk.set(tick_s=0.01, linger_s=0.02, clock_retry_s=0.05, longest_retry_s=0.05)


def test_the_collector_rests_while_it_polls(desks: DeskMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    @contextmanager
    def noted() -> Iterator[None]:
        told.append("rests")
        yield
        told.append("as before")

    monkeypatch.setattr("pipelines.poll.seldom_collected", noted)
    monkeypatch.setattr("pipelines.poll.Tidying.took", lambda _, records: told.append(f"{records} told"))

    async def go(desk: Desk) -> None:
        quick(desk)
        desk.server.page("/rss", rss(NEWS))
        desk.feed("daily", "/rss")
        async with running(desk, desk.job) as task:
            await until(lambda: len(desk.coverage()) == 1, task, desk)
        assert told == ["rests", "1 told", "as before"], "it looks at everything after so many records of coverage"
        told.clear()

    desks.run(go)


def test_it_polls_tells_each_minute_and_ends_with_a_last_word(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        quick(desk)
        desk.server.page("/rss", rss(NEWS))
        desk.feed("daily", "/rss")
        async with running(desk, desk.job) as task:
            await until(lambda: len(desk.coverage()) == 1, task, desk)
            assert [type(record) for _, record in desk.records()] == [Article, Article, Coverage], (
                "first the first round"
            )
            for minute in range(1, 4):
                desk.clock.advance_to(START + minute * MINUTE)
                while len(desk.coverage()) <= minute:
                    assert not task.done()
                    await asyncio.sleep(0.01)
            at, detail = desk.store.heartbeats()["poll"]
            assert at == START + 3 * MINUTE
            assert detail == {"feeds": 1, "failing": 0, "articles": 2, "gaps": 0}
            desk.clock.advance_to(START + 3.5 * MINUTE)
        told = desk.coverage()
        assert [record.at for record in told] == [START + n * MINUTE for n in (0, 1, 2, 3, 3.5)]

    desks.run(go)


def test_a_slow_host_holds_up_neither_the_next_rounds_nor_coverage_nor_the_end(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        quick(desk)
        slow = desk.server.page("/slow", rss(NEWS), held=asyncio.Event())
        page = desk.server.page("/rss", rss(NEWS))
        desk.feed("slow", "/slow")
        desk.feed("daily", "/rss", host=2, interval=MINUTE)
        async with running(desk, desk.job) as task:
            await until(lambda: len(page.requests) > 3, task, desk, passing=timedelta(seconds=10))
            await until(lambda: len(desk.coverage()) > 3, task, desk, passing=timedelta(seconds=10))
            assert len(slow.requests) == 1
        assert desk.row("daily").items_seen == 2

    desks.run(go)


def test_log_and_store_go_away_and_come_back(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        quick(desk)
        desk.server.page("/rss", rss(NEWS))
        desk.feed("daily", "/rss")
        log = BreakingLog(desk.log, before=LogUnavailableError("the log is away"))
        store = BreakingStore(desk.store, error=StoreUnavailableError("the store is away"))
        async with running(desk, desk.new_job(log=log, store=store)) as task:
            await until(lambda: log.tries > 3, task, desk)
            log.before = None
            await until(lambda: len(desk.articles()) == 2, task, desk)
            store.error = None
            await until(lambda: "poll" in desk.store.heartbeats(), task, desk, passing=timedelta(seconds=1))
        assert len(desk.articles()) == 2
        assert desk.row("daily").items_seen == 2

    desks.run(go)


def test_a_wrong_clock_is_no_crash_and_polling_goes_on_when_it_is_right(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        quick(desk)
        pages = [desk.server.page(f"/rss{n}", rss([Item(f"{n}", f"News {n}", START)])) for n in range(3)]
        for number in range(3):
            desk.feed(f"feed{number}", f"/rss{number}", host=number + 1)
        desk.server.clock_offset = timedelta(hours=1)
        async with running(desk, desk.job) as task:
            await until(lambda: all(len(page.requests) > 2 for page in pages), task, desk)
            assert desk.records() == []
            desk.server.clock_offset = timedelta()
            await until(lambda: len(desk.articles()) == 3, task, desk)
            await until(lambda: "poll" in desk.store.heartbeats(), task, desk)

    desks.run(go)
