"""One article in two feeds of one publisher is one, whatever guid it has in each; what only shares a page is not."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta

import pytest

from connectors.feeds.cursor import FeedCursor, KnownEntry
from connectors.feeds.entries import Reading, changed_entries, read_entries
from connectors.feeds.former_ids import _FEW, Sibling
from connectors.feeds.settings import FeedSettings
from connectors.feeds.wire import WireEntry
from schemas.reasons import EventTimeReason
from tests.unit.feeds.made import FEED, HOUR, NOW, document, entry

WORLD = FEED.model_copy(update={"id": "daily-world", "url": "http://feeds.example/world"})
PAGE = "http://news.example/2025/bridge"
SOON = timedelta(minutes=5)


class Newsroom:
    """Feeds of one publisher (unless they name another), each with what it remembers."""

    def __init__(self) -> None:
        self.now = NOW
        self._cursors: dict[str, tuple[FeedSettings, FeedCursor]] = {}

    def read(self, feed: FeedSettings, *entries: WireEntry) -> Reading:
        """Return what ``feed`` brings with ``entries``, some minutes after what was read before."""
        self.now += SOON
        cursor = self._cursors[feed.id][1] if feed.id in self._cursors else FeedCursor()
        siblings = [
            Sibling(id_, other.publisher.id, known) for id_, (other, known) in self._cursors.items() if id_ != feed.id
        ]
        reading = read_entries(document(*entries), feed, cursor, self.now, siblings=siblings)
        self._cursors[feed.id] = feed, reading.cursor
        return reading

    def ids(self, feed: FeedSettings, *entries: WireEntry) -> list[str]:
        """Return the ids under which ``entries`` are written, each in words that only ``feed`` has for it."""
        worded = [entry.model_copy(update={"title": f"{entry.title} in {feed.id}"}) for entry in entries]
        return [article.article_id for article in self.read(feed, *worded).articles]


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (entry("1", link=PAGE), entry("2", link=f"{PAGE}?utm_source=rss")),
        (entry("1", link=PAGE), entry(None, link=PAGE.replace("http:", "https:"))),
        (entry(None, link=PAGE), entry("2", link=f"{PAGE}/")),
        (entry(f"{PAGE}#0", link=PAGE), entry(f"{PAGE}#1", link=PAGE)),
    ],
    ids=["other guids", "then no guid", "first no guid", "guids that count edits"],
)
def test_one_article_in_two_feeds_is_one(here: WireEntry, there: WireEntry) -> None:
    for first, second in itertools.permutations([here, there]):
        room = Newsroom()
        (known,) = room.ids(FEED, first)
        assert room.ids(WORLD, second) == [known]
        edited = second.model_copy(update={"title": "News, edited"})
        assert room.ids(WORLD, edited) == [known], "it keeps the id in that feed too"
        assert room.ids(FEED, first) == []


def test_it_keeps_its_id_where_the_other_feed_has_forgotten_it() -> None:
    room = Newsroom()
    (known,) = room.ids(FEED, entry("1", link=PAGE))
    assert room.ids(WORLD, entry("2", link=PAGE)) == [known]
    room._cursors.pop(FEED.id)
    assert room.ids(WORLD, entry("3", title="Edited", link=PAGE)) == [known]


def test_the_same_guid_goes_before_the_page() -> None:
    room = Newsroom()
    first, second = room.ids(FEED, entry("1", link=PAGE), entry("2", link=f"{PAGE}-2"))
    assert room.ids(WORLD, entry("2", title="Moved", link=PAGE)) == [second]
    assert first != second


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ([entry("1", link="http://news.example/")], [entry("2", link="http://news.example/")]),
        ([entry("1", link=PAGE), entry("2", link=PAGE)], [entry("3", link=PAGE)]),
        ([entry("1", link=PAGE)], [entry("2", link=PAGE), entry("3", link=PAGE)]),
        ([entry("1", link=f"{PAGE}#1")], [entry("2", link=f"{PAGE}#2")]),
        ([entry("1")], [entry("2")]),
        ([entry("1", link=PAGE)], [entry("2", link=PAGE).model_copy(update={"source": "another"})]),
    ],
    ids=["home page", "a live blog there", "a live blog here", "parts of a page", "no link", "another publisher"],
)
def test_what_only_shares_a_page_stays_apart(here: Sequence[WireEntry], there: Sequence[WireEntry]) -> None:
    room = Newsroom()
    before = room.ids(FEED, *here)
    after = room.ids(WORLD, *there)
    assert len(after) == len(there)
    assert set(before).isdisjoint(after)


def test_items_of_a_show_that_come_one_at_a_time_are_as_in_one_feed() -> None:
    """A page that two known entries share names none, in whichever feed the third stands."""
    room = Newsroom()
    known = room.ids(FEED, entry("1", link=PAGE), entry("2", link=PAGE))
    assert len(set(known)) == 2
    (third,) = room.ids(WORLD, entry("3", link=PAGE))
    (fourth,) = room.ids(FEED, entry("4", link=PAGE), entry("2", link=PAGE))
    assert len({*known, third, fourth}) == 4


def test_a_second_item_of_a_page_beside_the_first_is_another_one_in_both_feeds() -> None:
    room = Newsroom()
    (first,) = room.ids(FEED, entry("1", link=PAGE))
    (second,) = room.ids(FEED, entry("1", link=PAGE), entry("2", title="Update", link=PAGE))
    assert room.ids(WORLD, entry("2", title="Update", link=PAGE)) == [second]
    assert first != second


def test_of_two_ids_in_two_feeds_the_older_one_holds() -> None:
    older, younger = Newsroom(), Newsroom()
    (first,) = older.ids(FEED, entry("1", link=PAGE))
    younger.now += HOUR
    (other,) = younger.ids(WORLD, entry("2", link=PAGE))
    older._cursors |= younger._cursors  # Each was read before the other was known.
    third = FEED.model_copy(update={"id": "daily-third"})
    assert older.ids(third, entry("3", link=PAGE)) == [first]
    assert first != other


def test_two_new_entries_do_not_both_become_one_known_article() -> None:
    room = Newsroom()
    (known,) = room.ids(FEED, entry("1", link=PAGE))
    assert room.ids(WORLD, entry("1", title="Moved", link=f"{PAGE}-moved")) == [known]
    third = FEED.model_copy(update={"id": "daily-third"})
    ids = room.ids(third, entry("2", link=PAGE), entry("3", title="Another", link=f"{PAGE}-moved"))
    assert len({known, *ids}) == 3


def test_a_page_that_two_publishers_share_is_not_one_article_in_a_folder() -> None:
    folder = FeedSettings(id="folder", url="http://news.example/folder")
    room = Newsroom()
    one, other = (entry(guid, link=PAGE).model_copy(update={"source": guid}) for guid in ("alpha", "beta"))
    ids = [*room.ids(folder, one), *room.ids(folder, other)]
    assert len(set(ids)) == 2
    renamed = entry("second scheme", title="Edited", link=PAGE).model_copy(update={"source": "beta"})
    assert room.ids(folder, renamed) == [ids[1]]


def test_texts_of_pages_come_to_the_article_whose_id_another_feed_gave() -> None:
    room = Newsroom()
    (known,) = room.ids(FEED, entry("1", link=PAGE))
    there = document(entry("2", link=PAGE))
    (own,) = changed_entries(there, WORLD, FeedCursor())
    siblings = [Sibling(FEED.id, FEED.publisher.id, room._cursors[FEED.id][1])]
    (article,) = read_entries(there, WORLD, FeedCursor(), NOW, {own: "The whole text."}, siblings).articles
    assert (article.article_id, article.text) == (known, "The whole text.")


def test_entries_remembered_before_their_publishers_were_are_read() -> None:
    cursor = FeedCursor(known_text='{"a":["h",1,1,"published",1,0,"page"]}')
    assert cursor.known == {"a": KnownEntry("h", 1, 1, EventTimeReason.PUBLISHED, 1, 0, "page", "", "")}


@pytest.mark.parametrize("guid", ["1", "2"], ids=["same guid", "other guid"])
def test_what_another_feed_has_brought_is_not_written_again(guid: str) -> None:
    room = Newsroom()
    (article,) = room.read(FEED, entry("1", link=PAGE, title="Bridge opened")).articles
    again = room.read(WORLD, entry(guid, link=PAGE, title="Bridge opened"))
    assert again.articles == ()
    assert again.new_entries == 1, "for the rhythm of the feed it is new"
    (edited,) = room.read(WORLD, entry(guid, link=PAGE, title="Bridge opened, edited")).articles
    assert edited.article_id == article.article_id
    assert edited.revised_at > article.revised_at


def test_an_article_belongs_to_the_feed_that_saw_it_first_and_keeps_its_times() -> None:
    room = Newsroom()
    (first,) = room.read(FEED, entry("1", NOW - 2 * HOUR, link=PAGE)).articles
    later = entry("2", NOW - HOUR, link=PAGE, title="Other words")
    (second,) = room.read(WORLD, later).articles
    assert (second.feed_id, second.observed_at, second.event_time) == (FEED.id, first.observed_at, first.event_time)
    assert second.revised_at == room.now
    third = FEED.model_copy(update={"id": "daily-third"})
    room._cursors.pop(FEED.id)
    assert room.ids(third, later) == [first.article_id]
    assert room.read(third, entry("2", link=PAGE, title="Third words")).articles[0].feed_id == FEED.id


def test_an_undated_article_that_was_seen_to_arrive_is_no_backlog_of_a_feed_that_is_added() -> None:
    room = Newsroom()
    room.read(FEED, entry("0", link=f"{PAGE}-0"))
    (arrived,) = room.read(FEED, entry("1", None, link=PAGE), entry("0", link=f"{PAGE}-0")).articles
    (worded,) = room.read(WORLD, entry("1", None, link=PAGE, title="Other words")).articles
    assert arrived.event_time_reason is worded.event_time_reason is EventTimeReason.MISSING


def test_many_new_entries_are_told_as_few_are() -> None:
    room = Newsroom()
    many = [entry(f"here {n}", link=f"{PAGE}-{n}") for n in range(_FEW + 1)]
    known = room.ids(FEED, *many)
    assert room.ids(WORLD, *(one.model_copy(update={"guid": f"there {n}"}) for n, one in enumerate(many))) == known
