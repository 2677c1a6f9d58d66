"""Permanent redirects are believed after a while, and dropped when the new place fails."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.feeds.cursor import FeedCursor
from connectors.feeds.moving import after_redirect
from connectors.feeds.standing import FeedStanding, after_failure, after_success, at_start
from tests.unit.feeds.made import FEED, HOUR, NOW

NEW = "http://moved.example/rss"


def redirected(cursor: FeedCursor, *targets: str | None, every: timedelta = HOUR) -> FeedCursor:
    for number, target in enumerate(targets):
        cursor = after_redirect(cursor, FEED, target, NOW + number * every)
    return cursor


def test_three_successes_within_a_day_are_believed() -> None:
    assert redirected(FeedCursor(), NEW, NEW).moved_to is None
    assert redirected(FeedCursor(), NEW, NEW, NEW).moved_to == NEW
    assert redirected(FeedCursor(), NEW, NEW, NEW, every=13 * HOUR).moved_to is None
    assert redirected(FeedCursor(), NEW, NEW, None, NEW).moved_to is None, "in a row"
    assert redirected(FeedCursor(), NEW, f"{NEW}?2", NEW).moved_to is None, "always to the same place"


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
