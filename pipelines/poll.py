"""The job that polls: feeds → articles, and coverage of what was looked at.

    feeds ──look──▶ settle ──▶ articles ──append──▶ topic articles ──acknowledged──▶ rows of the feeds, reports (store)
                                                                                           │
                  Coverage, to every partition of articles ◀──each minute, one for all─────┘

Several may run, on as many machines: each polls a share of the feeds, and one tells coverage for all of them. It runs
on wall time; who moves the clock by hand (the demo, a test) drives ``poll_due`` and ``write_coverage`` itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from connectors.feeds.settings import FeedSettings
from pipelines.garbage import Tidying, seldom_collected
from pipelines.polling.looking import DocumentParser, FeedFetcher, Inlet
from pipelines.polling.pages import PageTools
from pipelines.polling.poll_settings import PollSettings
from pipelines.polling.poller import Poller, PollStore
from pipelines.polling.writing import ArticlesLog
from schemas.clock import Clock
from schemas.errors import ClockRefusedError, RetriableError
from schemas.ids import EPOCH

__all__ = ["ArticlesLog", "PollJob", "PollSettings", "PollStore"]

logger = logging.getLogger(__name__)

#: Coverage is told so often between two looks of Python's collector at everything: an hour.
_TOLD_BETWEEN_LOOKS = 60


class PollJob:
    """Polls its share of ``feeds`` over ``fetcher`` and ``parser``, which it does not close; ``pages`` are for feeds that want
    the full text, ``inlets`` are looked into instead of asking, by feed id. An instance belongs to one event
    loop, and ``log`` and ``store`` are used from its thread, in short calls: one group of articles, one of rows. Each poller
    on one store has a ``name`` of its own, which a restart keeps.

    :raises UsageError: more feeds than one coverage record can name.
    """

    def __init__(
        self,
        log: ArticlesLog,
        store: PollStore,
        feeds: Sequence[FeedSettings],
        *,
        clock: Clock,
        fetcher: FeedFetcher,
        parser: DocumentParser,
        pages: PageTools | None = None,
        inlets: Mapping[str, Inlet] = MappingProxyType({}),
        settings: PollSettings | None = None,
        name: str = "poll",
    ) -> None:
        self._clock = clock
        self._settings = settings or PollSettings()
        self._poller = Poller(
            log,
            store,
            feeds,
            clock=clock,
            fetcher=fetcher,
            parser=parser,
            pages=pages,
            inlets=inlets,
            settings=self._settings,
            name=name,
        )
        self._coverage_at = clock.now() + timedelta(seconds=self._settings.first_coverage_s)
        self._told = False
        self._failures = 0
        self._tidying = Tidying(_TOLD_BETWEEN_LOOKS)

    async def poll_due(self, now: datetime) -> int:
        """Poll every feed that is due at ``now``; return how many articles were written. See :class:`Poller`."""
        return await self._poller.poll_due(now)

    def write_coverage(self, now: datetime) -> None:
        """Tell every partition of ``articles`` what was looked at until ``now``. See :class:`Poller`."""
        self._poller.write_coverage(now)

    async def run(self, stop: asyncio.Event) -> None:
        """Poll and tell until ``stop``; what can be tried again is, with a growing pause, and nothing is lost by it. Python's
        collector rests meanwhile (:mod:`pipelines.garbage`): what is known of feeds stays, and it would go through it all day.

        :raises FatalError: going on would lose or falsify something.
        """
        with seldom_collected():
            await self._run(stop)

    async def _run(self, stop: asyncio.Event) -> None:
        stopping = asyncio.create_task(stop.wait())
        rounds: set[asyncio.Task[object]] = set()
        try:
            while not stop.is_set():
                pause_s = self._turn(rounds)
                # After a failure finished rounds are no reason to hurry.
                awaited = {stopping} if self._failures else {stopping, *rounds}
                await asyncio.wait(awaited, timeout=pause_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (stopping, *rounds):
                task.cancel()
            for ended in await asyncio.gather(stopping, *rounds, return_exceptions=True):
                if isinstance(ended, Exception):
                    logger.warning("a round ended with the job: %s", ended)
        self._say_goodbye()

    def _turn(self, rounds: set[asyncio.Task[object]]) -> float:
        """Take in finished rounds, begin another, tell what is to be told; return how long to wait then, in seconds."""
        try:
            self._take_in(rounds)
            now = self._clock.now()
            if self._poller.refused:
                if not rounds:
                    rounds.add(asyncio.create_task(self._regain_the_clock()))
            elif self._poller.due(now):
                rounds.add(asyncio.create_task(self._poller.poll_due(now)))
            if not self._poller.refused and now >= self._coverage_at:
                self._tell(now)
        except ClockRefusedError as error:
            self._failures += 1
            logger.error("poll waits: %s", error)
            return self._settings.clock_retry_s
        except RetriableError as error:
            self._failures += 1
            pause_s = min(self._settings.longest_retry_s, 0.25 * 2.0 ** min(self._failures, 16))
            logger.warning("poll waits %.1f s: %s", pause_s, error)
            return pause_s
        return self._settings.tick_s

    def _take_in(self, rounds: set[asyncio.Task[object]]) -> None:
        """Let finished rounds go; :raises TocsinError: one failed, the others are taken in by the next turn."""
        for task in [task for task in rounds if task.done()]:
            rounds.discard(task)
            task.result()
            self._failures = 0
            if not self._told:
                self._coverage_at = self._clock.now()  # The first round is over: engine time may begin.

    async def _regain_the_clock(self) -> None:
        """Hear what time it is elsewhere and tell coverage by our clock: where that is possible, it is right again."""
        await self._poller.ask_the_time(self._clock.now())
        self._tell(self._clock.now())

    def _tell(self, now: datetime) -> None:
        self._poller.write_coverage(now)
        self._poller.beat(now)
        self._tidying.took(1)
        self._told = True
        self._failures = 0
        every_s = self._settings.coverage_every_s
        self._coverage_at = EPOCH + timedelta(seconds=((now - EPOCH).total_seconds() // every_s + 1) * every_s)

    def _say_goodbye(self) -> None:
        """Tell what was watched until the end, so that the time up to now is not taken for unwatched."""
        if self._failures or self._poller.refused:
            return
        try:
            self._poller.write_coverage(self._clock.now())
            self._poller.leave()
        except (ClockRefusedError, RetriableError) as error:
            logger.warning("poll ends without its last coverage record: %s", error)
