"""Coverage says what was looked at: each minute, to every partition, after the articles, and the engine reads it so."""

from __future__ import annotations

from datetime import timedelta

from alerts.coverage import CoverageBook
from schemas.article import Article
from schemas.coverage import Coverage
from schemas.ids import hour_of
from schemas.reasons import FeedState
from tests.pipeline.polling.desk import MINUTE, START, Desk, DeskMaker
from tests.pipeline.polling.server import Item, rss

HOUR = timedelta(hours=1)


def news(*guids: str) -> str:
    return rss([Item(guid, f"News {guid}", START - 3 * HOUR + number * MINUTE) for number, guid in enumerate(guids)])


def read(desk: Desk) -> CoverageBook:
    book = CoverageBook()
    for record in desk.coverage():
        book.apply(record)
    return book


def test_it_is_written_each_time_to_every_partition_even_when_nothing_was_polled(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", news("a"))
        for name in "abcdefgh":
            desk.feed(name, "/rss", paused=name == "h")
        await desk.poll()
        for _ in range(5):
            desk.tell()
        told = [[record.model_copy(update={"partition": 0}) for record in desk.coverage(p)] for p in range(3)]
        assert told[0] == told[1] == told[2]
        assert [(record.since, record.at) for record in told[0]] == [
            (START + n * MINUTE, START + (n + 1) * MINUTE) for n in range(5)
        ]
        assert [record.full for record in told[0]] == [True, False, False, False, False]
        assert [len(record.feeds) for record in told[0]] == [8, 0, 0, 0, 0]
        assert told[0][0].feeds[-1].state is FeedState.PAUSED
        numbers = {
            (number, record.partition, record.partitions)
            for number, record in desk.records()
            if isinstance(record, Coverage)
        }
        assert numbers == {(0, 0, 3), (1, 1, 3), (2, 2, 3)}
        used = {number for number, record in desk.records() if isinstance(record, Article)}
        assert len(used) > 1, "articles are spread by source"

    desks.run(go, partitions=3)


def test_an_article_lies_before_the_coverage_of_its_time(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.feed("daily", "/rss", interval=timedelta(seconds=90))
        for number in range(12):
            desk.server.page("/rss", news(*(f"n{k}" for k in range(number + 1))))
            await desk.poll(after=timedelta(seconds=100))
            desk.tell(after=timedelta(seconds=20))
        told = None
        seen = 0
        for _, record in desk.records():
            if isinstance(record, Coverage):
                told = record.at
            else:
                seen += 1
                assert told is None or record.observed_at > told
        assert seen == 12

    desks.run(go)


def test_polls_are_told_in_the_hour_they_fell_into(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", news("a", "b"))
        desk.feed("daily", "/rss")
        desk.set(coverage_every_s=3600)
        await desk.poll(after=timedelta(minutes=59, seconds=30))
        desk.server.page("/rss", status=500)
        await desk.poll(after=timedelta(minutes=13))
        desk.tell()
        before, after = desk.coverage()
        assert (before.since, before.at, after.at) == (START, START + HOUR, START + timedelta(minutes=73, seconds=30))
        assert after.since == before.at
        assert before.full
        assert after.full
        (first,), (second,) = before.feeds, after.feeds
        assert (first.polls_due, first.polls_succeeded, first.items_seen) == (1, 1, 2)
        assert first.reached_back_to == START - 3 * HOUR
        assert (first.state, second.state) == (FeedState.OK, FeedState.OK)
        assert (second.polls_due, second.polls_succeeded, second.reached_back_to) == (1, 0, None)
        book = read(desk)
        assert book.exposure("daily", hour_of(START)) == 1.0
        assert book.exposure("daily", hour_of(START + HOUR)) == 0.0
        assert book.now == after.at

    desks.run(go)


def test_coverage_at_the_full_hour_ends_that_hour(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", news("a"))
        desk.feed("daily", "/rss")
        desk.set(coverage_every_s=3600)
        for _ in range(3):
            await desk.poll(after=HOUR)
            desk.tell(after=timedelta())
        assert [(record.since, record.at) for record in desk.coverage()] == [
            (START + n * HOUR, START + (n + 1) * HOUR) for n in range(3)
        ]
        assert all(record.full and record.feeds[0].polls_succeeded == 1 for record in desk.coverage())

    desks.run(go)


def test_a_feed_that_fails_is_blind_and_one_poll_that_reaches_back_restores_its_hours(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", news("a", "b"))
        desk.feed("daily", "/rss", interval=timedelta(minutes=20))
        await desk.poll()
        desk.tell()
        desk.server.page("/rss", status=500)
        for _ in range(4 * 60):
            await desk.poll(after=MINUTE)
            desk.tell(after=timedelta())
        book = read(desk)
        hours = [hour_of(START) + n for n in range(5)]
        assert [book.exposure("daily", hour) for hour in hours[1:4]] == [0.0, 0.0, 0.0]
        assert book.feeds["daily"].state is FeedState.FAILING
        desk.server.page("/rss", news("b", "c"))
        await desk.poll(after=HOUR)
        desk.tell()
        book = read(desk)
        assert [book.exposure("daily", hour) for hour in hours] == [1.0] * 5
        assert book.feeds["daily"].state is FeedState.OK

    desks.run(go)


def test_hours_that_scrolled_off_unseen_are_not_restored(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", rss([Item(f"a{n}", f"Old {n}", START - n * MINUTE) for n in range(20)]))
        desk.feed("daily", "/rss", interval=timedelta(minutes=20))
        await desk.poll()
        desk.tell()
        desk.server.page("/rss", status=500)
        for _ in range(6 * 12):
            await desk.poll(after=5 * MINUTE)
            desk.tell(after=timedelta())
        latest = desk.clock.now()
        pinned = Item("a19", "Old 19", START - 19 * MINUTE)
        fresh = [Item(f"b{n}", f"New {n}", latest - n * 5 * MINUTE) for n in range(20)]
        desk.server.page("/rss", rss([*fresh, pinned]))
        await desk.poll(after=2 * HOUR)
        desk.tell()
        book = read(desk)
        seen = [book.exposure("daily", hour_of(START) + n) for n in range(9)]
        assert seen[1:5] == [0.0, 0.0, 0.0, 0.0], "an old entry that stays does not vouch for what came between"
        assert seen[5:8] == [1.0, 1.0, 1.0]

    desks.run(go)


def test_after_a_restart_the_first_record_is_full_and_begins_with_the_process(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", news("a"))
        desk.feed("daily", "/rss", interval=timedelta(minutes=30))
        desk.feed("weekly", "/rss", interval=timedelta(hours=20))
        await desk.poll()
        desk.tell()
        desk.again()
        desk.clock.advance_to(START + 3 * HOUR + 10 * MINUTE)
        assert desk.job is not None
        await desk.poll()
        desk.tell()
        last = desk.coverage()[-1]
        assert (last.since, last.at, last.full) == (
            START + 3 * HOUR + 10 * MINUTE,
            START + 3 * HOUR + 11 * MINUTE,
            True,
        )
        book = read(desk)
        assert book.exposure("weekly", hour_of(START) + 1) == 0.0, "nobody watched"
        assert book.exposure("daily", hour_of(START) + 1) == 1.0, "but this one was polled again and held all of it"

    desks.run(go)


def test_a_removed_feed_is_missing_from_the_full_record(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", news("a"))
        desk.feed("daily", "/rss")
        desk.feed("weekly", "/rss")
        await desk.poll()
        desk.tell()
        desk.again()
        desk.feeds = desk.feeds[:1]
        desk.tell()
        assert read(desk).feeds["weekly"].state is FeedState.REMOVED

    desks.run(go)


def test_two_polls_in_one_stretch_reach_as_far_as_the_first_where_they_overlap(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", news("a", "b"))
        desk.feed("daily", "/rss", interval=timedelta(seconds=10))
        await desk.poll()
        await desk.poll(after=timedelta(seconds=20))
        desk.server.page("/rss", news("a", "b", "c"))
        await desk.poll(after=timedelta(seconds=20))
        desk.tell()
        (line,) = desk.coverage()[0].feeds
        assert (line.polls_due, line.polls_succeeded, line.items_seen) == (3, 3, 3)
        assert line.reached_back_to == START - 3 * HOUR

    desks.run(go)


def test_a_time_that_nobody_watched_is_in_no_stretch(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", news("a"))
        desk.feed("daily", "/rss")
        desk.tell()
        desk.tell(after=4 * HOUR)  # As after a night in which the machine slept.
        first, second = desk.coverage()
        assert first.at == START + MINUTE
        assert second.since == second.at
        assert read(desk).exposure("daily", hour_of(START) + 2) == 0.0
        desk.tell()
        assert desk.coverage()[-1].since == second.at

    desks.run(go)
