"""Polls → Coverage: what was looked at since the last record, cut at the full hours. Pure: times are passed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pydantic import TypeAdapter

from connectors.feeds.settings import FeedSettings
from schemas.coverage import Coverage, FeedCoverage
from schemas.errors import RecordTooLargeError, UsageError
from schemas.ids import hour_of, hour_start
from schemas.reasons import FeedState
from schemas.wire import encode

#: Checked all at once: one by one they cost half as much again.
_LINES: TypeAdapter[tuple[FeedCoverage, ...]] = TypeAdapter(tuple[FeedCoverage, ...])

#: A time as long as any when written.
_LONG = datetime(2222, 12, 22, 22, 22, 22, 222_222, tzinfo=UTC)


class Poll(NamedTuple):
    """One poll and what it says of the feed; ``state`` is the feed's after it."""

    at: datetime
    feed_id: str
    state: FeedState
    succeeded: bool
    reached_back_to: datetime | None = None
    items_seen: int = 0


class WatchBook:
    """What was told. ``since`` is where the next stretch begins, ``told_until`` (at or before it) where the last ended."""

    def __init__(self, since: datetime, *, longest_pause: timedelta, told_until: datetime | None = None) -> None:
        self.since = since
        self._told_until = told_until
        self._longest_pause = longest_pause
        self._told: dict[str, FeedState] = {}
        self._full_hour: int | None = None

    def records(
        self,
        feeds: Mapping[str, FeedSettings],
        states: Mapping[str, FeedState],
        polls: Sequence[Poll],
        at: datetime,
        partitions: int,
    ) -> list[Coverage]:
        """Return the records until ``at``, oldest first, each as for partition 0; none where they would go back in time.

        ``polls`` are those whose articles the log has acknowledged and that no record has told, in any order; ``states``
        are those at ``at``. Nothing counts as told before :meth:`told` says so: after a log that failed, the same is told
        again and more.
        """
        left = sorted((poll for poll in polls if poll.feed_id in feeds), key=lambda poll: poll.at)
        told = {feed_id: self._told.get(feed_id, state) for feed_id, state in states.items()}
        full_hour = self._full_hour
        records = []
        for since, until in self._stretches(at, left):
            mine = [poll for poll in left if poll.at <= until]
            left = left[len(mine) :]
            changes = {poll.feed_id: poll.state for poll in mine}
            if until == at:
                changes = dict(states)
            full = hour_of(since) != full_hour
            named = set(feeds) if full else {poll.feed_id for poll in mine}
            named |= {feed_id for feed_id, state in changes.items() if state is not self._told.get(feed_id)}
            told |= changes
            by_feed: dict[str, list[Poll]] = {feed_id: [] for feed_id in feeds if feed_id in named}
            for poll in mine:
                by_feed[poll.feed_id].append(poll)
            fields = tuple(_line(feeds[feed_id], told[feed_id], polls) for feed_id, polls in by_feed.items())
            lines = _LINES.validate_python(fields)
            records.append(Coverage(since=since, at=until, partition=0, partitions=partitions, full=full, feeds=lines))
            full_hour = hour_of(since)
        return records

    def told(self, states: Mapping[str, FeedState], records: Sequence[Coverage]) -> None:
        """Take in that the log has acknowledged ``records``."""
        if not records:
            return
        self.since = self._told_until = records[-1].at
        self._told = dict(states)
        self._full_hour = hour_of(records[-1].since)

    def _stretches(self, at: datetime, polls: Sequence[Poll]) -> list[tuple[datetime, datetime]]:
        """Return the stretches from the last record to ``at``, each within one hour.

        A pause longer than any between two records was no watching (the machine slept, the log was full): it is in no
        stretch, and its hours have what later polls reach back over. But what a poller had polled when it was killed was
        watched until then.
        """
        since = self.since
        if at < since or (at == since and self._full_hour is not None):
            return []
        stretches = []
        for hour in sorted({hour_of(poll.at) for poll in polls if poll.at <= since} - {hour_of(since)}):
            within = [poll.at for poll in polls if hour_of(poll.at) == hour]
            told = self._told_until
            begun = told if told is not None and hour_of(told) == hour else within[0]
            if told is None or told < within[-1]:
                stretches.append((begun, within[-1]))
        if at - since > self._longest_pause:
            since = at
        while at > (edge := hour_start(hour_of(since) + 1)):
            stretches.append((since, edge))
            since = edge
        return [*stretches, (since, at)]


def _line(feed: FeedSettings, state: FeedState, polls: Sequence[Poll]) -> Mapping[str, object]:
    """Return the fields of what is to be told of a feed; ``polls`` are its own in the stretch, in order.

    It is known completely from when the last poll reached back to; one that continues the poll before it reaches as far as
    that one.
    """
    succeeded = items = 0
    reach: datetime | None = None
    before: datetime | None = None
    for poll in polls:
        items += poll.items_seen
        if poll.succeeded:
            succeeded += 1
            reached = poll.reached_back_to
            if reached is not None:
                continues = reach is not None and before is not None and reached <= before
                reach = min(reach, reached) if continues and reach is not None else reached
            before = poll.at
    return {
        "feed_id": feed.id,
        "source": feed.publisher,
        "state": state,
        "polls_due": len(polls),
        "polls_succeeded": succeeded,
        "reached_back_to": reach,
        "items_seen": items,
    }


def check_room(feeds: Sequence[FeedSettings]) -> None:
    """:raises UsageError: a full record, which names every feed, would be too large to be written."""
    lines = tuple(
        FeedCoverage(
            feed_id=feed.id,
            source=feed.publisher,
            state=FeedState.FAILING,
            polls_due=9_999,
            polls_succeeded=9_999,
            reached_back_to=_LONG - timedelta(microseconds=number * 987_654_321 % 10**11),  # as unlike as times are
            items_seen=9_999_999,
        )
        for number, feed in enumerate(feeds)
    )
    try:
        encode(Coverage(since=_LONG, at=_LONG, partition=0, partitions=1, full=True, feeds=lines))
    except RecordTooLargeError as error:
        raise UsageError(
            f"{len(feeds):,} feeds are more than one record of coverage can name ({error.message})",
            remedy="watch some of them from another folder, or give them shorter names",
        ) from error
