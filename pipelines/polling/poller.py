"""Polls what is due and tells what was looked at, whenever it is told to; it never waits on a clock itself.

    share ──▶ what is due ──look──▶ settle ──▶ articles ──append──▶ rows, reports (store) ──▶ coverage, told by one for all

Articles are stamped when they are appended, and coverage is told until where every poller has appended what it stamped.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Protocol

from connectors.feeds.cursor import cursor_of
from connectors.feeds.entries import changed_entries
from connectors.feeds.fetch import host_of
from connectors.feeds.former_ids import Sibling
from connectors.feeds.settings import FeedSettings
from connectors.feeds.standing import FeedStanding
from connectors.feeds.wire import WireEntry
from pipelines.polling.clock_guard import LEAST_HOSTS, ClockGuard
from pipelines.polling.host_pace import HostPace
from pipelines.polling.kin import Kin
from pipelines.polling.line import Line
from pipelines.polling.looking import Answered, DocumentParser, Failed, FeedFetcher, Inlet, Look, PutOff, look_at
from pipelines.polling.membership import Membership
from pipelines.polling.pages import PageReader, PageTools
from pipelines.polling.parts import PARTS, feeds_hash, parts_of
from pipelines.polling.poll_settings import PollSettings
from pipelines.polling.progress import Progress
from pipelines.polling.roster import Asked, Roster
from pipelines.polling.sending import Round, Sender
from pipelines.polling.settling import Settled, settle
from pipelines.polling.telling import tell_change, tell_gap
from pipelines.polling.telling_coverage import Teller
from pipelines.polling.watching import check_room
from schemas.clock import Clock
from schemas.errors import ClockRefusedError
from schemas.ids import from_milliseconds
from schemas.ports.log import Entry
from schemas.ports.pollers import PollerStore
from schemas.ports.store import FeedStore, HeartbeatStore
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
        self._part = parts_of(feeds)
        self._kin = Kin(feeds, inlets)
        self._clock = clock
        self._fetcher = fetcher
        self._parser = parser
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
        self._hosts = HostPace(self._settings.host_gap_s, [host_of(self._feeds[feed_id].url) for feed_id in inlets])
        self._roster = Roster(self._hosts)
        self._line: Line[tuple[Round, FeedStanding]] = Line(self._settings.max_in_flight, self._settings.max_per_host)
        self._sender = Sender(self._line, self._look, self._full_texts)
        self._pages = pages and PageReader(pages, self._hosts, self._sender, clock, longest_s=self._settings.pages_s)
        self._full = Counter[str]()  # texts of pages, and entries without one by reason
        self._progress = Progress(self._part)
        self._loaded: frozenset[str] = frozenset()  # the parts whose feeds are in the roster
        self._in_flight: dict[str, Round] = {}
        self._left: list[Settled] = []  # settled, and not acknowledged by the log yet
        self._teller: Teller | None = None
        self._not_before: datetime | None = None
        self._settled_until = self._began
        self._refused = False
        self._heard_out = False
        self._articles = 0
        self._gaps = 0
        self._asked = 0

    @property
    def refused(self) -> bool:
        """Whether the clock was found to be too far off to write with, and not found right since."""
        return self._refused

    def due(self, now: datetime) -> bool:
        """Return whether there is a feed to be asked at ``now``, or something left to be written."""
        self.share(now)
        return bool(self._left) or self._roster.some_due(now)

    async def poll_due(self, now: datetime) -> int:
        """Poll every feed that is due at ``now``; return how many articles were written.

        What has arrived is written while slow hosts are still waited for, and several calls may run at once.

        :raises RetriableError: log or store failed. What was read is kept and written first by the next call.
        :raises ClockRefusedError: the clock is too far off. What was read is read again when it is right.
        """
        self.share(now)
        written = self._write_left(now)
        if self._refused:
            await self.ask_the_time(now)
        self._check_clock()
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
        self._save()
        return written

    def _take_due(self, now: datetime) -> list[Asked]:
        if self._not_before is not None and now < self._not_before:
            return []  # Coverage of another machine is told further than our clock is.
        return self._roster.take_due(now)

    async def _write_as_they_come(self, round_: Round) -> int:
        hosts = self._hosts_asked() if not self._heard_out else ()
        patience = 0 if len(hosts) < LEAST_HOSTS else _PATIENCE
        written = 0
        while round_.awaited:
            await round_.wait(self._settings.linger_s)
            patience -= 1
            if not round_.complete and patience > 0 and self._guard.hosts < LEAST_HOSTS:
                continue  # Nothing is written by a clock that no host was asked about.
            self._heard_out = True
            written += self._write(round_.take())
        return written

    def _hosts_asked(self) -> dict[str, FeedStanding]:
        """Return the hosts that are asked over the network, each with a feed of it."""
        return {host_of(s.address): s for s in self._roster if s.polled and s.feed.id not in self._inlets}

    async def _look(self, standing: FeedStanding, host: str) -> Look:
        if standing.feed.id in self._inlets:
            return Look(standing.feed.id, await self._inlets[standing.feed.id].look(standing.cursor))
        now = self._clock.now()
        entered: list[str] = []

        def may_follow(other: str) -> bool:
            """Tell whether a redirect to another host may be followed: that host has its pace and its places too."""
            at = self._clock.now()
            if not self._hosts.may_be_asked(other, at) or not self._line.enter(other):
                return False
            entered.append(other)
            self._hosts.asked(other, at)
            return True

        try:
            look = await look_at(
                standing.feed, standing.cursor, self._fetcher, self._parser, now, may_follow=may_follow
            )
        finally:
            for other in entered:
                self._line.exit(other)
        if look.server_time is not None:
            self._guard.hear(host, look.server_time)
        return look

    def _full_texts(self, look: Look) -> Awaitable[Look] | None:
        """Return what reads the pages behind the new and revised entries of ``look``; None where nobody asks for them."""
        found = look.finding
        if self._pages is None or self._refused or look.feed_id not in self._roster:
            return None
        if not isinstance(found, Answered) or found.document is None:
            return None
        standing = self._roster[look.feed_id]
        if not standing.feed.full_text:
            return None
        wanted = changed_entries(found.document, standing.feed, standing.cursor_now)
        return self._with_pages(self._pages, look, found, standing.address, wanted) if wanted else None

    async def _with_pages(
        self, reader: PageReader, look: Look, found: Answered, address: str, wanted: Mapping[str, WireEntry]
    ) -> Look:
        pages = await reader.read(look.feed_id, address, wanted)
        self._full["full_texts"] += len(pages.texts)
        self._full.update({f"no_full_text_{reason.name.lower()}": count for reason, count in pages.missed.items()})
        return look._replace(finding=found._replace(pages=pages))

    async def ask_the_time(self, now: datetime) -> None:
        """Ask a few hosts, others each time, only to hear what time it is there."""
        self.share(now)
        by_host = self._hosts_asked()
        hosts = list(by_host)
        self._asked += _ASKED_HOSTS
        turned = [hosts[(self._asked + place) % len(hosts)] for place in range(min(_ASKED_HOSTS, len(hosts)))]
        round_ = self._sender.send([(host, by_host[host]) for host in turned])
        try:
            await round_.wait(None)
            round_.take()
        finally:
            if not round_.complete:
                await self._sender.give_up(round_)

    # -- what is written --------------------------------------------------------------------------------------------

    def _write(self, looks: Sequence[Look]) -> int:
        """Settle ``looks``, stamped with the present, and write what follows."""
        if not looks:
            return 0
        self._check_clock()
        now = self._clock.now()
        partitions = self._log.partitions(ARTICLES)
        quiet: dict[str, datetime] = {}
        for look in looks:
            siblings = self._siblings(
                look
            )  # It may fail, and then this look is taken again: nothing of it is kept yet.
            self._in_flight.pop(look.feed_id, None)
            if look.feed_id not in self._roster:
                continue  # Another poller has it by now and reads the same.
            if isinstance(look.finding, PutOff):
                self._roster.leads_to(look.feed_id, look.finding.host)
                self._roster.put_back(look.feed_id, now)
                continue
            standing = self._roster[look.feed_id]
            jitter = self._settings.jitter
            self._left.append(
                settle(standing, look.finding, now, partitions=partitions, jitter=jitter, siblings=siblings)
            )
            self._hear_host(standing, look, now, quiet)
        written = self._write_left(now)
        for put_off in self._roster.leave_alone(quiet) if quiet else ():
            self._progress.moved(put_off)
        return written

    def _siblings(self, look: Look) -> list[Sibling]:
        """Return the other feeds that may have brought what ``look`` found, as they stand with all that was settled.

        :raises RetriableError: the store cannot be asked for those that another poller has.
        """
        found = look.finding
        if not isinstance(found, Answered) or found.document is None:
            return []
        left = {settled.standing.feed.id: settled.standing for settled in self._left}
        ids = list(self._kin.of(self._feeds[look.feed_id], found.document))
        stand = {id_: (left.get(id_) or self._roster[id_]).cursor for id_ in ids if id_ in self._roster}
        if away := [id_ for id_ in ids if id_ not in stand]:  # A folder, or what is pushed, that another poller has.
            stand |= {id_: cursor_of(row) for id_, row in self._store.feed_rows(away).items()}
        return [Sibling(id_, self._feeds[id_].publisher.id, cursor) for id_, cursor in stand.items()]

    def _hear_host(self, standing: FeedStanding, look: Look, now: datetime, quiet: dict[str, datetime]) -> None:
        """Take in whether the host refused us; put into ``quiet`` until when it is left alone."""
        assert not isinstance(look.finding, PutOff)
        host = look.finding.host or host_of(standing.address)
        if not isinstance(look.finding, Failed):
            self._hosts.answered(host)
            self._roster.leads_to(look.feed_id, host)
        elif look.finding.refused:
            until = self._hosts.refused(host, now, look.finding.retry_after_s)
            if until is not None:
                logger.warning("host %s is asked nothing until %s: %s", host, f"{until:%H:%M:%S}", look.finding.reason)
                quiet[host] = until

    def _write_left(self, now: datetime) -> int:
        """Append the articles of what is settled; only then do its standings hold."""
        if not self._left:
            return 0
        entries = [entry for settled in self._left for entry in settled.entries]
        self._append(entries)
        for settled in self._left:
            before, after = self._roster[settled.standing.feed.id], settled.standing
            tell_change(before.told, after.told)
            self._progress.polled(before, after, settled.poll)
            self._roster.put(after, now)
            if (inlet := self._inlets.get(after.feed.id)) is not None:
                inlet.written()
            if settled.gap is not None:
                self._gaps += 1
                tell_gap(after.feed, settled.gap)
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
            self._forget_left()
            self._refused = True
            raise

    def _forget_left(self) -> None:
        now = self._clock.now()
        for settled in self._left:
            self._roster.put_back(settled.standing.feed.id, now)
        self._left = []

    def _save(self) -> None:
        """Keep what the log has acknowledged; what another poller has taken from us meanwhile is its own."""
        while self._progress:
            content, reports = self._progress.content()
            if self._member.save(content, self._progress.parts):
                self._progress.clear()
                if self._teller is not None:
                    self._teller.remember(reports)
            else:
                logger.warning("another poller has taken over some of the feeds: they were not asked in time")
                self._renew()

    def _check_clock(self) -> None:
        log_ms = self._log.now_ms()
        fault = self._guard.fault(self._clock.now(), self._clock.monotonic_s(), log_ms)
        self._refused = bool(fault)
        if fault:
            self._forget_left()
            raise ClockRefusedError(
                f"{fault}: nothing is written", remedy="set the clock right (NTP); polling goes on by itself then"
            )

    # -- what is shared ---------------------------------------------------------------------------------------------

    def share(self, now: datetime) -> None:
        """Renew ourselves among the pollers where it is time to.

        :raises FatalError: another process polls under our name.
        :raises RetriableError: log or store failed.
        """
        if self._member.due:
            if not self._left:
                if self._progress.reported:
                    self._save()
                self._settled_until = now
            self._renew()
            self._give_back()

    def _renew(self) -> None:
        """Renew ourselves; take in which parts of the feeds are ours now, and whether we tell coverage."""
        first = not self._member.held
        self._member.renew(self._settled_until)
        if first:
            self._not_before = self._store.told_until()
        mine = self._member.held & frozenset(PARTS)
        self._lose(self._loaded - mine)
        if mine - self._loaded:
            self._gain(mine - self._loaded)
        if not self._member.tells:
            self._teller = None

    def _gain(self, parts: Collection[str]) -> None:
        feeds = [feed for feed_id, feed in self._feeds.items() if self._part[feed_id] in parts]
        rows = self._store.feed_rows([feed.id for feed in feeds]) if feeds else {}
        for standing in self._roster.gain(feeds, rows, self._clock.now()):
            self._progress.changed(standing)
        self._loaded |= frozenset(parts)

    def _lose(self, parts: Collection[str]) -> None:
        if parts:
            lost = {feed_id for feed_id, part in self._part.items() if part in parts}
            self._roster.lose(lost)
            self._progress.lose(lost)
            self._left = [settled for settled in self._left if settled.standing.feed.id not in lost]
            self._loaded -= frozenset(parts)

    def _give_back(self) -> None:
        """Give back what another poller is to have, once nothing of it is on its way."""
        if self._member.unwanted:
            busy = {self._part[id_] for id_ in (*self._in_flight, *(s.standing.feed.id for s in self._left))}
            idle = self._member.unwanted - busy
            if idle:
                self._save()
                self._lose(idle)
                self._member.give_back(idle)

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
        self._write_left(now)
        self._check_clock()
        self._save()
        self._settled_until = now
        self._renew()
        self._give_back()
        if not self._member.tells:
            return
        if self._teller is None:
            pause = timedelta(seconds=max(300.0, 3 * self._settings.coverage_every_s))
            self._teller = Teller(self._store, self._feeds, began=self._began, longest_pause=pause)
        if self._member.alike:
            self._teller.say_what_is_removed()
        at = min([now, *(other.settled_until for other in self._member.others)])
        partitions = self._log.partitions(ARTICLES)
        records = self._teller.records(at, partitions)
        entries = [
            Entry(partition, encode(record.changed(partition=partition)))
            for record in records
            for partition in range(partitions)
        ]
        if self._member.certain:
            self._append(entries)
            self._teller.told(records)

    def beat(self, now: datetime) -> None:
        """Give a sign of life for all pollers, where we tell coverage; :raises RetriableError: the store failed."""
        if self._teller is None:
            return
        states = self._teller.states.values()
        failing = sum(state in (FeedState.FAILING, FeedState.MUTED) for state in states)
        counts = {"feeds": len(states), "failing": failing, "articles": self._articles, "gaps": self._gaps}
        if self._member.others:
            counts["pollers"] = len(self._member.others) + 1
        counts.update(self._full)
        self._store.beat("poll", at=now, detail=counts)
