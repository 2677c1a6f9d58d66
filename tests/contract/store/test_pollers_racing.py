"""Two pollers meet one new article at the same moment, each in a thread and under a guid of its own: it is one article.

Neither has written anything when both have looked what the other knows: only what they claim can tell them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.clock import ManualClock
from connectors.feeds.cursor import FeedCursor
from connectors.feeds.fetch import Fetched
from connectors.feeds.settings import FeedSettings
from connectors.feeds.wire import WireDocument, WireEntry
from connectors.folders.settings import FolderSettings
from connectors.log.open import open_log
from pipelines.poll import PollJob, PollSettings, PollStore
from pipelines.polling.looking import Answered
from pipelines.polling.parts import parts_of, wanted_parts
from schemas.article import Article
from schemas.errors import LogUnavailableError
from schemas.ports.log import Log
from schemas.ports.store import FeedRow, Store
from schemas.topics import ARTICLES
from schemas.wire import decode_articles
from tests.contract.store.scribe import START
from tests.pipeline.polling.breaking import BreakingLog, StoreFront

SECOND = timedelta(seconds=1)
EVERY = timedelta(seconds=5)
DAILY = FeedSettings(id="daily", url="http://news.example/rss", interval=EVERY)
LINK = "https://news.example/2025/bridge"
_WAIT_S = 120.0


class MeetingStore(StoreFront):
    """Once it is ``armed``, whoever asks what the other's feeds have brought gets the answer when both have asked."""

    def __init__(self, store: PollStore, meeting: threading.Barrier) -> None:
        super().__init__(store)
        self._meeting = meeting
        self.armed = False

    def feed_rows(self, feed_ids: Collection[str] | None = None, *, with_cursors: bool = True) -> Mapping[str, FeedRow]:
        rows = super().feed_rows(feed_ids, with_cursors=with_cursors)
        if self.armed:
            self.armed = False
            self._meeting.wait(_WAIT_S)
        return rows


class Newsroom:
    """What the feed and the folder say: both ends of a poller at once, without a network or a parser."""

    def __init__(self) -> None:
        self.entries: dict[str, tuple[WireEntry, ...]] = {"daily": (), "wire": ()}

    async def fetch(self, url: str, **_: object) -> Fetched:
        return Fetched(repr(self.entries["daily"]).encode(), url, None, None)

    async def parse(self, name: str, body: bytes, **_: object) -> WireDocument:
        return WireDocument(form="rss20", entries=self.entries[name])

    async def look(self, cursor: FeedCursor) -> Answered:
        return Answered(WireDocument(form="folder", entries=self.entries["wire"], complete=True), None, None, None)

    def written(self) -> None:
        """Nothing waits for it."""


def names_that_part(feeds: list[FeedSettings]) -> tuple[str, str]:
    """Return names of two pollers of which the first is to have the feed and the second the folder."""
    part = parts_of(feeds)
    for number in range(1_000):
        names = (f"one{number}", f"two{number}")
        if all(part[feed.id] in wanted_parts(name, names) for name, feed in zip(names, feeds, strict=True)):
            return names
    raise AssertionError("each part wants every poller in some thousandth")


@contextmanager
def log_of(folder: Path, clock: ManualClock) -> Iterator[Log]:
    with open_log(f"sqlite:///{folder / 'log.sqlite'}", clock) as log:
        log.create_topic(ARTICLES, 1)
        yield log


def articles(folder: Path) -> list[Article]:
    with log_of(folder, ManualClock(START)) as log:
        records = log.read(ARTICLES, 0, 0, max_records=1_000)
    return [record for record in (decode_articles(found.value) for found in records) if isinstance(record, Article)]


def race(folder: Path, open_again: Callable[[], Store], words: Mapping[str, str], dying: str = "") -> None:
    """Let the two live together, meet the article, and go on; the one that has the feed ``dying`` cannot write and ends."""
    feeds = [DAILY, FolderSettings(id="wire", path=folder, interval=EVERY).as_feed]
    names = names_that_part(feeds)
    stores = [open_again() for _ in names]
    together, meeting = threading.Barrier(2), threading.Barrier(2)
    newsroom = Newsroom()
    failures: list[BaseException] = []

    async def live(name: str, mine: str, store: Store) -> None:
        clock = ManualClock(START)
        front = MeetingStore(store, meeting)
        with log_of(folder, clock) as real:
            log = BreakingLog(real)
            settings = PollSettings(jitter=0.0, host_gap_s=0.0, linger_s=0.01)
            tools = {"fetcher": newsroom, "parser": newsroom, "inlets": {"wire": newsroom}}
            job = PollJob(log, front, feeds, clock=clock, settings=settings, name=name, **tools)  # type: ignore[arg-type]  # by name

            async def go_on(times: int) -> None:
                for _ in range(times):
                    clock.advance_to(clock.now() + 10 * SECOND)
                    await asyncio.to_thread(together.wait, _WAIT_S)
                    await job.poll_due(clock.now())
                    await asyncio.to_thread(together.wait, _WAIT_S)

            await go_on(6)
            assert [feed.id for feed in feeds if feed.id in job._poller._roster] == [mine]
            newsroom.entries[mine] = (
                WireEntry(guid=f"of {mine}", title=words[mine], link=LINK, source="daily", published=START),
            )
            front.armed = True
            if mine == dying:
                log.before = LogUnavailableError("away")
                with pytest.raises(LogUnavailableError):
                    await go_on(1)
                await asyncio.to_thread(together.wait, _WAIT_S)
                return
            await go_on(1)
            assert not front.armed
            if not dying:
                await go_on(3)
                return
            clock.advance_to(clock.now() + 40 * SECOND)  # The lease of the other one is over.
            for _ in range(6):
                clock.advance_to(clock.now() + 10 * SECOND)
                await job.poll_due(clock.now())
            assert all(feed.id in job._poller._roster for feed in feeds)

    def run(name: str, mine: str, store: Store) -> None:
        try:
            asyncio.run(live(name, mine, store))
        except BaseException as error:  # noqa: BLE001 - it is raised where the threads are joined.
            failures.append(error)
            together.abort()
            meeting.abort()

    threads = [
        threading.Thread(target=run, args=(name, feed.id, store))
        for name, feed, store in zip(names, feeds, stores, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    broken = [error for error in failures if not isinstance(error, threading.BrokenBarrierError)]
    if broken or failures:
        raise (broken or failures)[0]


def test_both_write_one_revision_of_one_article(tmp_path: Path, open_again: Callable[[], Store]) -> None:
    race(tmp_path, open_again, {"daily": "Bridge opened", "wire": "Bridge opened"})
    found = articles(tmp_path)
    assert len(found) == 2, "whoever was second cannot know whether the first lives"
    assert len({article.model_copy(update={"guid": None}) for article in found}) == 1


def test_other_words_are_a_revision_of_it(tmp_path: Path, open_again: Callable[[], Store]) -> None:
    race(tmp_path, open_again, {"daily": "Bridge opened", "wire": "A bridge was opened"})
    found = articles(tmp_path)
    assert len({(article.article_id, article.observed_at, article.event_time) for article in found}) == 1
    assert len({article.revision for article in found}) == len(found) == 2
    assert {article.title for article in found} == {"Bridge opened", "A bridge was opened"}


@pytest.mark.parametrize("dying", ["daily", "wire"])
def test_one_that_dies_with_its_claim_loses_nothing(
    tmp_path: Path, open_again: Callable[[], Store], dying: str
) -> None:
    """Whoever was first, the other one writes the article, and takes over the feed of the dead one without writing it again."""
    race(tmp_path, open_again, {"daily": "Bridge opened", "wire": "Bridge opened"}, dying)
    found = articles(tmp_path)
    assert len({(article.article_id, article.revision) for article in found}) == 1
