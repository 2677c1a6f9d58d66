"""Polls what is due and tells what was looked at, whenever it is told to; it never waits on a clock itself.

    share ──▶ what is due ──look──▶ settle ──▶ articles ──append──▶ rows, reports (store) ──▶ coverage, told by one for all

Articles are stamped when they are appended, and coverage is told until where every poller has appended what it stamped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Protocol

from connectors.feeds.fetch import host_of
from connectors.feeds.settings import FeedSettings
from pipelines.polling.clock_guard import ClockGuard
from pipelines.polling.full_texts import FullTexts
from pipelines.polling.hearing import HostTimes
from pipelines.polling.holding import Holding
from pipelines.polling.host_pace import HostPace
from pipelines.polling.kin import Kin
from pipelines.polling.left_behind import LeftBehind
from pipelines.polling.line import Line, Places
from pipelines.polling.looker import Looker
from pipelines.polling.looking import DocumentParser, FeedFetcher, Inlet, Look
from pipelines.polling.membership import Membership
from pipelines.polling.pages import PageReader, PageTools
from pipelines.polling.parts import feeds_hash, parts_of
from pipelines.polling.poll_settings import PollSettings
from pipelines.polling.progress import Progress
from pipelines.polling.roster import Asked, Roster
from pipelines.polling.sending import Round, Sender, Turn
from pipelines.polling.taking_in import TakingIn
from pipelines.polling.telling_coverage import Teller, entries_of
from pipelines.polling.watching import check_room
from pipelines.polling.writing import ArticlesLog, Writing
from schemas.clock import Clock
from schemas.ids import from_milliseconds
from schemas.ports.pollers import PollerStore
from schemas.ports.store import FeedStore, HeartbeatStore
from schemas.reasons import FeedState
from schemas.topics import ARTICLES

logger = logging.getLogger(__name__)

#: How many times it lingers, the first poll of a process gives the hosts to tell the time before it writes.
_PATIENCE = 25


class PollStore(FeedStore, PollerStore, HeartbeatStore, Protocol):
    """What the job keeps: rows of feeds, who polls which of them, signs of life."""


class Poller:
    """Polls its share of ``feeds`` over ``fetcher`` and ``parser``, which it does not close. An instance belongs to one
    event loop, and ``log`` and ``store`` are used from its thread, in short calls: one group of articles, one of rows.
    Several may work on one log and store, each under a ``name`` of its own.

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
        check_room(feeds)
        self._settings = settings or PollSettings()
        self._log = log
        self._store = store
        self._feeds = {feed.id: feed for feed in feeds}
        part = parts_of(feeds)
        self._clock = clock
        self._inlets = inlets
        self._guard = ClockGuard(self._settings.clock_tolerance_s)
        self._began = clock.now()
        self._member = Membership(
            store,
            name,
            feeds_hash=feeds_hash(feeds),
            lease_s=self._settings.lease_s,
            shared_now=lambda: from_milliseconds(log.now_ms()),
            monotonic_s=clock.monotonic_s,
        )
        hosts = HostPace(self._settings.host_gap_s, [host_of(self._feeds[feed_id].url) for feed_id in inlets])
        self._roster = Roster(hosts)
        places = Places(self._settings.max_in_flight, self._settings.max_long, self._settings.max_doubtful)
        line: Line[Turn] = Line(places, self._settings.max_per_host)
        looker = Looker(fetcher, parser, inlets, clock, guard=self._guard, hosts=hosts, line=line, roster=self._roster)
        self._full_texts = FullTexts(self._roster)
        self._sender = Sender(line, looker.look, self._following, long_s=self._settings.long_s)
        self._times = HostTimes(self._roster, inlets, self._guard, self._sender)
        if pages is not None:
            longest_s = self._settings.pages_s
            self._full_texts.reader = PageReader(pages, hosts, self._sender, clock, longest_s=longest_s)
        self._in_flight: dict[str, Round] = {}
        progress = Progress(part)
        self._progress = progress
        self._writing = Writing(log, self._roster, progress, inlets, clock=clock, guard=self._guard)
        slack_s = 2 * self._settings.lease_s + self._settings.clock_tolerance_s
        left = LeftBehind(log, slack=timedelta(seconds=slack_s))
        self._taking_in = TakingIn(
            store,
            self._feeds,
            Kin(feeds, inlets),
            roster=self._roster,
            hosts=hosts,
            writing=self._writing,
            left=left,
            in_flight=self._in_flight,
            partitions=lambda: log.partitions(ARTICLES),
            jitter=self._settings.jitter,
        )
        self._holding = Holding(
            store,
            self._feeds,
            part,
            clock=clock,
            member=self._member,
            roster=self._roster,
            progress=progress,
            writing=self._writing,
            left=left,
            in_flight=self._in_flight.keys(),
        )

    @property
    def refused(self) -> bool:
        """Whether the clock was found to be too far off to write with, and not found right since."""
        return self._writing.refused

    def due(self, now: datetime) -> bool:
        """Return whether there is a feed to be asked at ``now``, or something left to be written.

        :raises FatalError: another process polls under our name.
        :raises RetriableError: log or store failed.
        """
        self._holding.share(now)
        return bool(self._writing.waiting) or self._roster.some_due(now)

    async def poll_due(self, now: datetime) -> int:
        """Poll every feed that is due at ``now``; return how many articles were written.

        What has arrived is written while slow hosts are still waited for, and several calls may run at once.

        :raises RetriableError: log or store failed. What was read is kept and written first by the next call.
        :raises ClockRefusedError: the clock is too far off. What was read is read again when it is right.
        """
        self._holding.share(now)
        written = self._write_settled(now)
        if self._writing.refused:
            await self.ask_the_time(now)
        self._writing.check_clock()
        asked = self._take_due(now)
        round_ = self._sender.send(asked)
        ours = [standing.feed.id for _, standing in asked]
        self._in_flight.update(dict.fromkeys(ours, round_))
        try:
            written += await self._write_as_they_come(round_)
        finally:
            if not round_.complete:
                await self._sender.give_up(round_)
            for feed_id in ours:
                if self._in_flight.get(feed_id) is round_:  # Not settled, and not polled by a later call meanwhile.
                    del self._in_flight[feed_id]
                    self._roster.put_back(feed_id, now)
        self._holding.save()
        return written

    def _take_due(self, now: datetime) -> list[Asked]:
        if self._holding.not_before is not None and now < self._holding.not_before:
            return []  # Coverage of another machine is told further than our clock is.
        return self._roster.take_due(now)

    async def _write_as_they_come(self, round_: Round) -> int:
        loop, linger_s = asyncio.get_running_loop(), self._settings.linger_s
        await self._times.hear_out(round_, _PATIENCE * linger_s, linger_s)
        written = 0
        all_at_s = loop.time() + linger_s
        while round_.awaited:
            await round_.wait(max(0.0, all_at_s - loop.time()))
            if round_.complete or loop.time() >= all_at_s:
                written += self._write(round_.take())
                all_at_s = loop.time() + linger_s
            else:
                written += self._write(round_.take_idle())
        return written

    def _following(self, look: Look) -> Awaitable[Look] | None:
        return None if self._writing.refused else self._full_texts.following(look)

    async def ask_the_time(self, now: datetime) -> None:
        """Ask a few hosts, others each time, only to hear what time it is there."""
        self._holding.share(now)
        await self._times.ask()

    # -- what is written --------------------------------------------------------------------------------------------

    def _write(self, looks: Sequence[Look]) -> int:
        """Settle ``looks``, stamped with the present, and write what follows."""
        if not looks:
            return 0
        self._writing.check_clock()
        self._keep_the_lease()
        now = self._clock.now()
        quiet = self._taking_in.take_in(looks, now)
        written = self._write_settled(now)
        for put_off in self._roster.leave_alone(quiet) if quiet else ():
            self._progress.moved(put_off)
        return written

    def _keep_the_lease(self) -> None:
        """Where we slept past it, ask who has our feeds: what another has taken over is not written."""
        if self._member.late:
            self._holding.share(self._clock.now())

    def _write_settled(self, now: datetime) -> int:
        """Write what is settled; return how many articles that were."""
        written = self._writing.write(now)
        if written:
            self._holding.save()
        return written

    def leave(self) -> None:
        """Let the other pollers have our feeds at once; :raises RetriableError: the store failed."""
        self._member.leave()

    # -- coverage ---------------------------------------------------------------------------------------------------

    def write_coverage(self, now: datetime) -> None:
        """Tell every partition of ``articles`` what all pollers looked at since the last time, until ``now`` or as far as
        all have settled. Where another poller tells it, only settle.

        :raises RetriableError: log or store failed; the next call tells the same and more.
        :raises ClockRefusedError: the clock is too far off; nothing is told while it is.
        """
        self._keep_the_lease()
        self._write_settled(now)
        self._writing.check_clock()
        self._holding.save()
        self._holding.settle(now)
        if not self._member.tells:
            return
        teller = self._holding.teller
        if teller is None:
            pause = timedelta(seconds=max(300.0, 3 * self._settings.coverage_every_s))
            teller = Teller(self._store, self._feeds, began=self._began, longest_pause=pause)
            self._holding.teller = teller
        if self._member.alike:
            teller.say_what_is_removed()
        at = min([now, *(other.settled_until for other in self._member.others)])
        partitions = self._log.partitions(ARTICLES)
        records = teller.records(at, partitions)
        if self._member.certain:
            self._writing.append(entries_of(records, partitions))
            teller.told(records)

    def beat(self, now: datetime) -> None:
        """Give a sign of life for all pollers, where we tell coverage; :raises RetriableError: the store failed."""
        if self._holding.teller is None:
            return
        states = self._holding.teller.states.values()
        failing = sum(state in (FeedState.FAILING, FeedState.MUTED) for state in states)
        counts = {
            "feeds": len(states),
            "failing": failing,
            "articles": self._writing.articles,
            "gaps": self._writing.gaps,
        }
        if self._member.others:
            counts["pollers"] = len(self._member.others) + 1
        counts.update(self._full_texts.counts)
        self._store.beat("poll", at=now, detail=counts)
