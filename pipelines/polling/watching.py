"""Polls → Coverage: what was looked at since the last record, cut at the full hours. Pure: times are passed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connectors.feeds.settings import FeedSettings
from connectors.feeds.standing import FeedStanding
from schemas.coverage import Coverage, FeedCoverage
from schemas.errors import RecordTooLargeError, UsageError
from schemas.ids import hour_of, hour_start
from schemas.reasons import FeedState
from schemas.wire import encode

#: A time as long as any when written.
_LONG = datetime(2222, 12, 22, 22, 22, 22, 222_222, tzinfo=UTC)


@dataclass(frozen=True)
class Poll:
    """One poll and what it says of the feed; ``state`` is the feed's after it."""

    at: datetime
    feed_id: str
    state: FeedState
    succeeded: bool
    reached_back_to: datetime | None = None
    items_seen: int = 0


class WatchBook:
    """What is to be told and what was told. ``since`` is where the next stretch begins."""

    def __init__(self, since: datetime, *, longest_pause: timedelta) -> None:
        self.since = since
        self._longest_pause = longest_pause
        self._polls: list[Poll] = []
        self._told: dict[str, FeedState] = {}
        self._full_hour: int | None = None

    def add(self, poll: Poll) -> None:
        """Take in a poll whose articles the log has acknowledged."""
        self._polls.append(poll)

    def records(self, standings: Mapping[str, FeedStanding], at: datetime, partitions: int) -> list[Coverage]:
        """Return the records until ``at``, oldest first, each as for partition 0; none where they would go back in time.

        Nothing counts as told before :meth:`told` says so: after a log that failed, the same is told again and more.
        """
        stretches = self._stretches(at)
        left = list(self._polls)
        states = {feed_id: self._told.get(feed_id, standing.row.state) for feed_id, standing in standings.items()}
        full_hour = self._full_hour
        records = []
        for since, until in stretches:
            polls = [poll for poll in left if poll.at <= until]
            left = left[len(polls) :]
            changes = {poll.feed_id: poll.state for poll in polls}
            if until == at:
                changes = {feed_id: standing.row.state for feed_id, standing in standings.items()}
            full = hour_of(since) != full_hour
            named = set(standings) if full else {poll.feed_id for poll in polls}
            named |= {feed_id for feed_id, state in changes.items() if state is not self._told.get(feed_id)}
            states |= changes
            by_feed: dict[str, list[Poll]] = {feed_id: [] for feed_id in standings if feed_id in named}
            for poll in polls:
                by_feed[poll.feed_id].append(poll)
            feeds = tuple(_line(standings[feed_id], states[feed_id], mine) for feed_id, mine in by_feed.items())
            records.append(Coverage(since=since, at=until, partition=0, partitions=partitions, full=full, feeds=feeds))
            full_hour = hour_of(since)
        return records

    def told(self, standings: Mapping[str, FeedStanding], records: Sequence[Coverage]) -> None:
        """Forget what ``records``, which the log has acknowledged, have told."""
        if not records:
            return
        self.since = records[-1].at
        self._polls = [poll for poll in self._polls if poll.at > self.since]
        self._told = {feed_id: standing.row.state for feed_id, standing in standings.items()}
        self._full_hour = hour_of(records[-1].since)

    def _stretches(self, at: datetime) -> list[tuple[datetime, datetime]]:
        """Return the stretches from the last record to ``at``, each within one hour.

        A pause longer than any between two records was no watching (the machine slept, the log was full): it is in no
        stretch, and its hours have what later polls reach back over.
        """
        since = self.since
        if at < since or (at == since and self._full_hour is not None):
            return []
        if at - since > self._longest_pause:
            since = at
        stretches = []
        while at > (edge := hour_start(hour_of(since) + 1)):
            stretches.append((since, edge))
            since = edge
        return [*stretches, (since, at)]


def _line(standing: FeedStanding, state: FeedState, polls: Sequence[Poll]) -> FeedCoverage:
    """Return what is to be told of a feed; ``polls`` are its own in the stretch, in order."""
    succeeded = [poll for poll in polls if poll.succeeded]
    return FeedCoverage(
        feed_id=standing.feed.id,
        source=standing.feed.publisher,
        state=state,
        polls_due=len(polls),
        polls_succeeded=len(succeeded),
        reached_back_to=_reach(succeeded),
        items_seen=sum(poll.items_seen for poll in polls),
    )


def _reach(succeeded: Sequence[Poll]) -> datetime | None:
    """Return from when on the feed is known completely: a poll that continues the one before it reaches as far as that."""
    reach: datetime | None = None
    before: datetime | None = None
    for poll in succeeded:
        if poll.reached_back_to is not None:
            continues = reach is not None and before is not None and poll.reached_back_to <= before
            reach = min(reach, poll.reached_back_to) if continues and reach is not None else poll.reached_back_to
        before = poll.at
    return reach


def check_room(feeds: Sequence[FeedSettings]) -> None:
    """:raises UsageError: a full record, which names every feed, would be too large to be written."""
    lines = tuple(
        FeedCoverage(
            feed_id=feed.id,
            source=feed.publisher,
            state=FeedState.FAILING,
            polls_due=9_999,
            polls_succeeded=9_999,
            reached_back_to=_LONG,
            items_seen=9_999_999,
        )
        for feed in feeds
    )
    try:
        encode(Coverage(since=_LONG, at=_LONG, partition=0, partitions=1, full=True, feeds=lines))
    except RecordTooLargeError as error:
        raise UsageError(
            f"{len(feeds):,} feeds are more than one record of coverage can name ({error.message})",
            remedy="watch some of them from another folder, or give them shorter names",
        ) from error
