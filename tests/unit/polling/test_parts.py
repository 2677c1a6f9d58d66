"""Which feeds one poller has together: those of one host and those of one publisher, however long the chain."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from connectors.feeds.settings import FeedSettings
from pipelines.polling.parts import PARTS, parts_of

places = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=30)


def feeds_at(pairs: list[tuple[int, int]]) -> list[FeedSettings]:
    return [
        FeedSettings(id=f"feed{number}", url=f"http://host{host}.example/rss", source=f"source{source}")
        for number, (host, source) in enumerate(pairs)
    ]


@given(places)
def test_feeds_of_one_host_or_one_publisher_are_in_one_part(pairs: list[tuple[int, int]]) -> None:
    feeds = feeds_at(pairs)
    parts = parts_of(feeds)
    together = defaultdict(set)
    for feed in feeds:
        together[feed.url].add(parts[feed.id])
        together[feed.publisher.id].add(parts[feed.id])
    assert all(len(found) == 1 for found in together.values())
    assert parts == parts_of(feeds[::-1]), "the order of the settings does not matter"
    assert set(parts.values()) <= set(PARTS)


def test_feeds_that_share_nothing_are_spread() -> None:
    parts = parts_of(feeds_at([(number, number) for number in range(200)]))
    assert len(set(parts.values())) > 50
