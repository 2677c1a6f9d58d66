"""Laws of what coverage tells, whatever happens when: each poll once, no time twice, every hour whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.feeds.settings import FeedSettings
from pipelines.polling.watching import Poll, WatchBook
from schemas.coverage import Coverage
from schemas.ids import hour_of
from schemas.reasons import FeedState

START = datetime(2025, 1, 22, 10, 59, 30, tzinfo=UTC)
FEEDS = {name: FeedSettings(id=name, url=f"http://{name}.example/") for name in ("a", "b", "c")}
LONGEST = timedelta(hours=2)

#: Seconds that pass, then what happens: a poll of one of the feeds (and its state after it), or a record told or lost.
polls = st.tuples(st.sampled_from("abc"), st.sampled_from([FeedState.OK, FeedState.FAILING]))
steps = st.lists(st.tuples(st.integers(0, 3000), st.one_of(polls, st.sampled_from(["told", "lost"]))), max_size=40)


def live(life: list[tuple[int, object]], rest_s: int = 0) -> tuple[list[Coverage], list[Poll], dict[str, FeedState]]:
    """Return the records that were told in ``life``, the polls in it, and the states of the feeds after it."""
    states = dict.fromkeys(FEEDS, FeedState.NEW)
    book = WatchBook(START, longest_pause=LONGEST)
    told: list[Coverage] = []
    done: list[Poll] = []
    left: list[Poll] = []
    now = START
    for seconds, event in [*life, (rest_s + 1, "told")]:
        now += timedelta(seconds=seconds)
        if isinstance(event, tuple):
            feed_id, state = event
            states[feed_id] = state
            done.append(Poll(now, feed_id, state, state is FeedState.OK, now if state is FeedState.OK else None, 1))
            left.append(done[-1])
        else:
            records = book.records(FEEDS, states, left, now, 1)
            if event == "told":
                told += records
                book.told(states, records)
                left = left if not records else []
    return told, done, states


@given(steps)
@settings(max_examples=300, deadline=None)
def test_laws(life: list[tuple[int, object]]) -> None:
    told, done, after = live(life)
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
    assert states == after


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
    records = book.records(FEEDS, dict.fromkeys(FEEDS, FeedState.NEW), [], START + timedelta(minutes=61), 4)
    assert [(r.since.hour, r.since.minute, r.at.hour, r.at.minute) for r in records] == [
        (10, 59, 11, 0),
        (11, 0, 12, 0),
        (12, 0, 12, 0),
    ]
    assert all(record.full and record.partitions == 4 for record in records)


def test_what_was_polled_before_a_kill_is_told_in_its_own_hour_and_no_time_twice() -> None:
    killed_at, told_until = START + timedelta(seconds=20), START + timedelta(seconds=10)
    begun = START + timedelta(minutes=70)
    book = WatchBook(begun, longest_pause=LONGEST, told_until=told_until)
    states = dict.fromkeys(FEEDS, FeedState.OK)
    polls = [
        Poll(begun + timedelta(seconds=30), "b", FeedState.OK, True, begun),
        Poll(killed_at, "a", FeedState.OK, True, START),
    ]
    before, after = book.records(FEEDS, states, polls, begun + timedelta(minutes=1), 1)
    assert (before.since, before.at, [line.polls_due for line in before.feeds]) == (told_until, killed_at, [1, 0, 0])
    assert (after.since, after.at, [line.polls_due for line in after.feeds]) == (
        begun,
        begun + timedelta(minutes=1),
        [0, 1, 0],
    )
