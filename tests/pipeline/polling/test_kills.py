"""A process that polls is killed (SIGKILL) between any two of its effects, and nothing is lost."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from schemas.reasons import EventTimeReason
from tests.pipeline.polling.desk import START, Desk, DeskMaker
from tests.pipeline.polling.server import Item, rss

NEWS = [Item("a", "Bridge opened", START - timedelta(hours=2)), Item("b", "Ferry late", START), Item("u", "Undated")]


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def log_url(request: pytest.FixtureRequest) -> str:
    """The address of a log nobody has used; empty: a file in the folder."""
    if request.param == "sqlite":
        return ""
    url: str = request.getfixturevalue("kafka_url")
    return url


async def process(folder: Path, url: str, point: str, log_url: str) -> int:
    module = "tests.pipeline.polling.killed_poller"
    running = await asyncio.create_subprocess_exec(sys.executable, "-m", module, str(folder), url, point, log_url)
    return await running.wait()


def test_killed_between_any_two_effects_every_article_is_written_and_known_afterwards(
    desks: DeskMaker, log_url: str
) -> None:
    async def go(desk: Desk) -> None:
        url = desk.server.url("/rss")
        desk.server.page("/rss", rss(NEWS), etag='"1"')

        assert await process(desks.folder, url, "before the append", log_url) == -signal.SIGKILL
        assert desk.records() == []

        assert await process(desks.folder, url, "between the append and the cursor", log_url) == -signal.SIGKILL
        assert desk.titles() == ["Bridge opened", "Ferry late", "Undated"]
        assert desk.store.feed_rows() == {}, "the cursor never gets ahead of the log"

        desk.server.page("/rss", rss([Item("d", "Port closed", START), *NEWS]), etag='"1"')
        assert await process(desks.folder, url, "after the cursor", log_url) == -signal.SIGKILL
        assert desk.titles()[3:] == ["Port closed"], "what the log has is known by it, and not written again"
        assert {a.event_time_reason for a in desk.articles() if a.title == "Undated"} == {EventTimeReason.BACKFILL}
        assert desk.row("daily").items_seen == 4

        desk.server.page("/rss", rss([Item("c", "Train on time"), *NEWS]), etag='"2"')
        assert await process(desks.folder, url, "nowhere", log_url) == 0
        assert desk.titles()[4:] == ["Train on time"]
        assert desk.articles()[-1].event_time_reason is EventTimeReason.MISSING, "the poll before it lacked it"
        assert len(desk.coverage()) == 1

    desks.run(go, log_url=log_url)


def test_killed_between_log_and_store_an_article_of_two_feeds_stays_one_whichever_is_asked_first_then(
    desks: DeskMaker, log_url: str
) -> None:
    """Each feed gives the article a guid of its own, and which of the two brings it first is another one after the kill."""

    async def go(desk: Desk) -> None:
        link = "http://news.example/2025/bridge"
        for name in ("one", "two"):
            desk.server.page(f"/{name}", rss([Item(f"of-{name}", "Bridge opened", START, link=link)]), etag='"1"')
        here, there = (desk.server.url(f"/{name}", host) for host, name in enumerate(("one", "two"), start=1))

        assert await process(desks.folder, here, "between the append and the cursor", log_url) == -signal.SIGKILL
        (article,) = desk.articles()
        assert desk.store.feed_rows() == {}

        desk.server.page("/one", status=503)
        assert await process(desks.folder, f"{here},{there}", "nowhere", log_url) == 0
        desk.server.page("/one", rss([Item("of-one", "Bridge opened", START, link=link)]), etag='"2"')
        assert await process(desks.folder, f"{here},{there}", "nowhere", log_url) == 0
        assert desk.articles() == [article]
        assert (desk.row("daily").items_seen, desk.row("daily1").items_seen) == (1, 1)

    desks.run(go, log_url=log_url)


def test_an_edit_of_what_was_left_behind_is_a_revision_of_it(desks: DeskMaker, log_url: str) -> None:
    async def go(desk: Desk) -> None:
        url, link = desk.server.url("/rss"), "http://news.example/2025/bridge"
        desk.server.page("/rss", rss([Item("a", "Bridge opened", START, link=link)]))
        assert await process(desks.folder, url, "between the append and the cursor", log_url) == -signal.SIGKILL
        desk.server.page("/rss", rss([Item("another guid", "Bridge opened by the minister", START, link=link)]))
        assert await process(desks.folder, url, "nowhere", log_url) == 0
        first, second = desk.articles()
        assert second.article_id == first.article_id
        assert second.observed_at == first.observed_at
        assert second.revision > first.revision
        assert (first.feed_id, second.feed_id) == ("daily", "daily")

    desks.run(go, log_url=log_url)
