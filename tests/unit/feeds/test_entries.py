"""Laws of what a document brings: each wording once, event times fixed, reach that promises nothing unseen."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.feeds.completeness import pinned_entries
from connectors.feeds.cursor import KEPT_ENTRIES, FeedCursor, KnownEntry, cursor_of
from connectors.feeds.entries import MAX_REVISIONS, Reading, read_entries
from connectors.feeds.wire import WireEntry
from schemas.model import MAX_RECORD_BYTES
from schemas.ports.store import FeedRow
from schemas.reasons import CutReason, EventTimeReason, FeedState
from schemas.wire import encode
from tests.unit.feeds.made import FEED, HOUR, NOW, document, entry, read

guids = st.sampled_from("abcdefgh")
titles = st.sampled_from(["Bridge opened", "Bridge closed", "Ferry late"])
times = st.one_of(st.none(), st.integers(-72, 5).map(lambda hours: NOW + hours * HOUR))
entries = st.builds(lambda guid, title, time: entry(guid, time, title=title), guids, titles, times)
documents = st.lists(st.lists(entries, max_size=6), max_size=6)


@given(documents)
@settings(max_examples=150)
def test_laws_of_a_life_of_documents(pages: list[list[WireEntry]]) -> None:
    cursor = FeedCursor()
    first: dict[str, tuple[datetime, datetime, EventTimeReason]] = {}
    revisions: dict[str, int] = {}
    hashes: dict[str, str] = {}
    for number, page in enumerate(pages):
        now = NOW + number * HOUR
        reading = read(*page, cursor=cursor, now=now)
        for article in reading.articles:
            life = (article.observed_at, article.event_time, article.event_time_reason)
            assert first.setdefault(article.article_id, life) == life, "fixed by the first revision"
            assert article.revision > revisions.get(article.article_id, 0)
            assert article.content_hash != hashes.get(article.article_id), "each wording is told once in a row"
            assert article.event_time <= article.observed_at <= article.revised_at
            revisions[article.article_id] = article.revision
            hashes[article.article_id] = article.content_hash
        assert reading.reached_back_to <= now
        again = read(*page, cursor=reading.cursor, now=now + timedelta(minutes=1))
        assert again.articles == ()
        stored = FeedRow(feed_id="daily", url="", state=FeedState.OK, cursor=reading.cursor.to_json())
        assert cursor_of(stored) == reading.cursor, "the store keeps all of it"
        cursor = reading.cursor


@pytest.mark.parametrize(
    ("claimed", "event_time", "reason"),
    [
        (NOW - HOUR, NOW - HOUR, EventTimeReason.PUBLISHED),
        (NOW + HOUR, NOW, EventTimeReason.FUTURE_CLAMPED),
        (None, NOW, EventTimeReason.BACKFILL),
    ],
)
def test_event_times_of_a_first_poll(claimed: datetime | None, event_time: datetime, reason: EventTimeReason) -> None:
    (article,) = read(entry("a", claimed)).articles
    assert (article.event_time, article.event_time_reason, article.published_at) == (event_time, reason, claimed)


def test_revisions_grow_where_the_clock_stands_still_or_goes_back() -> None:
    cursor, revisions = FeedCursor(), []
    for number, now in enumerate([NOW, NOW, NOW, NOW - timedelta(seconds=30)]):
        reading = read(entry("a", title=f"Wording {number}"), cursor=cursor, now=now)
        cursor = reading.cursor
        revisions += [article.revision for article in reading.articles]
    assert len(revisions) == 4
    assert revisions == sorted(set(revisions))


def test_a_page_that_changes_with_every_look_ends_after_some_revisions() -> None:
    cursor, written = FeedCursor(), 0
    for number in range(3 * MAX_REVISIONS):
        reading = read(entry("a", title=f"{number} readers"), cursor=cursor, now=NOW + number * HOUR)
        cursor, written = reading.cursor, written + len(reading.articles)
    assert written == MAX_REVISIONS == 24


def test_two_feeds_of_one_publisher_give_one_article() -> None:
    other = FEED.model_copy(update={"id": "daily-world", "url": "http://news.example/world"})
    here = read_entries(document(entry("a")), FEED, FeedCursor(), NOW).articles[0]
    there = read_entries(document(entry("a")), other, FeedCursor(), NOW).articles[0]
    assert (here.article_id, here.feed_id, there.feed_id) == (there.article_id, "daily", "daily-world")


PAGE = "http://news.example/2025/story"


def test_an_article_stays_itself_when_its_publisher_changes_how_guids_are_made() -> None:
    before = [entry(f"{n}", title=f"News {n}", link=f"{PAGE}-{n}?utm_source=rss") for n in range(9)]
    first = read(*before)
    ids = [article.article_id for article in first.articles]
    stored = FeedRow(feed_id="daily", url="", state=FeedState.OK, cursor=first.cursor.to_json())
    renamed = [entry(f"https://news.example/?p={n}", title=f"News {n}", link=f"{PAGE}-{n}/") for n in range(9)]
    second = read(entry("new", title="Newest", link=f"{PAGE}-9"), *renamed, cursor=cursor_of(stored), now=NOW + HOUR)
    assert [article.title for article in second.articles] == ["Newest"]
    assert second.reached_back_to <= NOW, "the documents overlap, whatever the guids say"
    edited = read(
        entry("third scheme", title="News 4, edited", link=f"{PAGE}-4"), cursor=second.cursor, now=NOW + 2 * HOUR
    )
    assert [article.article_id for article in edited.articles] == [ids[4]]
    assert edited.articles[0].observed_at == NOW


def test_a_guid_that_changes_with_each_edit_is_one_article() -> None:
    cursor, ids = FeedCursor(), set()
    for number in range(4):
        changed = entry(f"{PAGE}#{number}", title=f"Bridge opened, update {number}", link=PAGE)
        reading = read(changed, cursor=cursor, now=NOW + number * HOUR)
        ids |= {article.article_id for article in reading.articles}
        cursor = reading.cursor
    assert len(ids) == 1
    assert [known.revisions for known in cursor.known.values()] == [3]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (
            [entry("1", title="One", link="http://news.example/")],
            [entry("2", title="Two", link="http://news.example/")],
        ),
        (
            [entry("1", title="One", link=PAGE)],
            [entry("1", title="One", link=PAGE), entry("2", title="Two", link=PAGE)],
        ),
        (
            [entry("1", title="One", link=PAGE)],
            [entry("2", title="Two", link=PAGE), entry("3", title="Three", link=PAGE)],
        ),
        (
            [entry("1", title="One", link=PAGE), entry("2", title="Two", link=PAGE)],
            [entry("3", title="Three", link=PAGE)],
        ),
        ([entry("1", title="One", link=f"{PAGE}#1")], [entry("2", title="Two", link=f"{PAGE}#2")]),
        ([entry("1", title="One")], [entry("2", title="Two")]),
    ],
    ids=["home page", "beside the known", "two of a page", "two were of a page", "parts of a page", "no link"],
)
def test_entries_of_one_page_are_others_where_the_page_names_no_single_one(
    earlier: list[WireEntry], later: list[WireEntry]
) -> None:
    first = read(*earlier)
    second = read(*later, cursor=first.cursor, now=NOW + HOUR)
    assert {a.article_id for a in first.articles}.isdisjoint(a.article_id for a in second.articles)
    assert second.articles


def test_a_cursor_of_before_pages_were_remembered_is_read_and_learns_them() -> None:
    first = read(entry("1", title="One", link=PAGE))
    older = first.cursor.model_copy(
        update={"known_text": first.cursor.known_text.replace(',"' + only(first).page + '"', "")}
    )
    assert only(first).page
    assert [known.page for known in older.known.values()] == [""]
    second = read(entry("1", title="One", link=PAGE), cursor=older, now=NOW + HOUR)
    assert only(second).page == only(first).page


def only(reading: Reading) -> KnownEntry:
    (known,) = reading.cursor.known.values()
    return known


def test_entries_without_anything_to_be_known_by_are_counted() -> None:
    reading = read(entry("a"), entry(None, title=""))
    assert (len(reading.articles), reading.refused_entries) == (1, 1)


def test_the_settings_language_goes_before_the_documents() -> None:
    settled = FEED.model_copy(update={"language": "ru"})
    languages = [
        read_entries(document(entry("a"), language="en"), feed, FeedCursor(), NOW).articles[0].language
        for feed in (FEED, settled)
    ]
    assert languages == ["en", "ru"]


def test_what_left_the_document_is_known_for_long_and_not_for_ever() -> None:
    many = [entry(f"old{n}") for n in range(KEPT_ENTRIES + 100)]
    cursor = read(*many).cursor
    assert read(many[0], cursor=cursor, now=NOW + HOUR).articles == ()
    cursor = read(entry("new"), cursor=cursor, now=NOW + HOUR).cursor
    assert len(cursor.known) == KEPT_ENTRIES + 1


def test_a_text_that_no_record_can_hold_is_cut_with_a_reason() -> None:
    huge = WireEntry(guid="a", title="Long", content="\u0001é\\" * 400_000)
    (article,) = read(huge).articles
    assert len(encode(article)) <= MAX_RECORD_BYTES
    assert CutReason.RECORD_LIMIT in article.cuts
    assert len(article.text) > 10_000


class TestReach:
    """From when on a feed is known completely."""

    LATER = NOW + 6 * HOUR

    def cursor(self) -> FeedCursor:
        return read(*[entry(f"a{n}", NOW - n * HOUR) for n in range(10)]).cursor

    def test_a_first_document_reaches_to_its_oldest_entry(self) -> None:
        assert read(entry("a", NOW - 5 * HOUR), entry("b")).reached_back_to == NOW - 5 * HOUR

    def test_a_first_document_without_dates_reaches_nowhere(self) -> None:
        assert read(entry("a", None)).reached_back_to == NOW

    def test_an_entry_of_the_document_before_joins_them(self) -> None:
        page = [entry("b", NOW + 5 * HOUR), entry("a0", NOW)]
        assert read(*page, cursor=self.cursor(), now=self.LATER).reached_back_to == NOW

    def test_without_one_it_is_complete_from_its_oldest_entry_on(self) -> None:
        page = [entry("b", NOW + 5 * HOUR), entry("c", NOW + 3 * HOUR)]
        assert read(*page, cursor=self.cursor(), now=self.LATER).reached_back_to == NOW + 3 * HOUR

    def test_it_never_reaches_back_over_the_last_success_without_overlap(self) -> None:
        page = [entry("b", NOW + 5 * HOUR), entry("c", NOW - 3 * HOUR)]
        assert read(*page, cursor=self.cursor(), now=self.LATER).reached_back_to == NOW

    def test_a_pinned_entry_vouches_for_nothing(self) -> None:
        pinned = entry("a9", NOW - 400 * HOUR)
        cursor = read(*[entry(f"a{n}", NOW - n * HOUR) for n in range(9)], pinned).cursor
        fresh = [entry(f"b{n}", self.LATER - n * timedelta(minutes=10)) for n in range(10)]
        reading = read(*fresh, pinned, cursor=cursor, now=self.LATER)
        assert reading.reached_back_to == self.LATER - timedelta(minutes=90)


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=60))
def test_pinned_entries_are_few_and_far_from_the_rest(minutes: list[int]) -> None:
    moments = sorted(NOW + timedelta(minutes=m) for m in minutes)
    count = pinned_entries(moments)
    assert count <= max(1, len(moments) // 10)
    assert count < len(moments)
    if count:
        assert moments[count] - moments[count - 1] > moments[-1] - moments[count]
