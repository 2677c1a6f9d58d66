"""Dates of items as feeds really have them: each has its reason, and none of them rings falsely."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from html import escape

import pytest

from alerts.coverage import CoverageBook
from alerts.rules.model import Threshold
from pipelines.extraction.extractor import extractor_for
from pipelines.replay.replay import in_order, replay
from schemas.ids import hour_of
from schemas.reasons import EventKind, EventTimeReason, FeedState
from tests.pipeline.polling.desk import START, Desk, DeskMaker
from tests.streams.records import activated, pair_rule

NOW = format_datetime(START)
#: No two of them are one story.
TITLES = (
    "Azerbaijan and Russia quarrel over a bridge that fell",
    "Russia warns Azerbaijan about unpaid gas bills this winter",
    "Talks on grain quotas bring Azerbaijan and Russia together",
    "Azerbaijan expels two officials of Russia after a trial",
    "Why Russia buys so many pomegranates grown in Azerbaijan",
    "A ferry line will join Russia with Azerbaijan from May on",
)
#: What stands in pubDate, and the reason its item gets when a feed is read for the first time.
DATES = {
    "": EventTimeReason.BACKFILL,
    "some time last week": EventTimeReason.BACKFILL,
    "32 Foo 2025 99:99:99": EventTimeReason.BACKFILL,
    format_datetime(START - timedelta(days=3 * 365)): EventTimeReason.PUBLISHED,
    "Thu, 01 Jan 1970 00:00:00 GMT": EventTimeReason.PUBLISHED,
    format_datetime(START + timedelta(hours=5)): EventTimeReason.FUTURE_CLAMPED,
}


def document(dates: list[str]) -> str:
    items = "".join(
        f"<item><guid>g{number}-{escape(date)}</guid><title>{title}</title><pubDate>{date}</pubDate></item>"
        for number, (date, title) in enumerate(zip(dates, TITLES, strict=True))
    )
    return f"<rss version='2.0'><channel><title>D</title>{items}</channel></rss>"


def opened(desk: Desk, count: int) -> list[str]:
    """Return when a rule opened that wants ``count`` stories of the pair within a day, with the engine's own coverage."""
    rule = pair_rule("any", Threshold(count=count, within_h=24))
    signals = extractor_for().extract_many(desk.articles())
    records = [activated(START - timedelta(hours=1), rule), *in_order(signals, desk.coverage())]
    return [
        decision.event.reason.value for decision in replay(lambda: records) if decision.event.event is EventKind.OPENED
    ]


def test_each_date_has_its_reason_and_the_one_that_is_new_is_counted(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", document(list(DATES)))
        desk.feed("daily", "/rss")
        await desk.poll()
        desk.tell()
        reasons = {(article.guid or "").partition("-")[2]: article.event_time_reason for article in desk.articles()}
        assert reasons == DATES
        assert opened(desk, 1), "what is dated ahead came now"
        assert not opened(desk, 2), "and it is the only one that did"

    desks.run(go)


@pytest.mark.parametrize("dates", [[NOW] * 6, ["", *[NOW] * 5]], ids=["all dated", "one not"])
def test_as_many_items_of_now_ring(desks: DeskMaker, dates: list[str]) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", document(dates))
        desk.feed("daily", "/rss")
        await desk.poll()
        desk.tell()
        assert opened(desk, 5)

    desks.run(go)


@pytest.mark.parametrize(
    "date",
    [
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Wed, 31 Dec 1969 23:59:59 GMT",
        "0001-01-01T00:00:00+14:00",
        "1900-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "Mon, 01 Jan 0000 00:00:00 +0000",
        "99999999999999999999",
        "0",
    ],
)
def test_a_feed_with_one_odd_date_alone_is_polled_told_and_taken_up_again(desks: DeskMaker, date: str) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", document([date, *[""] * (len(TITLES) - 1)]))
        desk.feed("daily", "/rss")
        book = CoverageBook()
        for _ in range(2):
            await desk.poll(after=timedelta(hours=1))
            desk.tell()
            desk.again()
        for record in desk.coverage():
            book.apply(record)
        assert len(desk.articles()) == len(TITLES)
        assert desk.row("daily").state is FeedState.OK
        assert book.exposure("daily", hour_of(desk.clock.now())) == 1.0

    desks.run(go)
