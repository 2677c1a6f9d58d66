"""CPU of polling an unchanged feed (304) against a bare aiohttp loop with the same requests, connections and concurrency.

1,000 feeds of 1,000 loopback hosts; ours is the whole job with its log and its store on disk. Rounds in turns.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp

from benchmarks.figures import Figure, report
from benchmarks.poll_server import ETAG
from benchmarks.served import served
from connectors.address_guard import guarded_connector
from connectors.clock import ManualClock, SystemClock
from connectors.feeds.fetch import Fetcher
from connectors.feeds.parsing import FeedParser
from connectors.feeds.settings import FeedSettings
from connectors.log.open import open_log
from connectors.store.open import open_store
from pipelines.garbage import seldom_collected
from pipelines.poll import PollJob, PollSettings
from schemas.topics import ARTICLES

FEEDS = 1_000
ROUNDS = 15
AT_MOST = 1.5
IN_FLIGHT = 64
_LOOPBACK = ("127.0.0.0/8",)
_EVERY = timedelta(minutes=10)


def main(_data: Path | None = None) -> int:
    """Print milliseconds of CPU per feed, kept-alive and fresh connections; return 1 where ours are too many."""
    with served("benchmarks.poll_server") as port:
        return asyncio.run(_compare(port))


async def _compare(port: int) -> int:
    figures = []
    for name, end in (("poll_304_kept_alive_ms/feed", ""), ("poll_304_connecting_ms/feed", "?close")):
        urls = [f"http://127.0.{1 + n // 250}.{1 + n % 250}:{port}/feed{n}.xml{end}" for n in range(FEEDS)]
        with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
            async with _job(Path(folder), urls) as (job, clock), _bare_session() as session:
                ours, reference = [], []
                with seldom_collected():  # As the job has it while it runs; the reference has the same of it.
                    for _ in range(ROUNDS + 1):  # The first of each warms up and does not count.
                        ours.append(await _ours(job, clock))
                        reference.append(await _reference(session, urls))
        mine, theirs = (statistics.median(times[1:]) * 1000 / FEEDS for times in (ours, reference))
        # Of each pair, which ran one after the other: a machine that slows down meanwhile slows both.
        ratio = statistics.median(our / their for our, their in zip(ours[1:], reference[1:], strict=True))
        figures.append(Figure(name, mine, theirs, ratio, at_most=AT_MOST))
    return report(figures)


@contextlib.asynccontextmanager
async def _job(folder: Path, urls: list[str]) -> AsyncIterator[tuple[PollJob, ManualClock]]:
    """Give a job whose feeds have all been read once."""
    clock = ManualClock(SystemClock().now())
    feeds = [FeedSettings(id=f"feed{n}", url=url, interval=_EVERY) for n, url in enumerate(urls)]
    fetcher = Fetcher(clock, allowed_networks=_LOOPBACK)
    with open_log(f"sqlite:///{folder / 'log.sqlite'}", clock) as log:
        log.create_topic(ARTICLES, 1)
        store = open_store(f"sqlite:///{folder / 'store.sqlite'}")
        settings = PollSettings(max_in_flight=IN_FLIGHT, clock_tolerance_s=1e9)
        try:
            async with FeedParser() as parser:
                job = PollJob(log, store, feeds, clock=clock, fetcher=fetcher, parser=parser, settings=settings)
                written = await job.poll_due(clock.now())
                assert written == FEEDS * 30, f"{written} articles: the feeds were not read"
                yield job, clock
        finally:
            store.close()
            await fetcher.close()


@contextlib.asynccontextmanager
async def _bare_session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=guarded_connector(_LOOPBACK)) as session:
        yield session


async def _ours(job: PollJob, clock: ManualClock) -> float:
    """Return the seconds of CPU of one round over all feeds, coverage included."""
    clock.advance_to(clock.now() + 2 * _EVERY)
    started_s = time.process_time()
    await job.poll_due(clock.now())
    job.write_coverage(clock.now())
    return time.process_time() - started_s


async def _reference(session: aiohttp.ClientSession, urls: list[str]) -> float:
    """The same requests in as many tasks as ours are in flight."""
    left = iter(urls)

    async def work() -> None:
        for url in left:
            async with session.get(url, headers={"If-None-Match": ETAG}) as answer:
                await answer.read()
                assert answer.status == 304, answer.status

    started_s = time.process_time()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    return time.process_time() - started_s
