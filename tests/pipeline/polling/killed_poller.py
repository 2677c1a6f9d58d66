"""A process that polls one feed once, and is killed at the point that its arguments name.

python -m tests.pipeline.polling.killed_poller FOLDER URL POINT, POINT "nowhere" or one that :class:`Doomed` is asked about;
URL may be `folder:PATH`, a folder to watch.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path

from connectors.clock import SystemClock
from connectors.feeds.fetch import Fetcher
from connectors.feeds.parsing import FeedParser
from connectors.feeds.settings import FeedSettings
from connectors.folders.scan import FolderScanner
from connectors.folders.settings import FolderSettings
from connectors.log.open import open_log
from connectors.store.open import open_store
from pipelines.poll import PollJob
from pipelines.polling.folder_inlet import FolderInlet
from schemas.ports.log import Entry, Log
from schemas.ports.pollers import PollProgress
from schemas.ports.store import Store
from schemas.topics import ARTICLES
from tests.pipeline.polling.breaking import StoreFront


class Doomed:
    """When a process is to die."""

    def __init__(self, point: str) -> None:
        self._point = point

    def die(self, point: str) -> None:
        if point == self._point:
            os.kill(os.getpid(), signal.SIGKILL)


class DoomedLog:
    """The log of such a process."""

    def __init__(self, log: Log, doom: Doomed) -> None:
        self._log = log
        self._doom = doom

    def append(self, topic: str, entries: Sequence[Entry]) -> tuple[int, ...]:
        self._doom.die("before the append")
        offsets = self._log.append(topic, entries)
        self._doom.die("between the append and the cursor")
        return offsets

    def partitions(self, topic: str) -> int:
        return self._log.partitions(topic)

    def now_ms(self) -> int:
        return self._log.now_ms()


class DoomedStore(StoreFront):
    """The store of such a process."""

    def __init__(self, store: Store, doom: Doomed) -> None:
        super().__init__(store)
        self._doom = doom

    def save_polls(self, progress: PollProgress, *, poller: str, instance: str, names: Collection[str]) -> bool:
        saved = super().save_polls(progress, poller=poller, instance=instance, names=names)
        self._doom.die("after the cursor")
        return saved


async def main(folder: Path, url: str, point: str) -> None:
    clock = SystemClock()
    inlets = {}
    if url.startswith("folder:"):
        watched = FolderSettings(id="wire", path=Path(url.removeprefix("folder:")), interval=timedelta(seconds=1))
        feed, scanner = watched.as_feed, FolderScanner(watched, watched.path)
        scanner.look("")  # The look before, so that files are known not to be written any more.
        inlets = {watched.id: FolderInlet(scanner)}
    else:
        feed = FeedSettings(id="daily", url=url, interval=timedelta(seconds=1))
    fetcher = Fetcher(clock, allowed_networks=["127.0.0.0/8"])
    with open_log(f"sqlite:///{folder / 'log.sqlite'}", clock) as log:
        store = open_store(f"sqlite:///{folder / 'store.sqlite'}", migrate=False)
        log.create_topic(ARTICLES, 1)
        doom = Doomed(point)
        async with FeedParser() as parser:
            doomed = DoomedLog(log, doom), DoomedStore(store, doom)
            job = PollJob(*doomed, [feed], clock=clock, fetcher=fetcher, parser=parser, inlets=inlets)
            # A process that comes back after its feed's next poll was set still polls it at once: it is due by then.
            await job.poll_due(clock.now() + timedelta(minutes=1))
            job.write_coverage(clock.now())
    await fetcher.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
