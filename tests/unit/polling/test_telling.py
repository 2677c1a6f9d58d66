"""What is said of entries that were probably missed: what would have helped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.feeds.settings import FeedSettings
from pipelines.polling.telling import tell_gap

AT = datetime(2025, 1, 22, 18, tzinfo=UTC)
GAP = (AT - timedelta(hours=8), AT - timedelta(hours=1))


@pytest.mark.parametrize(
    ("interval", "late", "told"),
    [
        (timedelta(hours=1), timedelta(minutes=10), "shorten its interval in the settings"),
        (None, timedelta(0), "it is asked more often now"),
        (timedelta(hours=1), timedelta(minutes=11), "nothing polled it from 2025-01-22 17:49 to 2025-01-22 18:00 UTC"),
        (None, timedelta(hours=7), "nothing polled it from 2025-01-22 11:00 to 2025-01-22 18:00 UTC"),
    ],
)
def test_an_interval_is_to_blame_only_where_it_was_kept(
    interval: timedelta | None, late: timedelta, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    feed = FeedSettings(id="daily", url="https://daily.example/rss", interval=interval)
    tell_gap(feed, GAP, due_at=AT - late, asked_at=AT)
    assert caplog.messages == [
        f"feed daily: entries between 2025-01-22 10:00:00 and 2025-01-22 17:00:00 UTC were probably missed; {told}"
    ]
