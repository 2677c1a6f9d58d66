"""Log, store and clock fail, and nothing is lost, told too early or told wrongly."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.clock import ManualClock
from connectors.feeds.settings import FeedSettings
from connectors.log.open import open_log
from schemas.article import Article
from schemas.coverage import Coverage
from schemas.errors import ClockRefusedError, LogFullError, LogUnavailableError, StoreUnavailableError, UsageError
from schemas.ids import digest
from schemas.ports.log import Entry
from schemas.ports.store import FeedRow
from schemas.reasons import FeedState
from schemas.topics import ARTICLES
from tests.pipeline.polling.breaking import BreakingLog, BreakingStore
from tests.pipeline.polling.desk import MINUTE, START, Desk, DeskMaker
from tests.pipeline.polling.server import Item, rss

NEWS = [Item("a", "Bridge opened", START - timedelta(hours=2)), Item("b", "Ferry late", START - timedelta(hours=1))]
LATER = timedelta(minutes=15)


@pytest.mark.parametrize("error", [LogUnavailableError("the log is away"), LogFullError("no space")])
def test_while_the_log_is_away_what_was_read_waits_and_no_coverage_overtakes_it(
    desks: DeskMaker, error: Exception
) -> None:
    async def go(desk: Desk) -> None:
        page = desk.server.page("/rss", rss(NEWS))
        desk.feed("daily", "/rss")
        log = BreakingLog(desk.log, before=error)
        desk.made = desk.new_job(log=log)
        with pytest.raises(type(error)):
            await desk.poll()
        # Meanwhile the items leave the document: they were seen, so they are not lost.
        desk.server.page("/rss", rss([Item("c", "Train on time", START)]))
        with pytest.raises(type(error)):
            await desk.poll(after=MINUTE)
        with pytest.raises(type(error)):
            desk.tell()
        assert len(page.requests) == 1, "nobody is asked for what cannot be written"
        assert desk.records() == []
        log.before = None
        desk.tell()
        kinds = [type(record) for _, record in desk.records()]
        assert kinds == [Article, Article, Coverage]
        assert [a.observed_at for a in desk.articles()] == [START, START], "when they were seen, not when written"
        assert await desk.poll(after=LATER) == 1

    desks.run(go)


def test_a_full_disk_is_waited_out(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", rss([Item(f"n{n}", f"News {n}", START, "words " * 3000) for n in range(200)]))
        desk.feed("daily", "/rss")
        url = f"sqlite:///{desks.folder / 'log.sqlite'}"
        with open_log(f"{url}?max_pages=60", desk.clock) as small:
            log = BreakingLog(small)
            desk.made = desk.new_job(log=log)
            with pytest.raises(LogFullError):
                await desk.poll()
            assert desk.articles() == []
            log.log = desk.log  # As after somebody made room.
        assert await desk.poll() == 200

    desks.run(go)


def test_while_the_store_is_away_the_cursor_waits_and_the_articles_are_written_once(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", rss(NEWS))
        desk.feed("daily", "/rss")
        store = BreakingStore(desk.store, error=StoreUnavailableError("the store is away"))
        desk.made = desk.new_job(store=store)
        with pytest.raises(StoreUnavailableError):
            await desk.poll()
        assert len(desk.articles()) == 2
        store.error = None
        assert await desk.poll(after=LATER) == 0
        assert desk.row("daily").items_seen == 2

    desks.run(go)


def test_a_clock_that_servers_contradict_writes_nothing_until_it_is_right(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        for host in (1, 2, 3):
            desk.server.page(f"/rss{host}", rss([Item(f"n{host}", f"News {host}", START - MINUTE)]))
            desk.feed(f"feed{host}", f"/rss{host}", host=host)
        desk.server.clock_offset = timedelta(minutes=10)
        for _ in range(2):
            with pytest.raises(ClockRefusedError, match="600 s behind the clocks of 3 hosts"):
                await desk.poll(after=MINUTE)
            with pytest.raises(ClockRefusedError):
                desk.tell()
        assert desk.records() == []
        assert desk.store.feed_rows() == {}
        desk.server.clock_offset = timedelta(seconds=100)
        assert await desk.poll(after=MINUTE) == 3
        desk.tell()
        assert len(desk.coverage()) == 1

    desks.run(go)


def test_two_servers_with_wrong_clocks_prove_nothing(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.clock_offset = timedelta(hours=-3)
        for host in (1, 2):
            desk.server.page("/rss", rss(NEWS))
            desk.feed(f"feed{host}", "/rss", host=host, source="daily")
        assert await desk.poll() > 0

    desks.run(go)


def test_a_clock_behind_the_newest_record_is_refused_by_the_log(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        with open_log(f"sqlite:///{desks.folder / 'log.sqlite'}", ManualClock(START + LATER)) as ahead:
            ahead.append(ARTICLES, [Entry(0, b"{}")])
        page = desk.server.page("/rss", rss(NEWS))
        desk.feed("daily", "/rss")
        with pytest.raises(ClockRefusedError, match="behind the newest append time"):
            await desk.poll()
        assert desk.store.feed_rows() == {}
        assert len(page.requests) == 1
        desk.clock.advance_to(START + LATER)
        assert await desk.poll() == 2

    desks.run(go)


def test_a_damaged_cursor_starts_anew_and_says_so(desks: DeskMaker, caplog: pytest.LogCaptureFixture) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", rss(NEWS))
        desk.feed("daily", "/rss")
        row = FeedRow(feed_id="daily", url=desk.feeds[0].shown_url, state=FeedState.OK, cursor='{"known_text": 7}')
        desk.store.save_feeds([row])
        assert await desk.poll() == 2

    desks.run(go)
    assert "daily: its cursor cannot be read" in caplog.text


def test_more_feeds_than_a_record_can_name_are_refused_at_the_start(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        feeds = [
            FeedSettings(
                id=f"feed{n}", url="http://news.example/", name="".join(digest(str(n), str(k)) for k in range(6))
            )
            for n in range(10_000)
        ]
        desk.feeds = feeds
        with pytest.raises(UsageError, match="10,000 feeds are more than one record of coverage can name"):
            desk.new_job()
        desk.feeds = [feed.model_copy(update={"name": ""}) for feed in feeds]
        desk.new_job()

    desks.run(go)
