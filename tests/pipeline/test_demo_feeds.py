"""The demonstration's feeds as a poller meets them: over HTTP, through the real fetcher and the real parser."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from connectors.clock import ManualClock
from connectors.feeds.fetch import Fetcher
from connectors.feeds.fetch_failures import FetchError
from connectors.feeds.parsing import FeedParser, NotAFeedError
from pipelines.demo.feed_server import FeedServer
from pipelines.demo.items import read_items
from pipelines.demo.outlets import FaultKind, FeedFormat, read_outlets
from pipelines.demo.timeline import START, Timeline, make_timeline

BROKEN = next(o for o in read_outlets().values() if {f.kind for f in o.faults} == set(FaultKind))
UNTIL = datetime(2025, 3, 25, tzinfo=UTC)


@pytest.fixture(scope="module")
def timeline() -> Timeline:
    return make_timeline(UNTIL)


class Reader:
    """A poller's eyes: the real fetcher and parser over a server at a clock."""

    def __init__(self, clock: ManualClock, server: FeedServer, fetcher: Fetcher, parser: FeedParser) -> None:
        self.clock = clock
        self.server = server
        self.fetcher = fetcher
        self.parser = parser


def with_reader(timeline: Timeline, moment: datetime, look: Callable[[Reader], Awaitable[None]]) -> None:
    async def run() -> None:
        clock = ManualClock(moment)
        async with FeedServer(timeline, clock) as server, FeedParser() as parser:
            fetcher = Fetcher(clock, allowed_networks=("127.0.0.0/8",))
            try:
                await look(Reader(clock, server, fetcher, parser))
            finally:
                await fetcher.close()

    asyncio.run(run())


def test_every_feed_is_read_whole_and_without_a_flaw(timeline: Timeline) -> None:
    async def look(reader: Reader) -> None:
        for outlet in timeline.outlets.values():
            fetched = await reader.fetcher.fetch(reader.server.url_of(outlet.id))
            assert fetched.body is not None
            assert fetched.server_time is not None
            ahead_s = fetched.server_time.told_s - reader.clock.now().timestamp()
            assert abs(ahead_s) <= 1.0, "the Date header tells the demonstration's time"
            document = await reader.parser.parse(
                outlet.id, fetched.body, url=fetched.url, content_type=fetched.content_type
            )
            assert document.form == ("rss20" if outlet.format is FeedFormat.RSS else "atom10")
            assert document.flaw == ""
            assert document.refused_entries == 0
            assert document.language == "en"
            postings = timeline.document(outlet.id, reader.clock.now())
            wordings = [posting.wording_at(reader.clock.now()) for posting in postings]
            assert [entry.title for entry in document.entries] == [w.title for w in wordings]
            assert [entry.summary for entry in document.entries] == [w.summary for w in wordings]
            assert [entry.claimed for entry in document.entries] == [posting.published for posting in postings]
            assert len({entry.guid for entry in document.entries}) == len(postings)

    # The undated item of the end of January is in one of them.
    with_reader(timeline, datetime(2025, 2, 1, tzinfo=UTC), look)


def test_characters_that_mean_something_in_xml_survive(timeline: Timeline) -> None:
    item = next(item for item in read_items() if "&" in f"{item.title}{item.summary}")
    special = make_timeline(item.appears + timedelta(hours=1))

    async def look(reader: Reader) -> None:
        fetched = await reader.fetcher.fetch(reader.server.url_of(item.outlet))
        assert fetched.body is not None
        document = await reader.parser.parse("feed", fetched.body, url=fetched.url)
        assert item.summary in [entry.summary for entry in document.entries]

    with_reader(special, item.appears, look)


def test_an_unchanged_feed_answers_not_modified_until_it_changes(timeline: Timeline) -> None:
    async def look(reader: Reader) -> None:
        url = reader.server.url_of("volga-observer")
        first = await reader.fetcher.fetch(url)
        assert first.body is not None
        by_tag = await reader.fetcher.fetch(url, etag=first.etag)
        by_date = await reader.fetcher.fetch(url, last_modified=first.last_modified)
        assert by_tag.body is None
        assert by_date.body is None
        reader.clock.advance_to(timeline.changes["volga-observer"][-1])
        changed = await reader.fetcher.fetch(url, etag=first.etag, last_modified=first.last_modified)
        assert changed.body is not None
        assert changed.etag != first.etag
        assert reader.server.answers == {200: 2, 304: 2}

    with_reader(timeline, START, look)


def test_a_feed_breaks_for_its_stretch_and_comes_back(timeline: Timeline) -> None:
    async def look(reader: Reader) -> None:
        url = reader.server.url_of(BROKEN.id)
        for fault in BROKEN.faults[:2]:
            reader.clock.advance_to(fault.since)
            if fault.kind is FaultKind.SERVER_ERROR:
                with pytest.raises(FetchError, match="500"):
                    await reader.fetcher.fetch(url)
                continue
            fetched = await reader.fetcher.fetch(url)
            assert fetched.body is not None
            with pytest.raises(NotAFeedError, match="no entry can be read"):
                await reader.parser.parse(BROKEN.id, fetched.body, url=url, content_type=fetched.content_type)
        reader.clock.advance_to(BROKEN.faults[1].until)
        whole = await reader.fetcher.fetch(url)
        assert whole.body is not None
        document = await reader.parser.parse(BROKEN.id, whole.body, url=url)
        assert len(document.entries) > 15

    with_reader(timeline, BROKEN.faults[0].since - timedelta(hours=1), look)


def test_an_unknown_outlet_is_not_found_and_the_list_names_all(timeline: Timeline) -> None:
    async def look(reader: Reader) -> None:
        with pytest.raises(FetchError, match="404"):
            await reader.fetcher.fetch(reader.server.url_of("nowhere-news"))
        page = await reader.fetcher.fetch(reader.server.address)
        assert page.body is not None
        assert all(outlet.name in page.body.decode() for outlet in timeline.outlets.values())

    with_reader(timeline, START, look)
