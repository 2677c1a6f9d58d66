"""A process that polls one feed once, and is killed at the point that its arguments name.

python -m tests.pipeline.polling.killed_poller FOLDER URL POINT, POINT one of "nowhere" and the names of :class:`Doomed`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from connectors.clock import SystemClock
from connectors.feeds.fetch import Fetcher
from connectors.feeds.parsing import FeedParser
from connectors.feeds.settings import FeedSettings
from connectors.log.open import open_log
from connectors.store.open import open_store
from pipelines.poll import PollJob
from schemas.ports.log import Entry, Log
from schemas.ports.store import FeedRow, Store
from schemas.topics import ARTICLES


class Doomed:
    """The log and the store of a process that is to die at ``point``."""

    def __init__(self, log: Log, store: Store, point: str) -> None:
        self._log = log
        self._store = store
        self._point = point

    def append(self, topic: str, entries: Sequence[Entry]) -> tuple[int, ...]:
        self._die("before the append")
        offsets = self._log.append(topic, entries)
        self._die("between the append and the cursor")
        return offsets

    def partitions(self, topic: str) -> int:
        return self._log.partitions(topic)

    def now_ms(self) -> int:
        return self._log.now_ms()

    def feed_rows(self) -> Mapping[str, FeedRow]:
        return self._store.feed_rows()

    def save_feeds(self, rows: Sequence[FeedRow]) -> None:
        self._store.save_feeds(rows)
        self._die("after the cursor")

    def beat(self, job: str, *, at: datetime, detail: Mapping[str, str | int | float]) -> None:
        self._store.beat(job, at=at, detail=detail)

    def heartbeats(self) -> Mapping[str, tuple[datetime, Mapping[str, str | int | float]]]:
        return self._store.heartbeats()

    def _die(self, point: str) -> None:
        if point == self._point:
            os.kill(os.getpid(), signal.SIGKILL)


async def main(folder: Path, url: str, point: str) -> None:
    clock = SystemClock()
    feed = FeedSettings(id="daily", url=url, interval=timedelta(seconds=1))
    fetcher = Fetcher(clock, allowed_networks=["127.0.0.0/8"])
    with open_log(f"sqlite:///{folder / 'log.sqlite'}", clock) as log:
        store = open_store(f"sqlite:///{folder / 'store.sqlite'}", migrate=False)
        log.create_topic(ARTICLES, 1)
        doomed = Doomed(log, store, point)
        async with FeedParser() as parser:
            job = PollJob(doomed, doomed, [feed], clock=clock, fetcher=fetcher, parser=parser)
            # A process that comes back after its feed's next poll was set still polls it at once: it is due by then.
            await job.poll_due(clock.now() + timedelta(minutes=1))
            job.write_coverage(clock.now())
    await fetcher.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
