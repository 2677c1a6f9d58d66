"""What is read back from the log of feeds that are taken over: articles that their rows do not know, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from connectors.feeds.cursor import FeedCursor, KnownEntry, knowing
from connectors.feeds.entries import Reading, read_entries
from connectors.feeds.former_ids import Sibling
from connectors.feeds.settings import FeedSettings
from connectors.feeds.wire import WireEntry
from pipelines.polling.left_behind import LeftBehind
from schemas.ids import milliseconds
from schemas.ports.log import LogRecord
from schemas.ports.store import FeedRow
from schemas.reasons import ArticleStatus, FeedState
from schemas.wire import encode
from tests.unit.feeds.made import FEED, HOUR, NOW, document, entry

OTHER = FeedSettings(id="other", url="http://other.example/rss", source=FEED.publisher.id)


class FakeLog:
    """Two partitions of records, an hour of append time between any two."""

    def __init__(self, *values: bytes) -> None:
        self.values = values

    def partitions(self, topic: str) -> int:
        return 2

    def offset_at(self, topic: str, partition: int, append_time_ms: int) -> int:
        return sum(self._at_ms(place) < append_time_ms for place in range(len(self.values))) if partition == 1 else 0

    def end_offset(self, topic: str, partition: int) -> int:
        return len(self.values) if partition == 1 else 0

    def read(self, topic: str, partition: int, offset: int, *, max_records: int) -> Sequence[LogRecord]:
        assert partition == 1, "there is nothing in the other one"
        return [
            LogRecord(1, place, b"", value, self._at_ms(place))
            for place, value in enumerate(self.values)
            if offset <= place < offset + 2
        ]

    @staticmethod
    def _at_ms(place: int) -> int:
        return milliseconds(NOW + place * HOUR)


def reading(*entries: WireEntry, feed: FeedSettings = FEED, now: datetime = NOW, text: str = "") -> Reading:
    first = read_entries(document(*entries), feed, FeedCursor(), now)
    return read_entries(
        document(*entries), feed, FeedCursor(), now, {a.article_id: text for a in first.articles} if text else {}
    )


def logged(found: Reading) -> list[bytes]:
    return [encode(article) for article in found.articles]


def left(
    log: FakeLog, feed: FeedSettings = FEED, row: FeedRow | None = None, told: datetime | None = None
) -> dict[str, KnownEntry]:
    behind = LeftBehind(log, slack=timedelta(minutes=1))
    behind.gain([feed], {feed.id: row} if row else {}, told)
    return dict(behind.of(feed.id))


def row_of(found: Reading) -> FeedRow:
    return FeedRow(feed_id=FEED.id, url=FEED.url, state=FeedState.OK, next_poll_at=None, cursor=found.cursor.to_json())


def test_what_the_row_knows_other_feeds_tombstones_and_what_is_no_record_are_no_matter() -> None:
    known, unknown = reading(entry("a")), reading(entry("b"))
    (gone,) = reading(entry("c")).articles
    log = FakeLog(
        *logged(known),
        b"\xff",
        b"{}",
        encode(gone.changed(status=ArticleStatus.WITHDRAWN)),
        *logged(reading(entry("d"), feed=OTHER)),
        *logged(unknown),
    )
    assert left(log, row=row_of(known)) == unknown.cursor.known


def test_the_log_is_read_from_a_little_before_coverage_was_told() -> None:
    first, second = reading(entry("a")), reading(entry("b"))
    log = FakeLog(*logged(first), *logged(second))
    assert left(log, told=NOW + HOUR) == second.cursor.known
    assert left(log, told=NOW + timedelta(seconds=59)) == first.cursor.known | second.cursor.known


def test_revisions_are_counted_and_the_newest_wording_is_the_known_one() -> None:
    first = reading(entry("a", title="Bridge opened"))
    second = read_entries(document(entry("a", title="Bridge closed")), FEED, first.cursor, NOW + HOUR)
    assert left(FakeLog(*logged(first), *logged(second), *logged(second))) == second.cursor.known


def test_a_feed_that_another_poller_has_is_forgotten() -> None:
    behind = LeftBehind(FakeLog(*logged(reading(entry("a")))), slack=timedelta())
    behind.gain([FEED], {}, None)
    assert behind.of(FEED.id)
    behind.lose([FEED.id])
    assert not behind.of(FEED.id)


def test_what_was_written_with_the_text_of_its_page_is_no_edit_when_the_feed_says_it_again() -> None:
    feed = FEED.model_copy(update={"full_text": True})
    entries = left(FakeLog(*logged(reading(entry("a"), feed=feed, text="The whole text."))), feed)
    again = read_entries(document(entry("a")), feed, FeedCursor(), NOW + HOUR, left=entries)
    assert again.articles == ()
    edited = read_entries(document(entry("a", title="Edited")), feed, again.cursor, NOW + 2 * HOUR)
    assert [article.title for article in edited.articles] == ["Edited"]


def test_what_was_left_stays_known_when_the_document_no_longer_lists_it() -> None:
    entries = left(FakeLog(*logged(reading(entry("a")))))
    later = read_entries(document(entry("b")), FEED, FeedCursor(), NOW + HOUR, left=entries)
    assert [article.guid for article in later.articles] == ["b"]
    assert set(later.cursor.known) == {later.articles[0].article_id, *entries}


def test_a_page_of_two_entries_one_of_them_left_behind_names_neither() -> None:
    """A live blog: the row knows one of its entries and the log alone the other; a third of another feed is none of them."""
    page = "http://news.example/live"
    known = reading(entry("a", title="First", link=page))
    entries = left(FakeLog(*logged(reading(entry("b", title="Second", link=page)))), row=row_of(known))
    siblings = [Sibling(FEED.id, FEED.publisher.id, knowing(known.cursor, entries))]
    third = entry("c", title="Third", link=page)
    (article,) = read_entries(document(third), OTHER, FeedCursor(), NOW, siblings=siblings).articles
    assert article.article_id not in {*known.cursor.known, *entries}
