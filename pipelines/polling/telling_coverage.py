"""Coverage told by one poller for all of them: what they reported, until where all of them have settled.

reports of all pollers (store) ──▶ watch book ──▶ Coverage, to every partition ──acknowledged──▶ reports forgotten (store)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from connectors.feeds.settings import FeedSettings
from connectors.feeds.standing import removed, state_at_start
from pipelines.polling.reports import polls_of
from pipelines.polling.watching import Poll, WatchBook
from schemas.coverage import Coverage
from schemas.ports.log import Entry
from schemas.ports.pollers import PollerStore
from schemas.ports.store import FeedStore
from schemas.reasons import FeedState
from schemas.wire import encode


class ToldStore(FeedStore, PollerStore, Protocol):
    """Where reports and the states of feeds lie."""


class Teller:
    """What the one who tells coverage remembers of it. ``began``: since when this process watches."""

    def __init__(
        self, store: ToldStore, feeds: Mapping[str, FeedSettings], *, began: datetime, longest_pause: timedelta
    ) -> None:
        self._store = store
        self._feeds = feeds
        told_until = store.told_until()
        since = began if told_until is None else max(began, told_until)
        self._book = WatchBook(since, longest_pause=longest_pause, told_until=told_until)
        rows = store.feed_rows(with_cursors=False)
        self.states: dict[str, FeedState] = {f.id: state_at_start(f, rows.get(f.id)) for f in feeds.values()}
        self._gone = [id_ for id_, row in rows.items() if id_ not in feeds and row.state is not FeedState.REMOVED]
        self._ours: dict[str, Sequence[Poll]] = {}  # what stands in our own reports, which need not be read again
        self._numbers: list[int] = []
        self._next_states = self.states

    def say_what_is_removed(self) -> None:
        """Mark the rows of feeds that no settings have any more."""
        if self._gone:
            rows = self._store.feed_rows(self._gone)
            self._store.save_feeds([removed(row) for row in rows.values()])
            self._gone = []

    def remember(self, reports: Mapping[str, Sequence[Poll]]) -> None:
        """Take in what stands in reports that we have saved ourselves."""
        self._ours.update(reports)

    def records(self, at: datetime, partitions: int) -> list[Coverage]:
        """Return what is to be told until ``at``, oldest first, each as for partition 0."""
        polls: list[Poll] = []
        self._numbers = []
        for report in self._store.poll_reports():
            reported = self._ours.get(report.text) or polls_of(report.text)
            if all(poll.at <= at for poll in reported):  # Else it is told as a whole the next time.
                polls += reported
                self._numbers.append(report.number)
        polls.sort(key=lambda poll: poll.at)
        known = ((poll.feed_id, poll.state) for poll in polls if poll.feed_id in self._feeds)
        self._next_states = {**self.states, **dict(known)}
        return self._book.records(self._feeds, self._next_states, polls, at, partitions)

    def told(self, records: Sequence[Coverage]) -> None:
        """Forget what ``records``, which the log has acknowledged, have told; :raises RetriableError: the store failed, and
        the same polls will be told once more."""
        if not records:
            return
        self.states = self._next_states
        self._ours.clear()
        self._book.told(self.states, records)
        self._store.polls_told(self._numbers, until=records[-1].at)


def entries_of(records: Sequence[Coverage], partitions: int) -> list[Entry]:
    """Return ``records`` as they are appended: each to every one of the ``partitions``."""
    return [
        Entry(partition, encode(record.changed(partition=partition)))
        for record in records
        for partition in range(partitions)
    ]
