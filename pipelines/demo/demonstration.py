"""Puts the demonstration together: timeline, feeds, folder, jobs on a clock, then the story and the check of the ledger."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from connectors.clock import ManualClock, SystemClock
from connectors.log.open import open_log
from connectors.store.open import open_store
from pipelines.demo.desk import Desk, lay_out
from pipelines.demo.feed_server import FeedServer
from pipelines.demo.performance import Performance, perform
from pipelines.demo.story import Story, read_story
from pipelines.demo.timeline import END, START, Timeline, make_timeline
from pipelines.verify import Verification, verify
from schemas.errors import UsageError


@dataclass(frozen=True)
class Wishes:
    """What may be asked of a run. A shorter one ends ``until``; ``extract_every`` changes the cost, never the ledger."""

    until: datetime = END
    extract_every: timedelta = timedelta(days=3)

    def check(self) -> None:
        """:raises UsageError: nothing would be left."""
        if not START < self.until <= END:
            raise UsageError(
                f"the demonstration tells of {START:%Y-%m-%d} to {END:%Y-%m-%d}", remedy="give a day after the first"
            )


@dataclass(frozen=True)
class Demonstration:
    """A finished run. ``polls`` counts the server's answers by HTTP status."""

    timeline: Timeline
    until: datetime
    desk: Desk
    story: Story
    performance: Performance
    verification: Verification
    polls: Mapping[int, int]
    address: str


async def demonstrate(
    folder: Path,
    wishes: Wishes,
    progress: Callable[[datetime], None],
    afterwards: Callable[[Demonstration], Awaitable[None]],
) -> Demonstration:
    """Run it in ``folder`` (new or empty); the feeds stay served until ``afterwards`` returns.

    :raises UsageError: the folder is in use.
    :raises TocsinError: what a job cannot go on from.
    """
    wishes.check()
    timeline = make_timeline(wishes.until)
    clock = ManualClock(START)
    async with FeedServer(timeline, clock) as server:
        desk = lay_out(folder, timeline.outlets, {outlet: server.url_of(outlet) for outlet in timeline.outlets})
        with open_log(desk.log_url, clock) as log:
            store = open_store(desk.store_url)
            try:
                done = await perform(
                    timeline,
                    desk,
                    clock,
                    log,
                    store,
                    until=wishes.until,
                    extract_every=wishes.extract_every,
                    progress=progress,
                )
                story, verification = read_story(log, store), verify(log, store)
            finally:
                store.close()
        result = Demonstration(
            timeline, wishes.until, desk, story, done, verification, dict(server.answers), server.address
        )
        # From here on whoever reads the feeds lives in the present, and so must the server's clock.
        server.clock = SystemClock()
        await afterwards(result)
        return result
