"""A process that polls one feed once, and is killed at the point that its arguments name.

python -m tests.pipeline.polling.killed_poller FOLDER URL POINT [LOG], POINT "nowhere" or one that :class:`Doomed` is asked about,
LOG the address of the log (default: a file in the folder);
URL may be several with commas between, feeds of one publisher (`daily`, `daily1`, asked in this order), `folder:PATH`, a folder
to watch, or `push:PORT`, where articles are taken; then it polls until it is ended.
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
from connectors.push.settings import PushSettings
from connectors.store.open import open_store
from pipelines.poll import PollJob
from pipelines.polling.folder_inlet import FolderInlet
from pipelines.polling.looking import Inlet
from schemas.article import Article
from schemas.ports.log import Entry, Log
from schemas.ports.pollers import PollProgress
from schemas.ports.store import Store
from schemas.topics import ARTICLES
from schemas.wire import decode_articles
from tests.pipeline.polling.breaking import LogFront, StoreFront
from tocsin.pushing import taking_pushes


class Doomed:
    """When a process is to die: at a point of its way with the first articles, not with coverage or rows before."""

    def __init__(self, point: str) -> None:
        self._point = point
        self.has_articles = False

    def die(self, point: str) -> None:
        if self.has_articles and point == self._point:
            os.kill(os.getpid(), signal.SIGKILL)


class DoomedLog(LogFront):
    """The log of such a process."""

    def __init__(self, log: Log, doom: Doomed) -> None:
        super().__init__(log)
        self._doom = doom

    def append(self, topic: str, entries: Sequence[Entry]) -> tuple[int, ...]:
        self._doom.has_articles |= any(isinstance(decode_articles(entry.value), Article) for entry in entries)
        self._doom.die("before the append")
        offsets = super().append(topic, entries)
        self._doom.die("between the append and the cursor")
        return offsets


class DoomedStore(StoreFront):
    """The store of such a process."""

    def __init__(self, store: Store, doom: Doomed) -> None:
        super().__init__(store)
        self._doom = doom

    def save_polls(self, progress: PollProgress, *, poller: str, instance: str, names: Collection[str]) -> bool:
        saved = super().save_polls(progress, poller=poller, instance=instance, names=names)
        self._doom.die("after the cursor")
        return saved


async def main(folder: Path, url: str, point: str, log_url: str = "") -> None:
    kind, _, place = url.partition(":")
    clock = SystemClock()
    fetcher = Fetcher(clock, allowed_networks=["127.0.0.0/8"])
    with open_log(log_url or f"sqlite:///{folder / 'log.sqlite'}", clock) as log:
        store = open_store(f"sqlite:///{folder / 'store.sqlite'}", migrate=False)
        log.create_topic(ARTICLES, 1)
        doom = Doomed(point)
        pushing = PushSettings(port=int(place) if kind == "push" else None)
        async with FeedParser() as parser, taking_pushes(pushing, folder, {}) as pushed:
            inlets: dict[str, Inlet] = {**pushed}
            feeds = list(pushing.as_feeds)
            if kind == "folder":
                watched = FolderSettings(id="wire", path=Path(place), interval=timedelta(seconds=1))
                feeds, scanner = [watched.as_feed], FolderScanner(watched, watched.path)
                scanner.look("")  # The look before, so that files are known not to be written any more.
                inlets = {watched.id: FolderInlet(scanner)}
            elif kind != "push":
                every = timedelta(seconds=1)
                feeds = [
                    FeedSettings(id=f"daily{number or ''}", url=one, source="daily", interval=every)
                    for number, one in enumerate(url.split(","))
                ]
            doomed = DoomedLog(log, doom), DoomedStore(store, doom)
            job = PollJob(*doomed, feeds, clock=clock, fetcher=fetcher, parser=parser, inlets=inlets)
            # A process that comes back after its feed's next poll was set still polls it at once: it is due by then.
            await job.poll_due(clock.now() + timedelta(minutes=1))
            job.write_coverage(clock.now())
            while kind == "push":
                await asyncio.sleep(0.02)
                await job.poll_due(clock.now() + timedelta(minutes=1))
    await fetcher.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
