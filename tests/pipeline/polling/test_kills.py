"""A process that polls is killed (SIGKILL) between any two of its effects, and nothing is lost."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

from schemas.reasons import EventTimeReason
from tests.pipeline.polling.desk import START, Desk, DeskMaker
from tests.pipeline.polling.server import Item, rss

NEWS = [Item("a", "Bridge opened", START - timedelta(hours=2)), Item("b", "Ferry late", START), Item("u", "Undated")]


async def process(folder: Path, url: str, point: str) -> int:
    module = "tests.pipeline.polling.killed_poller"
    running = await asyncio.create_subprocess_exec(sys.executable, "-m", module, str(folder), url, point)
    return await running.wait()


def test_killed_between_any_two_effects_every_article_is_written_and_known_afterwards(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        url = desk.server.url("/rss")
        desk.server.page("/rss", rss(NEWS), etag='"1"')

        assert await process(desks.folder, url, "before the append") == -signal.SIGKILL
        assert desk.records() == []

        assert await process(desks.folder, url, "between the append and the cursor") == -signal.SIGKILL
        assert desk.titles() == ["Bridge opened", "Ferry late", "Undated"]
        assert desk.store.feed_rows() == {}, "the cursor never gets ahead of the log"

        assert await process(desks.folder, url, "after the cursor") == -signal.SIGKILL
        assert Counter(Counter(a.article_id for a in desk.articles()).values()) == {2: 3}, (
            "once more, under the same ids"
        )
        assert {a.event_time_reason for a in desk.articles() if a.title == "Undated"} == {EventTimeReason.BACKFILL}
        assert desk.row("daily").items_seen == 3

        desk.server.page("/rss", rss([Item("c", "Train on time"), *NEWS]), etag='"2"')
        assert await process(desks.folder, url, "nowhere") == 0
        assert desk.titles()[6:] == ["Train on time"]
        assert desk.articles()[-1].event_time_reason is EventTimeReason.MISSING, "the poll before it lacked it"
        assert len(desk.coverage()) == 1

    desks.run(go)
