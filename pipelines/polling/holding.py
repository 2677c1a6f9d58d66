"""Which feeds this poller holds among several: it takes over parts of them, and gives parts back once nothing of them is
on its way."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from connectors.feeds.settings import FeedSettings
from pipelines.polling.left_behind import LeftBehind
from pipelines.polling.membership import Membership
from pipelines.polling.parts import PARTS
from pipelines.polling.progress import Progress
from pipelines.polling.roster import Roster
from pipelines.polling.telling_coverage import Teller
from pipelines.polling.writing import Writing
from schemas.clock import Clock
from schemas.ports.pollers import PollerStore
from schemas.ports.store import FeedStore

logger = logging.getLogger(__name__)


class HeldStore(FeedStore, PollerStore, Protocol):
    """Where rows of feeds lie, and who has which of them."""


class Holding:
    """Keeps ``roster`` to the parts that ``member`` holds. What it read until ``settled_until`` is in the log and the store."""

    def __init__(
        self,
        store: HeldStore,
        feeds: Mapping[str, FeedSettings],
        part: Mapping[str, str],
        *,
        clock: Clock,
        member: Membership,
        roster: Roster,
        progress: Progress,
        writing: Writing,
        left: LeftBehind,
        in_flight: Collection[str],
    ) -> None:
        self._store = store
        self._feeds = feeds
        self._part = part
        self._clock = clock
        self._member = member
        self._roster = roster
        self._progress = progress
        self._writing = writing
        self._left = left
        self._in_flight = in_flight  # the feeds that are being looked at, as they change
        self._loaded: frozenset[str] = frozenset()  # the parts whose feeds are in the roster
        self.teller: Teller | None = None  # of coverage, for as long as that is ours
        self.settled_until = clock.now()
        self.not_before: datetime | None = None  # coverage was told until then when we began

    def share(self, now: datetime) -> None:
        """Renew ourselves among the pollers where it is time to; errors as :meth:`settle`."""
        if not self._member.due:
            return
        if self._writing.waiting:
            self._renew()
            self._give_back()
            return
        if self._progress.reported:
            self.save()
        self.settle(now)

    def settle(self, now: datetime) -> None:
        """Renew ourselves, with all that was read until ``now`` written.

        :raises FatalError: another process polls under our name.
        :raises RetriableError: log or store failed.
        """
        self.settled_until = now
        self._renew()
        self._give_back()

    def save(self) -> None:
        """Keep what the log has acknowledged; what another poller has taken from us meanwhile is its own."""
        while self._progress:
            content, reports = self._progress.content()
            if self._member.save(content, self._progress.parts):
                self._progress.clear()
                if self.teller is not None:
                    self.teller.remember(reports)
            else:
                logger.warning("another poller has taken over some of the feeds: they were not asked in time")
                self._renew()

    def _renew(self) -> None:
        """Renew ourselves; take in which parts of the feeds are ours now, and whether we tell coverage."""
        first = not self._member.held
        self._member.renew(self.settled_until)
        if first:
            self.not_before = self._store.told_until()
        mine = self._member.held & frozenset(PARTS)
        self._lose(self._loaded - mine)
        if mine - self._loaded:
            self._gain(mine - self._loaded)
        if not self._member.tells:
            self.teller = None

    def _gain(self, parts: Collection[str]) -> None:
        feeds = [feed for feed_id, feed in self._feeds.items() if self._part[feed_id] in parts]
        rows = self._store.feed_rows([feed.id for feed in feeds]) if feeds else {}
        self._left.gain(feeds, rows, self._store.told_until())
        for standing in self._roster.gain(feeds, rows, self._clock.now()):
            self._progress.changed(standing)
        self._loaded |= frozenset(parts)

    def _lose(self, parts: Collection[str]) -> None:
        if parts:
            lost = {feed_id for feed_id, part in self._part.items() if part in parts}
            self._roster.lose(lost)
            self._progress.lose(lost)
            self._writing.lose(lost)
            self._left.lose(lost)
            self._loaded -= frozenset(parts)

    def _give_back(self) -> None:
        """Give back what another poller is to have, once nothing of it is on its way."""
        if self._member.unwanted:
            busy = {self._part[feed_id] for feed_id in (*self._in_flight, *self._writing.waiting)}
            idle = self._member.unwanted - busy
            if idle:
                self.save()
                self._lose(idle)
                self._member.give_back(idle)
