"""Parse workers within their limits: what goes over them ends the worker and not the job, and the next one works."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tarfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.feeds import parsing
from connectors.feeds.parsing import FeedParser, NotAFeedError
from tests.pipeline.polling.desk import START, Desk, DeskMaker
from tests.pipeline.polling.server import Item, rss
from tests.services.not_run import not_run

GOOD = rss([Item("a", "Bridge opened", START)]).encode()
#: So many open tags cost the parser far more than their bytes.
COSTLY = (
    b"<rss version='2.0'><channel>" + b"<item><title>" + b"<a x='&amp;'>" * 600_000 + b"</title></item></channel></rss>"
)


def test_too_much_cpu_ends_the_worker_and_the_next_document_is_read(
    runner: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    async def go() -> None:
        async with FeedParser(cpu_s=0.5, wall_s=50.0) as parser:
            with pytest.raises(NotAFeedError, match=r"daily: parsing it took over 0\.5 s of CPU"):
                await parser.parse("daily", COSTLY, url="")
            assert (await parser.parse("daily", GOOD, url="")).entries[0].title == "Bridge opened"

    runner.run(go())
    assert "the worker is replaced" in caplog.text


def test_too_much_memory_is_a_reason_and_the_next_document_is_read(runner: asyncio.Runner) -> None:
    async def go() -> None:
        async with FeedParser(memory_bytes=150_000_000) as parser:
            with pytest.raises(NotAFeedError, match=r"more memory|was killed"):
                await parser.parse("daily", COSTLY * 4, url="")
            assert (await parser.parse("daily", GOOD, url="")).entries[0].title == "Bridge opened"

    runner.run(go())


def test_too_much_time_is_a_reason(runner: asyncio.Runner) -> None:
    async def go() -> None:
        async with FeedParser(wall_s=0.01) as parser:
            with pytest.raises(NotAFeedError, match=r"parsing it took over 0\.01 s"):
                await parser.parse("daily", COSTLY, url="")

    runner.run(go())


def test_a_worker_that_went_between_two_documents_is_nobodys_fault(
    runner: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    async def go() -> None:
        async with FeedParser() as parser:
            await parser.parse("daily", GOOD, url="")
            (worker,) = parser._workers
            os.kill(worker.pid, signal.SIGKILL)
            while not worker.ended:
                await asyncio.sleep(0.01)
            assert (await parser.parse("daily", GOOD, url="")).entries[0].title == "Bridge opened"

    runner.run(go())
    assert caplog.text == ""


def test_who_is_killed_from_outside_names_its_feed_and_the_parent_reads_on(runner: asyncio.Runner) -> None:
    async def go() -> None:
        async with FeedParser() as parser:
            await parser.parse("daily", GOOD, url="")
            (worker,) = parser._workers
            asking = asyncio.create_task(parser.parse("other", COSTLY, url=""))
            while worker.documents < 2:
                await asyncio.sleep(0)
            os.kill(worker.pid, signal.SIGKILL)
            with pytest.raises(NotAFeedError, match="other: the parse worker was killed by SIGKILL on it"):
                await asking
            assert (await parser.parse("daily", GOOD, url="")).entries[0].title == "Bridge opened"

    runner.run(go())


def test_what_becomes_too_much_text_is_a_reason(runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_ANSWER_BYTES", 100)

    async def go() -> None:
        async with FeedParser() as parser:
            with pytest.raises(NotAFeedError, match="becomes more than 100 bytes of text"):
                await parser.parse("daily", GOOD, url="")

    runner.run(go())


def test_a_feed_whose_parser_cannot_start_says_so_and_is_tried_again(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        desk.server.page("/rss", GOOD)
        desk.feed("daily", "/rss")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "executable", "/nowhere/python")
            desk.parser.inner, working = FeedParser(), desk.parser.inner
            assert await desk.poll() == 0
        assert "no parse worker could be started" in desk.row("daily").state_reason
        desk.parser.inner = working
        assert await desk.poll(after=timedelta(minutes=15)) == 1

    desks.run(go)


def test_every_fixture_of_feedparser_is_entries_or_a_reason(runner: asyncio.Runner) -> None:
    folder = os.environ.get("TOCSIN_EVALUATION_DATA", "")
    archive = Path(folder) / "data" / "feedparser_tests.tar.xz"
    if not folder or not archive.is_file():
        not_run(
            "the feeds of feedparser's own tests through the parse worker",
            "TOCSIN_EVALUATION_DATA does not name a folder with data/feedparser_tests.tar.xz",
            required_in_ci=False,
        )
    outcomes = Counter[str]()

    async def go() -> None:
        async with FeedParser() as parser:
            with tarfile.open(archive) as members:
                for member in members:
                    file = members.extractfile(member)
                    if file is not None and "/tests/" in member.name:
                        outcomes[await outcome(parser, file.read())] += 1

    runner.run(go())
    # Those left are no feeds, or are cut off on purpose; a killed worker or a failure of the parser's is not among them.
    assert outcomes["document"] > 2_000, outcomes
    assert {kind for kind, _ in outcomes.items()} <= {"document", "no feed"}, outcomes


async def outcome(parser: FeedParser, body: bytes) -> str:
    try:
        await parser.parse("fixture", body, url="http://127.0.0.1:8097/feed")
    except NotAFeedError as error:
        known = ("it is no feed", "it begins as a feed", "it is empty", "it is a web page")
        return "no feed" if error.message.removeprefix("fixture: ").startswith(known) else error.message
    return "document"
