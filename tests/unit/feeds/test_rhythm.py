"""A feed's own rhythm: how often it is asked, and when its silence is one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.feeds.cursor import FeedCursor, cursor_of
from connectors.feeds.rhythm import Rhythm, following
from connectors.feeds.schedule import (
    FIRST_INTERVAL,
    LONGEST_WAIT,
    MOST_HURRIED,
    SHORTEST_OWN_INTERVAL,
    outside_rest,
    own_interval,
)
from connectors.feeds.standing import FeedStanding, after_failure, after_success, at_start
from connectors.feeds.wire import Pace
from schemas.ids import milliseconds
from schemas.reasons import FeedState
from tests.unit.feeds.made import FEED, FREE, HOUR, NOW, entry, read

DAY = 24 * HOUR
MINUTE = timedelta(minutes=1)


def every(pause: timedelta, count: int = 20) -> FeedCursor:
    """Return the cursor after a first document with an entry each ``pause`` until now."""
    return read(*(entry(str(n), NOW - n * pause) for n in range(count))).cursor


def asked(cursor: FeedCursor) -> FeedStanding:
    return after_success(at_start(FREE, None, NOW), cursor, NOW, remark="", jitter=0.0)


@pytest.mark.parametrize(
    ("pause", "interval"),
    [
        (MINUTE, SHORTEST_OWN_INTERVAL),
        (HOUR, HOUR / 4),
        (8 * HOUR, 2 * HOUR),
        (DAY, DAY / 4),
        (10 * DAY, LONGEST_WAIT),
    ],
)
def test_a_feed_is_asked_four_times_in_its_usual_pause(pause: timedelta, interval: timedelta) -> None:
    assert own_interval(every(pause), NOW) == pytest.approx(interval, abs=timedelta(seconds=5))
    assert asked(every(pause)).due_at(NOW) == NOW + own_interval(every(pause), NOW)


def test_a_feed_that_has_shown_no_rhythm_is_asked_every_quarter_of_an_hour() -> None:
    for cursor in (FeedCursor(), read(entry("a", None)).cursor, read(entry("a")).cursor):
        assert own_interval(cursor, NOW) == FIRST_INTERVAL


def test_what_the_publisher_wishes_is_granted_until_entries_might_be_lost() -> None:
    hourly = every(HOUR).model_copy(update={"pace": Pace(period_s=7200)})
    assert own_interval(hourly, NOW) == 2 * HOUR
    assert own_interval(hourly.model_copy(update={"max_age_s": 10_800}), NOW) == 3 * HOUR
    daily = hourly.model_copy(update={"pace": Pace(period_s=86_400)})
    assert own_interval(daily, NOW) == 19 * HOUR / 3, "the document reaches back 19 hours"
    assert own_interval(every(10 * MINUTE).model_copy(update={"max_age_s": 60}), NOW) == SHORTEST_OWN_INTERVAL


def test_rest_is_respected_and_who_rests_always_is_asked_once_a_day() -> None:
    wednesday_noon = NOW.replace(hour=12)
    night = Pace(skip_hours=(0, 1, 2, 3, 4, 5, 22, 23))
    assert outside_rest(NOW.replace(hour=21), night, NOW) == NOW.replace(hour=21)
    assert outside_rest(NOW.replace(hour=22, minute=30), night, NOW) == NOW.replace(hour=6) + DAY
    assert outside_rest(wednesday_noon, Pace(skip_days=(2,)), NOW) == NOW.replace(hour=0) + DAY
    assert outside_rest(wednesday_noon, Pace(skip_days=tuple(range(7))), NOW) == NOW + DAY


def test_entries_that_turn_over_fast_make_it_hurry_and_calm_ones_stop_it() -> None:
    cursor = read(*(entry(f"0-{n}") for n in range(8))).cursor
    slow = cursor.model_copy(update={"pace": Pace(period_s=7200), "reach_ms": 0})
    for turn in range(1, 6):
        new = [entry(f"{turn}-{n}", NOW + turn * HOUR) for n in range(5)]
        kept = [entry(f"{turn - 1}-{n}") for n in range(3)]
        following_cursor = read(*new, *kept, cursor=cursor, now=NOW + turn * HOUR).cursor
        assert following_cursor.hurry == turn
        cursor = following_cursor
    assert own_interval(slow.model_copy(update={"hurry": 2}), NOW) == HOUR / 2
    assert own_interval(slow.model_copy(update={"hurry": MOST_HURRIED}), NOW) == SHORTEST_OWN_INTERVAL
    calm = [entry(f"5-{n}") for n in range(5)] + [entry(f"4-{n}") for n in range(3)]
    assert read(*calm, cursor=cursor, now=NOW + DAY).cursor.hurry == 4


def test_entries_that_probably_scrolled_off_are_told_and_counted() -> None:
    first = read(*(entry(f"0-{n}", NOW - HOUR) for n in range(8)))
    assert first.gap is None
    overlapping = read(entry("new", NOW + HOUR), entry("0-1", NOW - HOUR), cursor=first.cursor, now=NOW + 2 * HOUR)
    assert (overlapping.gap, overlapping.cursor.gaps) == (None, 0)
    others = [entry(f"1-{n}", NOW + (8 + n) * HOUR) for n in range(3)]
    lost = read(*others, cursor=overlapping.cursor, now=NOW + 12 * HOUR)
    assert lost.gap == (NOW + 2 * HOUR, NOW + 8 * HOUR)
    assert (lost.cursor.gaps, lost.cursor.hurry) == (1, overlapping.cursor.hurry + 2)
    standing = after_success(asked(overlapping.cursor), lost.cursor, NOW + 12 * HOUR, remark="odd", jitter=0.0)
    assert standing.row.state is FeedState.OK
    assert standing.row.state_reason == (
        "entries between 2025-01-22 12:00 and 2025-01-22 18:00 UTC were probably missed; odd"
    )
    much_later = after_success(standing, lost.cursor, NOW + 40 * HOUR, remark="", jitter=0.0)
    assert much_later.row.state_reason == ""


def test_a_feed_that_answers_and_brings_nothing_far_longer_than_ever_is_silent() -> None:
    cursor = every(6 * HOUR, 60)
    standing = asked(cursor)
    assert standing.row.state is FeedState.OK

    def later(after: timedelta, before: FeedStanding = standing) -> FeedStanding:
        return after_success(before, cursor, NOW + after, jitter=0.0)

    assert later(DAY).row.state is FeedState.OK, "nights are quiet"
    silent = later(DAY + HOUR)
    assert silent.row.state is FeedState.SILENT
    assert "nothing new since 2025-01-22 10:00 UTC" in silent.row.state_reason
    assert "6.0 hours" in silent.row.state_reason
    assert silent.due_at(NOW) is not None, "it is asked all the same"
    often = silent._replace(feed=FEED)
    assert after_failure(often, "no connection", NOW, jitter=0.0).row.state is FeedState.SILENT, (
        "one failure is no news"
    )
    brought = read(entry("new", NOW + 3 * DAY), entry("0"), cursor=cursor, now=NOW + 3 * DAY).cursor
    assert after_success(silent, brought, NOW + 3 * DAY, remark="", jitter=0.0).row.state is FeedState.OK


def test_errors_are_tried_again_soon_and_then_ever_less_by_their_weight() -> None:
    cursor = every(DAY)

    def waits(weight: float) -> list[float]:
        standing, found = asked(cursor), []
        for _ in range(20):
            standing = after_failure(standing, "no answer", NOW, weight=weight, jitter=0.0)
            due_at = standing.due_at(NOW)
            assert due_at is not None
            found.append((due_at - NOW) / MINUTE)
        return found

    assert waits(1.0)[:4] == [15, 30, 45, 60]
    assert waits(0.5)[:4] == [15, 15, 22.5, 30]
    assert waits(1.0)[-1] == 240
    assert round(waits(0.0)[-1]) == 6 * 60, "no fault of the feed"


def test_a_feed_known_for_a_few_days_may_have_quiet_weekends_and_one_long_dead_is_silent_at_once() -> None:
    young = every(2 * HOUR)
    assert young.rhythm is not None
    assert young.rhythm.silent_since(NOW + 2 * DAY) is None
    assert young.rhythm.silent_since(NOW + 4 * DAY) == NOW
    dead = read(*(entry(str(n), NOW - 400 * DAY - n * HOUR) for n in range(10))).cursor
    assert asked(dead).row.state is FeedState.SILENT


def test_a_day_of_not_modified_is_doubted_where_a_feed_used_to_publish() -> None:
    told = {"etag": '"1"', "last_modified": "yesterday", "whole_ms": milliseconds(NOW)}
    daily, rare = every(HOUR).model_copy(update=told), every(9 * DAY).model_copy(update=told)
    assert daily.validators(NOW + DAY) == ('"1"', "yesterday")
    assert daily.validators(NOW + DAY + MINUTE) == (None, None)
    assert rare.validators(NOW + 30 * DAY) == ('"1"', "yesterday")


def test_misdated_entries_arrive_when_they_are_seen() -> None:
    cursor = read(entry("a", NOW - HOUR)).cursor
    at = NOW + HOUR
    assert cursor.rhythm is not None
    after = read(entry("b", NOW - 5 * HOUR), entry("a", NOW - HOUR), cursor=cursor, now=at).cursor
    assert after.rhythm is not None
    assert after.rhythm.newest_at == at
    dated = read(entry("b", NOW + HOUR / 2), entry("a", NOW - HOUR), cursor=cursor, now=at).cursor
    assert dated.rhythm is not None
    assert dated.rhythm.newest_at == NOW + HOUR / 2


@given(st.lists(st.integers(0, 400 * 86_400_000), max_size=60), st.integers(0, 30))
def test_laws_of_a_rhythm(moments: list[int], split: int) -> None:
    whole = following(None, moments)
    if whole is None:
        assert not moments
        return
    assert (whole.since_ms, whole.longest_ms >= 0) == (min(moments), True)
    assert max(moments) - whole.newest_ms < 5 * 60_000
    ordered = sorted(moments)
    assert following(following(None, ordered[:split]), ordered[split:]) == whole, "however many documents brought it"
    assert following(whole, moments) == whole, "what is known changes nothing"
    pause = whole.usual_pause
    if pause is not None:
        assert timedelta(minutes=5) <= pause <= timedelta(milliseconds=whole.longest_ms + 1)


def test_a_rhythm_lives_in_the_cursor() -> None:
    standing = asked(every(HOUR))
    assert isinstance(cursor_of(standing.stored).rhythm, Rhythm)
    assert cursor_of(standing.stored).rhythm == standing.cursor.rhythm
    assert len(standing.cursor.model_dump_json(include={"rhythm"})) < 100
