"""Polls what is due and tells what was looked at, whenever it is told to; it never waits on a clock itself.

Articles are stamped when they are appended, and one thread appends everything, so no coverage gets ahead of them.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from connectors.feeds.settings import FeedSettings
from connectors.feeds.standing import FeedStanding, at_start, not_before, removed
from pipelines.polling.arrivals import Arrivals
from pipelines.polling.clock_guard import LEAST_HOSTS, ClockGuard
from pipelines.polling.host_pace import HostPace
from pipelines.polling.looking import DocumentParser, Failed, FeedFetcher, Look, look_at
from pipelines.polling.places import Places
from pipelines.polling.poll_settings import PollSettings
from pipelines.polling.settling import Settled, settle
from pipelines.polling.telling import tell_change, tell_gap
from pipelines.polling.watching import WatchBook, check_room
from schemas.clock import Clock
from schemas.errors import ClockRefusedError
from schemas.ports.log import Entry
from schemas.ports.store import FeedRow, FeedStore, HeartbeatStore
from schemas.reasons import FeedState
from schemas.topics import ARTICLES
from schemas.wire import encode

logger = logging.getLogger(__name__)

#: Bytes of articles appended as one group; a first poll of many feeds brings far more.
_GROUP_BYTES = 4_194_304
#: How many rounds of waiting the first poll of a process gives the hosts to tell the time before it writes.
_PATIENCE = 25
#: Hosts asked for the time while ours is refused.
_ASKED_HOSTS = 5


class ArticlesLog(Protocol):
    """What the job needs of a :class:`~schemas.ports.log.Log`."""

    def append(self, topic: str, entries: Sequence[Entry]) -> tuple[int, ...]:
        """Write ``entries`` durably; after an error they may be written again."""
        ...

    def partitions(self, topic: str) -> int:
        """Return the number of partitions."""
        ...

    def now_ms(self) -> int:
        """Return the log's clock."""
        ...


class PollStore(FeedStore, HeartbeatStore, Protocol):
    """What the job keeps: rows of feeds, signs of life."""


class Poller:
    """Polls ``feeds`` over ``fetcher`` and ``parser``, which it does not close. An instance belongs to one event loop, and
    ``log`` and ``store`` are used from its thread, in short calls: one group of articles, one of rows.

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
        settings: PollSettings | None = None,
    ) -> None:
        check_room(feeds)
        self._settings = settings or PollSettings()
        self._log = log
        self._store = store
        self._feeds = tuple(feeds)
        self._clock = clock
        self._fetcher = fetcher
        self._parser = parser
        self._guard = ClockGuard(self._settings.clock_tolerance_s)
        pause = timedelta(seconds=max(300.0, 3 * self._settings.coverage_every_s))
        self._book = WatchBook(clock.now(), longest_pause=pause)
        self._standings: dict[str, FeedStanding] = {}
        self._loaded = False
        self._refused = False
        self._heard_out = False
        self._in_flight: dict[str, asyncio.Task[Look]] = {}
        self._left: list[Settled] = []  # settled, and not acknowledged by the log yet
        self._unsaved: dict[str, FeedRow] = {}
        self._hosts = HostPace(self._settings.host_gap_s)
        self._places = Places(self._settings.max_in_flight, self._settings.max_per_host)
        self._articles = 0
        self._gaps = 0
        self._asked = 0

    @property
    def refused(self) -> bool:
        """Whether the clock was found to be too far off to write with, and not found right since."""
        return self._refused

    def due(self, now: datetime) -> list[FeedStanding]:
        """Return the feeds that are due at ``now`` and not being polled, as far as their hosts may be asked now."""
        due = [
            standing
            for feed_id, standing in self._loaded_standings(now).items()
            if feed_id not in self._in_flight and (due_at := standing.due_at(now)) is not None and due_at <= now
        ]
        due = [standing for standing in due if self._hosts.may_be_asked(_host(standing.address), now)]
        if not self._hosts.one_at_a_time:
            return due
        # Of several feeds of one host the one that waits longest; the others follow at the host's pace.
        first: dict[str, FeedStanding] = {}
        for standing in due:
            other = first.setdefault(_host(standing.address), standing)
            if (standing.due_at(now) or now) < (other.due_at(now) or now):
                first[_host(standing.address)] = standing
        return list(first.values())

    async def poll_due(self, now: datetime) -> int:
        """Poll every feed that is due at ``now``; return how many articles were written.

        What has arrived is written while slow hosts are still waited for, and several calls may run at once.

        :raises RetriableError: log or store failed. What was read is kept and written first by the next call.
        :raises ClockRefusedError: the clock is too far off. What was read is read again when it is right.
        """
        written = self._write_left(now)
        if self._refused:
            await self.ask_the_time(now)
        self._check_clock()
        due = self.due(now)
        for standing in due:
            self._hosts.asked(_host(standing.address), now)
        tasks = {standing.feed.id: asyncio.create_task(self._look(standing)) for standing in due}
        self._in_flight.update(tasks)
        try:
            written += await self._write_as_they_come(set(tasks.values()))
        finally:
            for feed_id, task in tasks.items():
                if self._in_flight.get(feed_id) is task:  # Not settled, and not polled by a later call meanwhile.
                    del self._in_flight[feed_id]
        self._save()
        return written

    async def _write_as_they_come(self, tasks: set[asyncio.Task[Look]]) -> int:
        hosts = {_host(standing.address) for standing in self._standings.values() if standing.polled}
        patience = 0 if self._heard_out or len(hosts) < LEAST_HOSTS else _PATIENCE
        arrived = Arrivals(tasks)
        written = 0
        try:
            while arrived.awaited:
                await arrived.wait(self._settings.linger_s)
                patience -= 1
                if not arrived.complete and patience > 0 and self._guard.hosts < LEAST_HOSTS:
                    continue  # Nothing is written by a clock that no host was asked about.
                self._heard_out = True
                written += self._write([task.result() for task in arrived.take()])
        finally:
            for task in tasks:
                task.cancel()
            if not arrived.complete:
                await asyncio.wait(tasks)
        return written

    async def _look(self, standing: FeedStanding) -> Look:
        host = _host(standing.address)
        async with self._places.at(host):
            now = self._clock.now()
            look = await look_at(standing.feed, standing.cursor, self._fetcher, self._parser, now)
        if look.clock_offset_s is not None:
            self._guard.hear(host, look.clock_offset_s, self._clock.now(), self._clock.monotonic_s())
        return look

    async def ask_the_time(self, now: datetime) -> None:
        """Ask a few hosts, others each time, only to hear what time it is there."""
        by_host = {_host(s.address): s for s in self._loaded_standings(now).values() if s.polled}
        hosts = list(by_host)
        self._asked += _ASKED_HOSTS
        turned = [hosts[(self._asked + place) % len(hosts)] for place in range(min(_ASKED_HOSTS, len(hosts)))]
        await asyncio.gather(*(self._look(by_host[host]) for host in turned))

    def write_coverage(self, now: datetime) -> None:
        """Tell every partition of ``articles`` what was looked at since the last time, until ``now``.

        :raises RetriableError: log or store failed; the next call tells the same and more.
        :raises ClockRefusedError: the clock is too far off; nothing is told while it is.
        """
        self._write_left(now)
        self._check_clock()
        standings = self._loaded_standings(now)
        partitions = self._log.partitions(ARTICLES)
        records = self._book.records(standings, now, partitions)
        entries = [
            Entry(partition, encode(record.changed(partition=partition)))
            for record in records
            for partition in range(partitions)
        ]
        self._append(entries)
        self._book.told(standings, records)
        self._save()

    def beat(self, now: datetime) -> None:
        """Give a sign of life; :raises RetriableError: the store failed."""
        states = [standing.row.state for standing in self._loaded_standings(now).values()]
        failing = sum(state in (FeedState.FAILING, FeedState.MUTED) for state in states)
        counts = {"feeds": len(states), "failing": failing, "articles": self._articles, "gaps": self._gaps}
        self._store.beat("poll", at=now, detail=counts)

    def _write(self, looks: Sequence[Look]) -> int:
        """Settle ``looks``, stamped with the present, and write what follows."""
        if not looks:
            return 0
        self._check_clock()
        now = self._clock.now()
        partitions = self._log.partitions(ARTICLES)
        quiet: dict[str, datetime] = {}
        for look in looks:
            standing = self._standings[look.feed_id]
            self._left.append(settle(standing, look, now, partitions=partitions, jitter=self._settings.jitter))
            self._in_flight.pop(look.feed_id, None)
            self._hear_refusal(_host(standing.address), look, now, quiet)
        written = self._write_left(now)
        if quiet:
            self._leave_alone(quiet)
        return written

    def _hear_refusal(self, host: str, look: Look, now: datetime, quiet: dict[str, datetime]) -> None:
        """Take in whether the host refused us; put into ``quiet`` until when it is left alone."""
        if not isinstance(look.finding, Failed):
            self._hosts.answered(host)
        elif look.finding.refused:
            until = self._hosts.refused(host, now, look.finding.retry_after_s)
            if until is not None:
                logger.warning("host %s is asked nothing until %s: %s", host, f"{until:%H:%M:%S}", look.finding.reason)
                quiet[host] = until

    def _leave_alone(self, quiet: Mapping[str, datetime]) -> None:
        """Put off all feeds of the hosts, also for the next process."""
        for feed_id, standing in self._standings.items():
            until = quiet.get(_host(standing.address))
            if until is not None and (later := not_before(standing, until)) is not standing:
                self._standings[feed_id] = later
                self._unsaved[feed_id] = later.row

    def _write_left(self, now: datetime) -> int:
        """Append the articles of what is settled; only then do its standings hold."""
        self._loaded_standings(now)
        entries = [entry for settled in self._left for entry in settled.entries]
        self._append(entries)
        for settled in self._left:
            feed_id = settled.standing.feed.id
            tell_change(self._standings[feed_id].row, settled.standing.row)
            self._standings[feed_id] = settled.standing
            self._unsaved[feed_id] = settled.standing.row
            self._book.add(settled.poll)
            if settled.gap is not None:
                self._gaps += 1
                tell_gap(settled.standing.feed, settled.gap)
        self._left = []
        self._articles += len(entries)
        if entries:
            self._save()
        return len(entries)

    def _append(self, entries: Sequence[Entry]) -> None:
        group: list[Entry] = []
        size = 0
        try:
            for entry in entries:
                if group and size + len(entry.value) > _GROUP_BYTES:
                    self._log.append(ARTICLES, group)
                    group, size = [], 0
                group.append(entry)
                size += len(entry.value)
            if group:
                self._log.append(ARTICLES, group)
        except ClockRefusedError:
            # Stamped by a wrong clock: the cursors stand where they stood, so all of it is read again.
            self._left = []
            self._refused = True
            raise

    def _save(self) -> None:
        if self._unsaved:
            self._store.save_feeds(list(self._unsaved.values()))
            self._unsaved = {}

    def _check_clock(self) -> None:
        log_ms = self._log.now_ms()
        fault = self._guard.fault(self._clock.now(), self._clock.monotonic_s(), log_ms)
        self._refused = bool(fault)
        if fault:
            self._left = []
            raise ClockRefusedError(
                f"{fault}: nothing is written", remedy="set the clock right (NTP); polling goes on by itself then"
            )

    def _loaded_standings(self, now: datetime) -> dict[str, FeedStanding]:
        """Return the standings, read from the store the first time."""
        if not self._loaded:
            rows = self._store.feed_rows()
            self._standings = {feed.id: at_start(feed, rows.get(feed.id), now) for feed in self._feeds}
            gone = [row for id_, row in rows.items() if id_ not in self._standings and row.state != FeedState.REMOVED]
            changed = [s.row for id_, s in self._standings.items() if s.row != rows.get(id_)]
            self._unsaved = {row.feed_id: row for row in [*map(removed, gone), *changed]}
            self._loaded = True
        return self._standings


@functools.lru_cache(maxsize=10_000)
def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
