"""What was settled on its way to where it is kept: articles to the log, and only then the feeds' standings to the roster.

    settled ──append──▶ topic articles ──acknowledged──▶ roster, progress (what the store is to keep)

Nothing is written by a clock that is known to be wrong: what waits is dropped then, and its feeds are read again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from connectors.feeds.standing import FeedStanding
from pipelines.polling.clock_guard import ClockGuard
from pipelines.polling.left_behind import ReadableLog
from pipelines.polling.looking import Inlet
from pipelines.polling.progress import Progress
from pipelines.polling.roster import Roster
from pipelines.polling.settling import Settled
from pipelines.polling.telling import tell_change, tell_gap
from schemas.clock import Clock
from schemas.errors import ClockRefusedError
from schemas.ports.log import Entry
from schemas.topics import ARTICLES

#: Bytes of articles appended as one group; a first poll of many feeds brings far more.
_GROUP_BYTES = 4_194_304


class ArticlesLog(ReadableLog, Protocol):
    """What the job needs of a :class:`~schemas.ports.log.Log`."""

    def append(self, topic: str, entries: Sequence[Entry]) -> tuple[int, ...]:
        """Write ``entries`` durably; after an error they may be written again."""
        ...

    def now_ms(self) -> int:
        """Return the log's clock."""
        ...


class Writing:
    """Writes for one poller. ``guard`` judges ``clock``; after an error of the log what waits is written by the next call."""

    def __init__(
        self,
        log: ArticlesLog,
        roster: Roster,
        progress: Progress,
        inlets: Mapping[str, Inlet],
        *,
        clock: Clock,
        guard: ClockGuard,
    ) -> None:
        self._log = log
        self._roster = roster
        self._progress = progress
        self._inlets = inlets
        self._clock = clock
        self._guard = guard
        self._waiting: dict[str, Settled] = {}  # by feed: settled, and not acknowledged by the log yet
        self.refused = False  # whether the clock was found to be too far off, and not found right since
        self.articles = 0
        self.gaps = 0

    @property
    def waiting(self) -> Collection[str]:
        """Return the feeds of which something is to be written."""
        return self._waiting.keys()

    def add(self, settled: Settled) -> None:
        """Take in what follows from a look."""
        self._waiting[settled.standing.feed.id] = settled

    def standing(self, feed_id: str) -> FeedStanding:
        """Return how a feed of the roster stands with all that was settled."""
        settled = self._waiting.get(feed_id)
        return self._roster[feed_id] if settled is None else settled.standing

    def write(self, now: datetime) -> int:
        """Append the articles of what is settled; only then do its standings hold. Return how many they are.

        :raises RetriableError: the log failed. :raises ClockRefusedError: the log says that our clock is wrong.
        """
        if not self._waiting:
            return 0
        entries = [entry for settled in self._waiting.values() for entry in settled.entries]
        self.append(entries)
        for feed_id, settled in self._waiting.items():
            before, after = self._roster[feed_id], settled.standing
            tell_change(before.told, after.told)
            self._progress.polled(before, after, settled.poll)
            self._roster.put(after, now)
            if (inlet := self._inlets.get(feed_id)) is not None:
                inlet.written()
            if settled.gap is not None:
                self.gaps += 1
                tell_gap(after.feed, settled.gap, due_at=before.next_poll_at, asked_at=settled.poll.at)
        self._waiting = {}
        self.articles += len(entries)
        return len(entries)

    def append(self, entries: Sequence[Entry]) -> None:
        """Append ``entries`` in groups; errors as :meth:`write`."""
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
            self._forget()
            self.refused = True
            raise

    def check_clock(self) -> None:
        """:raises ClockRefusedError: the clock is too far off to write with."""
        log_ms = self._log.now_ms()
        fault = self._guard.fault(self._clock.now(), self._clock.monotonic_s(), log_ms)
        self.refused = bool(fault)
        if fault:
            self._forget()
            raise ClockRefusedError(
                f"{fault}: nothing is written", remedy="set the clock right (NTP); polling goes on by itself then"
            )

    def lose(self, feed_ids: Collection[str]) -> None:
        """Forget feeds that another poller has now: it reads the same."""
        for feed_id in feed_ids:
            self._waiting.pop(feed_id, None)

    def _forget(self) -> None:
        now = self._clock.now()
        for feed_id in self._waiting:
            self._roster.put_back(feed_id, now)
        self._waiting = {}
