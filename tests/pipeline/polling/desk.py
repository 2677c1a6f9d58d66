"""A poll job on a log and a store of its own, a clock that is moved by hand, and what it wrote, read back."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.clock import ManualClock
from connectors.feeds.fetch import Fetcher, FetchLimits
from connectors.feeds.parsing import FeedParser
from connectors.feeds.settings import FeedSettings
from connectors.feeds.wire import WireDocument
from connectors.folders.scan import FolderScanner
from connectors.folders.settings import FolderSettings
from connectors.log.open import open_log
from connectors.store.open import open_store
from pipelines.poll import ArticlesLog, PollJob, PollSettings, PollStore
from pipelines.polling.folder_inlet import FolderInlet
from pipelines.polling.looking import Inlet
from pipelines.polling.pages import PageTools
from schemas.article import Article
from schemas.clock import Clock
from schemas.coverage import Coverage
from schemas.ports.log import Log
from schemas.ports.store import FeedRow, Store
from schemas.topics import ARTICLES
from schemas.wire import ArticlesRecord, decode_articles
from tests.pipeline.polling.server import FeedServer

START = datetime(2025, 1, 22, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class CountedParser:
    """The real parser, and which documents it was given."""

    inner: FeedParser
    parsed: list[str] = field(default_factory=list)

    async def parse(self, name: str, body: bytes, *, url: str, content_type: str | None = None) -> WireDocument:
        self.parsed.append(name)
        return await self.inner.parse(name, body, url=url, content_type=content_type)

    async def text_of_page(self, name: str, body: bytes, *, content_type: str | None = None) -> str:
        return await self.inner.text_of_page(name, body, content_type=content_type)


@dataclass
class Desk:
    """Everything a test needs of one job; :meth:`again` is the same after a restart of the process."""

    server: FeedServer
    clock: ManualClock
    log: Log
    store: Store
    fetcher: Fetcher
    parser: CountedParser
    feeds: list[FeedSettings]
    settings: PollSettings
    made: PollJob | None = None
    folders: dict[str, FolderSettings] = field(default_factory=dict)
    inlets: dict[str, Inlet] = field(default_factory=dict)

    @property
    def job(self) -> PollJob:
        if self.made is None:
            self.made = self.new_job()
        return self.made

    def new_job(
        self,
        *,
        log: ArticlesLog | None = None,
        store: PollStore | None = None,
        clock: Clock | None = None,
        name: str = "poll",
    ) -> PollJob:
        return PollJob(
            log or self.log,
            store or self.store,
            self.feeds,
            clock=clock or self.clock,
            fetcher=self.fetcher,
            parser=self.parser,
            pages=PageTools(self.fetcher, self.parser),
            inlets={
                **{id_: FolderInlet(FolderScanner(folder, folder.path)) for id_, folder in self.folders.items()},
                **self.inlets,
            },
            settings=self.settings,
            name=name,
        )

    def again(self) -> None:
        """Forget the job, as a process that was killed does; log and store stay."""
        self.made = None

    def feed(self, feed_id: str, path: str, host: int = 1, **more: object) -> FeedSettings:
        """Add a feed; before the first use of the job."""
        values = {"interval": timedelta(minutes=10), **more}
        made = FeedSettings.model_validate({"id": feed_id, "url": self.server.url(path, host), **values})
        self.feeds.append(made)
        return made

    def watch(self, folder_id: str, path: Path, **more: object) -> None:
        """Watch a folder; before the first use of the job."""
        made = FolderSettings.model_validate({"id": folder_id, "path": path, **more})
        self.folders[folder_id] = made
        self.feeds.append(made.as_feed)

    def set(self, **changes: object) -> None:
        """Change settings of the job; before its first use."""
        self.settings = replace(self.settings, **changes)  # type: ignore[arg-type]  # names are checked by dataclasses

    async def poll(self, *, after: timedelta = timedelta()) -> int:
        job = self.job  # Begins now, and not only when the clock has moved.
        self.clock.advance_to(self.clock.now() + after)
        return await job.poll_due(self.clock.now())

    def tell(self, *, after: timedelta = MINUTE) -> None:
        job = self.job
        self.clock.advance_to(self.clock.now() + after)
        job.write_coverage(self.clock.now())

    def row(self, feed_id: str) -> FeedRow:
        return self.store.feed_rows()[feed_id]

    def records(self) -> list[tuple[int, ArticlesRecord]]:
        """Every record by partition, in the order of each."""
        found = []
        for partition in range(self.log.partitions(ARTICLES)):
            offset = self.log.start_offset(ARTICLES, partition)
            while batch := self.log.read(ARTICLES, partition, offset, max_records=1000):
                found += [(partition, decode_articles(record.value)) for record in batch]
                offset = batch[-1].offset + 1
        return found

    def articles(self) -> list[Article]:
        return [record for _, record in self.records() if isinstance(record, Article)]

    def coverage(self, partition: int = 0) -> list[Coverage]:
        return [r for number, r in self.records() if isinstance(r, Coverage) and number == partition]

    def titles(self) -> list[str]:
        return [article.title for article in self.articles()]


@dataclass(frozen=True)
class DeskMaker:
    """What desks share because it takes long to start: a loop, a parse worker in it, a migrated store to copy."""

    runner: asyncio.Runner
    parser: FeedParser
    empty_store: Path
    folder: Path

    def run(
        self,
        test: Callable[[Desk], Awaitable[None]],
        *,
        partitions: int = 1,
        allowed: Sequence[str] = ("127.0.0.0/8",),
        limits: FetchLimits | None = None,
        log_url: str = "",
    ) -> None:
        """Run ``test`` on a desk of its own; ``log_url``: of its log, else that is a file in the folder."""

        async def go() -> None:
            async with self._desk(partitions, allowed, limits, log_url) as desk:
                await asyncio.wait_for(test(desk), 300)  # Some start processes, on machines that are busy.

        self.runner.run(go())

    @asynccontextmanager
    async def _desk(
        self, partitions: int, allowed: Sequence[str], limits: FetchLimits | None, log_url: str
    ) -> AsyncIterator[Desk]:
        clock = ManualClock(START)
        shutil.copy(self.empty_store, self.folder / "store.sqlite")
        async with FeedServer(clock) as server:
            fetcher = Fetcher(clock, allowed_networks=allowed, limits=limits)
            with open_log(log_url or f"sqlite:///{self.folder / 'log.sqlite'}", clock) as log:
                log.create_topic(ARTICLES, partitions)
                store = open_store(f"sqlite:///{self.folder / 'store.sqlite'}")
                parser = CountedParser(self.parser)
                try:
                    yield Desk(server, clock, log, store, fetcher, parser, [], PollSettings(host_gap_s=0.0))
                finally:
                    store.close()
                    await fetcher.close()
