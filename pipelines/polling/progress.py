"""What the log has acknowledged and the store does not know yet: rows, times, reports. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from connectors.feeds.standing import FeedStanding
from pipelines.polling.reports import reports_of
from pipelines.polling.watching import Poll
from schemas.ports.pollers import FeedTimes, PollProgress


class Progress:
    """Collects what is to be kept in one transaction. ``part`` is that of each feed."""

    def __init__(self, part: Mapping[str, str]) -> None:
        self._part = part
        self._rows: dict[str, FeedStanding] = {}
        self._times: dict[str, FeedStanding] = {}
        self._polls: list[Poll] = []

    def __bool__(self) -> bool:
        return bool(self._rows or self._times or self._polls)

    @property
    def reported(self) -> bool:
        """Return whether it tells of polls."""
        return bool(self._polls)

    @property
    def parts(self) -> frozenset[str]:
        """Return the parts whose feeds it is about."""
        ids = {*self._rows, *self._times, *(poll.feed_id for poll in self._polls)}
        return frozenset(self._part[feed_id] for feed_id in ids)

    def polled(self, before: FeedStanding, after: FeedStanding, poll: Poll) -> None:
        """Take in a poll and how the feed stands after it."""
        if after.moved_only_in_time(before):
            self.moved(after)
        else:
            self.changed(after)
        self._polls.append(poll)

    def changed(self, standing: FeedStanding) -> None:
        """Take in how a feed stands."""
        self._times.pop(standing.feed.id, None)
        self._rows[standing.feed.id] = standing

    def moved(self, standing: FeedStanding) -> None:
        """Take in how a feed stands of which only the times have moved."""
        kept = self._rows if standing.feed.id in self._rows else self._times
        kept[standing.feed.id] = standing

    def lose(self, feed_ids: Collection[str]) -> None:
        """Forget feeds that another poller has now."""
        self._rows = {feed_id: s for feed_id, s in self._rows.items() if feed_id not in feed_ids}
        self._times = {feed_id: s for feed_id, s in self._times.items() if feed_id not in feed_ids}
        self._polls = [poll for poll in self._polls if poll.feed_id not in feed_ids]

    def content(self) -> tuple[PollProgress, Mapping[str, Sequence[Poll]]]:
        """Return what is to be kept, and what stands in each of its reports."""
        times = [FeedTimes(s.feed.id, s.next_poll_at, s.last_success_at) for s in self._times.values()]
        reports = reports_of(self._polls)
        return PollProgress([s.stored for s in self._rows.values()], times, list(reports)), reports

    def clear(self) -> None:
        """Take in that it was kept."""
        self._rows, self._times, self._polls = {}, {}, []
