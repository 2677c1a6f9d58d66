"""Laws of what coverage tells, whatever happens when: each poll once, no time twice, every hour whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.feeds.settings import FeedSettings
from connectors.feeds.standing import FeedStanding, at_start
from pipelines.polling.watching import Poll, WatchBook
from schemas.coverage import Coverage
from schemas.ids import hour_of
from schemas.reasons import FeedState

START = datetime(2025, 1, 22, 10, 59, 30, tzinfo=UTC)
FEEDS = [FeedSettings(id=name, url=f"http://{name}.example/") for name in ("a", "b", "c")]
LONGEST = timedelta(hours=2)

#: Seconds that pass, then what happens: a poll of one of the feeds (and its state after it), or a record told or lost.
polls = st.tuples(st.sampled_from("abc"), st.sampled_from([FeedState.OK, FeedState.FAILING]))
steps = st.lists(st.tuples(st.integers(0, 3000), st.one_of(polls, st.sampled_from(["told", "lost"]))), max_size=40)


def live(life: list[tuple[int, object]], rest_s: int = 0) -> tuple[list[Coverage], list[Poll], dict[str, FeedStanding]]:
    """Return the records that were told in ``life``, the polls in it, and how the feeds stand after it."""
    standings = {feed.id: at_start(feed, None, START) for feed in FEEDS}
    book = WatchBook(START, longest_pause=LONGEST)
    told: list[Coverage] = []
    done: list[Poll] = []
    now = START
    for seconds, event in [*life, (rest_s + 1, "told")]:
        now += timedelta(seconds=seconds)
        if isinstance(event, tuple):
            feed_id, state = event
            row = standings[feed_id].row.model_copy(update={"state": state})
            standings[feed_id] = FeedStanding(standings[feed_id].feed, row, standings[feed_id].cursor)
            done.append(Poll(now, feed_id, state, state is FeedState.OK, now if state is FeedState.OK else None, 1))
            book.add(done[-1])
        else:
            records = book.records(standings, now, 1)
            if event == "told":
                told += records
                book.told(standings, records)
    return told, done, standings


@given(steps)
@settings(max_examples=300, deadline=None)
def test_laws(life: list[tuple[int, object]]) -> None:
    told, done, standings = live(life)
    hours = set()
    for record in told:
        assert record.since <= record.at
        assert record.at <= START.replace(minute=0, second=0) + timedelta(
            hours=hour_of(record.since) - hour_of(START) + 1
        )
        assert record.full == (hour_of(record.since) not in hours), "the first of each hour, and only that, is full"
        hours.add(hour_of(record.since))
        if record.full:
            assert [line.feed_id for line in record.feeds] == ["a", "b", "c"]
        for line in record.feeds:
            assert line.polls_succeeded <= line.polls_due
            assert (line.reached_back_to is None) == (line.polls_succeeded == 0)
    for earlier, later in pairwise(told):
        assert later.since >= earlier.at, "no time is told twice"
        assert later.at > earlier.at
        assert later.since == earlier.at or later.at - earlier.at > LONGEST, "only a pause is left out"
    lines = [line for record in told for line in record.feeds]
    assert sum(line.polls_due for line in lines) == len(done), "each poll is told once"
    assert sum(line.items_seen for line in lines) == len(done)
    states = {line.feed_id: line.state for line in lines}
    assert states == {feed_id: standing.row.state for feed_id, standing in standings.items()}


@given(steps)
@settings(max_examples=100, deadline=None)
def test_what_was_lost_changes_nothing(life: list[tuple[int, object]]) -> None:
    without = []
    passed = 0
    for seconds, event in life:
        passed += seconds
        if event != "lost":
            without.append((passed, event))
            passed = 0
    told, done, _ = live(life)
    assert live(without, rest_s=passed)[:2] == (told, done)


def test_times_between_two_records_without_polls_are_watched() -> None:
    book = WatchBook(START, longest_pause=LONGEST)
    standings = {feed.id: at_start(feed, None, START) for feed in FEEDS}
    records = book.records(standings, START + timedelta(minutes=61), 4)
    assert [(r.since.hour, r.since.minute, r.at.hour, r.at.minute) for r in records] == [
        (10, 59, 11, 0),
        (11, 0, 12, 0),
        (12, 0, 12, 0),
    ]
    assert all(record.full and record.partitions == 4 for record in records)
