"""Pushed articles over real HTTP: what is taken, what is refused, and that nothing is acknowledged before it is written."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from connectors.clock import SystemClock
from connectors.feeds.cursor import FeedCursor
from connectors.feeds.wire import WireEntry
from connectors.log.open import open_log
from connectors.push import endpoint
from connectors.push.endpoint import PushEndpoint, read_batch
from connectors.push.settings import PushSettings
from pipelines.polling.push_inlet import NotTakenError, PushInlet
from schemas.article import Article
from schemas.errors import LogUnavailableError, UsageError
from schemas.reasons import EventTimeReason, FeedState
from schemas.topics import ARTICLES
from schemas.wire import decode_articles
from tests.chaos.service_process import wait_for
from tests.pipeline.polling.breaking import BreakingLog
from tests.pipeline.polling.desk import MINUTE, Desk, DeskMaker
from tests.pipeline.polling.test_folders import lines, row
from tests.services.ports import free_port
from tocsin.pushing import read_push_tokens

JSONL = {"Content-Type": "application/x-ndjson"}


@asynccontextmanager
async def served(
    desk: Desk, tokens: Mapping[str, str] | None = None, longest_s: float = 30.0
) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """Yield a client and the address it pushes to; ``desk`` polls what is pushed and nothing else."""
    settings = PushSettings(port=1, tokens=tuple(f"{name} env:{name.upper()}" for name in tokens or {}))
    inlets = {name: PushInlet(longest_s=longest_s) for name in settings.streams}
    desk.inlets |= {stream: inlets[name] for name, stream in settings.streams.items()}
    desk.feeds += settings.as_feeds

    async def taken(name: str, entries: Sequence[WireEntry]) -> None:
        await inlets[name].push(entries)

    pushing = PushEndpoint(taken, tokens=tokens or {}, fields=None, zone=ZoneInfo("UTC"))
    runner = web.AppRunner(pushing.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession() as session:
            await desk.poll()
            yield session, f"http://127.0.0.1:{runner.addresses[0][1]}/articles"
    finally:
        await runner.cleanup()


async def push(
    session: aiohttp.ClientSession, url: str, body: str | bytes, headers: Mapping[str, str] | None = None
) -> tuple[int, Mapping[str, object]]:
    async with session.post(url, data=body, headers=JSONL if headers is None else headers) as answer:
        return answer.status, await answer.json()


async def polled(desk: Desk, pushing: asyncio.Task[tuple[int, Mapping[str, object]]]) -> tuple[int, int]:
    """Poll until ``pushing`` is answered; return its status and how many articles were written."""
    written = 0
    while not pushing.done():
        written += await desk.poll(after=MINUTE / 30)
        await asyncio.sleep(0.01)
    return pushing.result()[0], written


def test_lines_are_accepted_when_they_are_written_and_bad_ones_are_told(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        async with served(desk) as (session, url):
            body = lines(row("a", source="wire")) + "{\n\n[1]\n" + lines({"url": "x"}, {"title": "Undated"})
            pushing = asyncio.create_task(push(session, url, body))
            assert await polled(desk, pushing) == (202, 2)
            said = pushing.result()[1]
            assert said["accepted"] == 2
            assert said["refused"] == [
                {"line": 2, "reason": "no JSON"},
                {"line": 4, "reason": "not an object"},
                {"line": 5, "reason": "no title, summary or text"},
            ]
            first, second = desk.articles()
            assert (first.source.id, second.source.id) == ("wire", "push")
            assert second.event_time_reason is EventTimeReason.MISSING
            array = json.dumps([row("a", source="wire"), row("c")])
            pushing = asyncio.create_task(push(session, url, array, {"Content-Type": "application/json"}))
            assert await polled(desk, pushing) == (202, 1), "what is known is not written again"
            desk.tell()
            assert [line.feed_id for line in desk.coverage()[-1].feeds] == ["push"]

    desks.run(go)


def test_what_comes_with_each_token_is_a_feed_of_its_own(desks: DeskMaker) -> None:
    tokens = {"wire": "a-secret-of-some-length", "радио": "another-of-some-length"}

    async def go(desk: Desk) -> None:
        desk.set(jitter=0.0)
        async with served(desk, tokens) as (session, url):
            for name, token in tokens.items():
                bearer = {**JSONL, "Authorization": f"Bearer {token}"}
                body = lines(row(f"of {name}"), row("shared"))
                pushing = asyncio.create_task(push(session, url, body, bearer))
                assert (await polled(desk, pushing))[0] == 202
            desk.tell()
            seen = {line.feed_id: line.items_seen for record in desk.coverage() for line in record.feeds}
            assert seen == {"push.wire": 2, "push.-----": 2}
            assert {article.source.id for article in desk.articles()} == {"push"}, "unless an article names another"
            assert len({article.article_id for article in desk.articles()}) == 3
            assert desk.row("push.wire").state is FeedState.OK

    desks.run(go)


def test_where_nobody_looks_nothing_is_held_up(desks: DeskMaker) -> None:
    """Another poller has the endpoint, or the log is away: whoever balances between pollers tries the other at once."""

    async def go(desk: Desk) -> None:
        inlet = PushInlet(looks_within_s=0.05)
        await asyncio.sleep(0.1)
        (entry,) = read_batch(lines(row("a")).encode(), None, ZoneInfo("UTC")).entries
        with pytest.raises(NotTakenError, match="another poller"):
            await inlet.push([entry])
        while True:
            await inlet.look(FeedCursor())
            pushing = asyncio.create_task(inlet.push([entry]))
            await asyncio.sleep(0)
            if not pushing.done():
                break
            assert isinstance(pushing.exception(), NotTakenError), (
                "on a busy machine that look was too long ago as well"
            )
        await inlet.look(FeedCursor())
        inlet.written()
        await pushing

    desks.run(go)


def test_a_process_killed_at_any_point_loses_nothing_it_has_answered_for_and_doubles_nothing(
    empty_store: Path, tmp_path: Path
) -> None:
    (tmp_path / "store.sqlite").write_bytes(empty_store.read_bytes())
    port = free_port()

    def send(name: str) -> bool:
        body = lines(row(f"{name} 1"), row(f"{name} 2")).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/articles", body, JSONL)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                assert answer.status == 202
                return True
        except (urllib.error.URLError, OSError, http.client.HTTPException):
            return False

    points = ("before the append", "between the append and the cursor", "after the cursor")
    unanswered: list[str] = []
    answered: list[str] = []
    for point in (*points, "nowhere"):
        command = [sys.executable, "-m", "tests.pipeline.polling.killed_poller", str(tmp_path), f"push:{port}", point]
        process = subprocess.Popen(command)
        try:
            wait_for("the endpoint", partial(is_served, port, process))
            names, unanswered = [point, *unanswered], []
            for name in names:
                (answered if send(name) else unanswered).append(name)
        finally:
            if point == "nowhere":
                process.kill()
            assert process.wait(60) == -signal.SIGKILL
    assert sorted(answered) == sorted((*points, "nowhere"))
    with open_log(f"sqlite:///{tmp_path / 'log.sqlite'}", SystemClock()) as log:
        records = [decode_articles(record.value) for record in log.read(ARTICLES, 0, 0, max_records=1_000)]
    articles = [record for record in records if isinstance(record, Article)]
    assert {article.title for article in articles} == {f"News {name} {n}" for name in answered for n in (1, 2)}
    assert len({article.article_id for article in articles}) == 2 * len(answered)
    assert len(articles) == 2 * len(answered), "what was sent again is known by the log, and not written again"


def is_served(port: int, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "it died before anything was pushed"
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def test_nothing_is_acknowledged_before_the_log_has_it(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        async with served(desk) as (session, url):
            broken = BreakingLog(desk.log, before=LogUnavailableError("down"))
            desk.made = desk.new_job(log=broken)
            pushing = asyncio.create_task(push(session, url, lines(row("a"))))
            with pytest.raises(LogUnavailableError):
                await polled(desk, pushing)
            assert broken.tries
            assert not pushing.done()
            broken.before = None
            assert await polled(desk, pushing) == (202, 1)
            assert desk.titles() == ["News a"]

    desks.run(go)


def test_what_is_not_written_in_time_is_to_be_sent_again(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        async with served(desk, longest_s=0.05) as (session, url):
            status, said = await push(session, url, lines(row("a")))
            assert (status, "send it again" in str(said["error"])) == (503, True)
            assert await desk.poll(after=MINUTE) == 0
            inlet = desk.inlets["push"]
            assert isinstance(inlet, PushInlet)
            with pytest.raises(NotTakenError, match="too many"):
                await inlet.push(read_batch(lines(row("a")).encode(), None, ZoneInfo("UTC")).entries * 5_000)

    desks.run(go)


def test_who_may_not_push_is_refused(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        async with served(desk, {"wire": "a-secret-of-some-length"}) as (session, url):
            body = lines({"url": "x"})  # Nothing to write, so nothing to wait for.
            bearer = {**JSONL, "Authorization": "Bearer a-secret-of-some-length"}
            assert (await push(session, url, body))[0] == 401
            assert (await push(session, url, body, {**JSONL, "Authorization": "Bearer other"}))[0] == 401
            assert (await push(session, url, body, {**bearer, "Origin": "http://evil.example"}))[0] == 403
            assert (await push(session, url, body, {**bearer, "Sec-Fetch-Site": "cross-site"}))[0] == 403
            assert (await push(session, url, body, {**bearer, "Content-Type": "text/plain"}))[0] == 415
            assert (await push(session, url, body, bearer))[0] == 202

    desks.run(go)


def test_what_is_too_much_or_none_is_refused_as_a_whole(desks: DeskMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "MOST_BYTES", 100_000)
    monkeypatch.setattr(endpoint, "MOST_LINES", 5)

    async def go(desk: Desk) -> None:
        async with served(desk) as (session, url):
            for body, status in (
                (b"x" * 100_001, 413),
                (lines(*[row(str(number)) for number in range(6)]), 400),
                (b"\xff\xfe", 400),
                ("[" * 50_000, 400),
                ("[1", 400),
                ("", 202),
            ):
                assert (await push(session, url, body))[0] == status
        assert desk.articles() == []

    desks.run(go)


def test_hostile_rows_are_entries_or_reasons() -> None:
    body = lines(
        {"title": "\ud800<b>x</b>", "published": -(10**300), "url": "javascript:x"},
        {"title": {"deep": []}, "text": 5, "published": True},
        {"title": "x", "published": "9" * 5_000},
        {"title": "y", "guid": "g" * 100_000, "source": "\n" * 50 + "s"},
    )
    batch = read_batch(body.encode("utf-8", "surrogatepass"), None, ZoneInfo("UTC"))
    assert len(batch.entries) + len(batch.refused) == 4
    assert batch.entries[-1].source == "s"


def test_listening_elsewhere_needs_tokens_and_tokens_are_read_at_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give tokens"):
        PushSettings(host="0.0.0.0", port=8766)
    with pytest.raises(ValueError, match="token 1 is not"):
        PushSettings(port=8766, tokens=("secret",))
    settings = PushSettings(host="0.0.0.0", port=8766, tokens=("a env:A", "b file:b"))
    (tmp_path / "b").write_text("short")
    with pytest.raises(UsageError, match=r"(?s)A, named by token_env, is not set.*push token b: shorter"):
        read_push_tokens(settings, tmp_path, {})
    (tmp_path / "b").write_text("y" * 20)
    assert read_push_tokens(settings, tmp_path, {"A": "x" * 20}) == {"a": "x" * 20, "b": "y" * 20}


def test_of_two_pollers_one_takes_pushes_and_the_other_says_so_until_it_is_its_turn(desks: DeskMaker) -> None:
    async def go(desk: Desk) -> None:
        inlets = {name: PushInlet(looks_within_s=3_600.0) for name in ("one", "two")}
        desk.feeds += PushSettings(port=1).as_feeds
        jobs = {}
        for name, inlet in inlets.items():
            desk.inlets = {"push": inlet}
            jobs[name] = desk.new_job(name=name)

        async def turn(*names: str) -> None:
            desk.clock.advance_to(desk.clock.now() + MINUTE / 6)
            for name in names:
                await jobs[name].poll_due(desk.clock.now())

        async def answered(name: str, *alive: str) -> tuple[int, str | None]:
            endpoint = PushEndpoint(
                lambda _, entries: inlets[name].push(entries), tokens={}, fields=None, zone=ZoneInfo("UTC")
            )
            async with TestClient(TestServer(endpoint.app())) as client:
                sent = asyncio.create_task(client.post("/articles", data=lines(row(name)), headers=JSONL))
                while not sent.done():
                    await turn(*alive)
                    await asyncio.sleep(0.01)
                answer = await sent
                return answer.status, answer.headers.get("Retry-After")

        for _ in range(3):
            await turn("one", "two")
        (taker,) = [name for name, job in jobs.items() if "push" in job._poller._roster]
        (other,) = set(jobs) - {taker}
        inlets[other]._looks_within_s = 0.0  # By now nobody has looked at it for longer than that.
        assert await answered(other, "one", "two") == (503, "5")
        inlets[other]._looks_within_s = 3_600.0
        assert await answered(taker, "one", "two") == (202, None)
        for _ in range(5):
            await turn(other)  # The taker was killed, and its lease is over.
        assert await answered(other, other) == (202, None)
        assert desk.titles() == [f"News {taker}", f"News {other}"]

    desks.run(go)
