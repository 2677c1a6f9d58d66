"""Permanent redirects are believed after a while, and dropped when the new place fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.feeds.cursor import FeedCursor
from connectors.feeds.moving import after_redirect
from connectors.feeds.settings import FeedSettings
from connectors.feeds.standing import FeedStanding, after_failure, after_success, at_start
from schemas.reasons import FeedState
from tests.unit.feeds.made import FEED, FREE, HOUR, NOW

NEW = "http://moved.example/rss"
Poll = Callable[[FeedStanding, datetime], FeedStanding]


def redirected(cursor: FeedCursor, *targets: str | None, every: timedelta = HOUR) -> FeedCursor:
    for number, target in enumerate(targets):
        cursor = after_redirect(cursor, FEED, target, NOW + number * every)
    return cursor


def test_three_successes_within_a_day_are_believed() -> None:
    assert redirected(FeedCursor(), NEW, NEW).moved_to is None
    assert redirected(FeedCursor(), NEW, NEW, NEW).moved_to == NEW
    assert redirected(FeedCursor(), NEW, NEW, NEW, every=12 * HOUR).moved_to == NEW
    assert redirected(FeedCursor(), NEW, NEW, NEW, every=13 * HOUR).moved_to is None
    assert redirected(FeedCursor(), NEW, NEW, None, NEW).moved_to is None, "in a row"
    assert redirected(FeedCursor(), NEW, f"{NEW}?2", NEW).moved_to is None, "always to the same place"


def asked_until_it_ends(feed: FeedSettings, cursor: FeedCursor, poll: Poll) -> list[FeedStanding]:
    """Return how ``feed`` stands after each of five polls, each when it is due."""
    standing = at_start(feed, None, NOW)._replace(cursor=cursor)
    stands: list[FeedStanding] = []
    while len(stands) < 5 and (at := standing.due_at(NOW)) is not None:
        standing = poll(standing, at)
        stands.append(standing)
    return stands


def succeeds_elsewhere(standing: FeedStanding, at: datetime) -> FeedStanding:
    cursor = after_redirect(standing.cursor, standing.feed, NEW, at)
    return after_success(standing, cursor, at, remark="", jitter=0.25)


def is_gone(standing: FeedStanding, at: datetime) -> FeedStanding:
    return after_failure(standing, "answered 410", at, gone=True, jitter=0.25)


@given(st.integers(300, 86_400), st.text(min_size=1, max_size=8))
def test_whatever_the_interval_the_third_success_is_believed_and_the_second_gone(every_s: int, name: str) -> None:
    """The settings say the interval, or the publisher does; the name of the feed decides how its jitter falls."""
    free = FREE.model_copy(update={"id": name})
    fixed = free.model_copy(update={"interval": timedelta(seconds=every_s)})
    for feed, cursor in ((fixed, FeedCursor()), (free, FeedCursor(max_age_s=every_s))):
        moved = [standing.address == NEW for standing in asked_until_it_ends(feed, cursor, succeeds_elsewhere)]
        assert moved == [False, False, True, True, True]
        muted = [standing.state is FeedState.MUTED for standing in asked_until_it_ends(feed, cursor, is_gone)]
        assert muted == [False, True]


def test_a_feed_asked_once_a_day_may_fail_once_between_but_three_times_over_a_week_are_not_enough() -> None:
    daily = FEED.model_copy(update={"interval": 24 * HOUR})

    def after(*days: float) -> str | None:
        cursor = FeedCursor()
        for day in days:
            cursor = after_redirect(cursor, daily, NEW, NOW + day * 24 * HOUR)
        return cursor.moved_to

    assert after(0, 1, 2) == after(0, 1, 3) == NEW
    assert after(0, 1, 3.1) is None
    assert after(0, 3, 6) is None


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://news.example/rss", NEW),
        ("http://me:secret@news.example/rss", NEW),
        ("http://news.example/rss", "http://me:secret@moved.example/"),
    ],
)
def test_neither_tls_nor_a_password_is_given_away(url: str, target: str) -> None:
    feed = FEED.model_copy(update={"url": url})
    cursor = FeedCursor()
    for _ in range(5):
        cursor = after_redirect(cursor, feed, target, NOW)
    assert (cursor.moved_to, cursor.move) == (None, None)


def test_a_feed_that_moved_is_asked_there_until_that_fails_or_the_settings_change() -> None:
    cursor = redirected(FeedCursor(), NEW, NEW, NEW).model_copy(update={"etag": '"1"'})
    standing = after_success(at_start(FEED, None, NOW), cursor, NOW, remark="", jitter=0.0)
    again: FeedStanding = at_start(FEED, standing.stored, NOW)
    assert again.address == NEW
    passing = after_failure(again, "no answer in time", NOW, weight=0.5, jitter=0.0)
    assert passing.address == NEW
    gone = after_failure(passing, "answered 410", NOW, gone=True, jitter=0.0)
    assert (gone.address, gone.cursor.gone, gone.cursor.etag) == (FEED.url, 0, None)
    other = FEED.model_copy(update={"url": "http://news.example/other"})
    assert at_start(other, standing.stored, NOW).address == other.url
