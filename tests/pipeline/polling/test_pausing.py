"""Watched folders and pushes are paused as feeds are: left alone, told as paused and not as blind, and taken up again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from alerts.coverage import CoverageBook
from connectors.push.settings import PushSettings
from schemas.errors import UsageError
from schemas.ids import hour_of
from schemas.reasons import FeedState
from tests.pipeline.polling.desk import MINUTE, Desk, DeskMaker
from tests.pipeline.polling.test_folders import lines, look_twice, put, row
from tests.pipeline.polling.test_pushes import JSONL, polled, push
from tests.services.ports import free_port
from tocsin.feed_tables import set_paused
from tocsin.pushing import taking_pushes
from tocsin.settings import load_workplace

TOML = """\
[[feeds]]
id = "daily"
url = "http://daily.example/rss"

[[folders]]
# from the agency
id = "wire"
path = "in"

[push]
port = 8766  # behind the proxy
tokens = ["one env:ONE", "two env:TWO"]
"""
ENVIRON = {"ONE": "the-secret-of-one-sender", "TWO": "the-secret-of-the-other"}


def states(desk: Desk) -> dict[str, FeedState]:
    """Return what the newest coverage of each feed says of it."""
    return {line.feed_id: line.state for record in desk.coverage() for line in record.feeds}


def book(desk: Desk) -> CoverageBook:
    made = CoverageBook()
    for record in desk.coverage():
        made.apply(record)
    return made


def test_a_paused_folder_is_left_alone_and_goes_on_where_it_was(desks: DeskMaker, tmp_path: Path) -> None:
    async def go(desk: Desk) -> None:
        desk.watch("wire", tmp_path)
        await desk.poll()
        put(tmp_path, "a.jsonl", lines(row("a")))
        assert await look_twice(desk) == 1
        desk.tell()
        desk.again()
        desk.feeds.clear()
        desk.watch("wire", tmp_path, paused=True)
        put(tmp_path, "b.jsonl", lines(row("b")))
        assert await look_twice(desk) + await look_twice(desk) == 0
        desk.tell()
        assert states(desk) == {"wire": FeedState.PAUSED}
        assert desk.row("wire").state_reason == "paused in the settings"
        assert book(desk).counting() == [], "it is not among those that are expected to be seen"
        desk.again()
        desk.feeds.clear()
        desk.watch("wire", tmp_path)
        assert await look_twice(desk) == 1
        desk.tell()
        assert desk.titles() == ["News a", "News b"], "what came meanwhile is read, and nothing twice"
        assert states(desk) == {"wire": FeedState.OK}

    desks.run(go)


def test_who_pushes_what_is_paused_is_sent_away_and_others_are_not(desks: DeskMaker, tmp_path: Path) -> None:
    async def go(desk: Desk) -> None:
        tokens = ("one env:ONE", "two env:TWO")
        settings = PushSettings(port=free_port(), tokens=tokens, paused=("push.one",))
        url = f"http://127.0.0.1:{settings.port}/articles"
        desk.feeds += settings.as_feeds
        async with taking_pushes(settings, tmp_path, ENVIRON) as inlets, aiohttp.ClientSession() as session:
            desk.inlets |= inlets
            await desk.poll()
            bearer = {name: {**JSONL, "Authorization": f"Bearer {secret}"} for name, secret in ENVIRON.items()}
            async with session.post(url, data=lines(row("a")), headers=bearer["ONE"]) as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "300")
                assert await answer.json() == {"error": "paused by the operator; send it again later"}
            async with session.post(url, data=lines(row("a"))) as answer:
                assert answer.status == 401, "who may not push learns nothing"
            other = asyncio.create_task(push(session, url, lines(row("b")), bearer["TWO"]))
            assert await polled(desk, other) == (202, 1)
            desk.tell()
        assert desk.titles() == ["News b"]
        assert states(desk) == {"push.one": FeedState.PAUSED, "push.two": FeedState.OK}
        assert book(desk).counting() == ["push.two"]

    desks.run(go)


def test_an_endpoint_without_tokens_is_paused_as_a_whole_and_resumed(desks: DeskMaker, tmp_path: Path) -> None:
    async def go(desk: Desk) -> None:
        for paused in ((), ("push",), ()):
            desk.again()
            settings = PushSettings(port=free_port(), paused=paused)
            desk.feeds[:] = settings.as_feeds
            async with taking_pushes(settings, tmp_path, {}) as inlets, aiohttp.ClientSession() as session:
                desk.inlets = dict(inlets)
                await desk.poll(after=timedelta(seconds=5))
                url = f"http://127.0.0.1:{settings.port}/articles"
                sent = asyncio.create_task(push(session, url, lines(row(f"{len(desk.titles())}"))))
                status, _ = await polled(desk, sent)
                assert status == (503 if paused else 202)
                desk.tell(after=MINUTE)
                assert states(desk) == {"push": FeedState.PAUSED if paused else FeedState.OK}
        assert desk.titles() == ["News 0", "News 1"]

    desks.run(go)


@pytest.mark.parametrize("paused", [True, False], ids=["paused", "down"])
def test_hours_in_which_no_push_was_taken_stay_a_hole_in_coverage_and_are_said(
    desks: DeskMaker, tmp_path: Path, *, paused: bool
) -> None:
    """A sender that does not send again leaves nothing behind that could tell: what was turned away is not known."""

    async def go(desk: Desk) -> None:
        begun = desk.clock.now()

        async def life(minutes: int, name: str, *, paused: bool = False) -> None:
            desk.again()
            settings = PushSettings(port=free_port(), paused=("push",) if paused else ())
            desk.feeds[:] = settings.as_feeds
            async with taking_pushes(settings, tmp_path, {}) as inlets, aiohttp.ClientSession() as session:
                desk.inlets = dict(inlets)
                await desk.poll(after=timedelta(seconds=2))
                if name:
                    url = f"http://127.0.0.1:{settings.port}/articles"
                    sent = asyncio.create_task(push(session, url, lines(row(name, published=f"{desk.clock.now()}"))))
                    assert await polled(desk, sent) == (202, 1)
                for _ in range(minutes):
                    await desk.poll(after=MINUTE)
                    desk.tell(after=timedelta())

        await life(90, "a")
        if paused:
            await life(5 * 60, "", paused=True)
        else:
            desk.clock.advance_to(desk.clock.now() + timedelta(hours=5))
        await life(5, "b")
        exposures = [book(desk).exposure("push", hour_of(begun) + number) for number in range(7)]
        assert exposures == [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]
        assert book(desk).counting() == ["push"]
        said = desk.row("push").state_reason
        assert said.startswith("nothing was taken between 2025-01-22 11:30 and 2025-01-22 16:30 UTC")
        assert (desk.row("push").state, desk.titles()) == (FeedState.OK, ["News a", "News b"])

    desks.run(go)


def test_a_restart_is_no_hole_worth_a_word(desks: DeskMaker, tmp_path: Path) -> None:
    async def go(desk: Desk) -> None:
        for _ in range(2):
            desk.again()
            settings = PushSettings(port=free_port())
            desk.feeds[:] = settings.as_feeds
            async with taking_pushes(settings, tmp_path, {}) as inlets:
                desk.inlets = dict(inlets)
                for _ in range(2):
                    await desk.poll(after=timedelta(seconds=20))
                desk.tell(after=timedelta())
        (first, again) = [line.reached_back_to for record in desk.coverage() for line in record.feeds]
        assert again is not None
        assert first is not None
        assert again - first == timedelta(seconds=40), "each is complete from its own beginning"
        assert desk.row("push").state_reason == ""

    desks.run(go)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tocsin.toml").write_text(TOML)
    return tmp_path


def test_one_line_pauses_a_folder_and_one_a_push(folder: Path) -> None:
    def paused() -> list[str]:
        return [feed.id for feed in load_workplace(folder, {}).settings.sources if feed.paused]

    def put_down(feed_id: str, now: bool) -> bool:
        changed = set_paused(load_workplace(folder, {}), feed_id, paused=now)
        assert not set_paused(load_workplace(folder, {}), feed_id, paused=now), "it is so already"
        return changed

    assert put_down("wire", True)
    assert put_down("push.two", True)
    assert paused() == ["wire", "push.two"]
    text = TOML.replace("[[folders]]\n", "[[folders]]\npaused = true\n")
    assert (folder / "tocsin.toml").read_text() == text.replace("[push]\n", '[push]\npaused = ["push.two"]\n')
    assert put_down("push", True)
    assert paused() == ["wire", "push.one", "push.two"]
    assert put_down("push.one", False)
    assert put_down("wire", False)
    assert paused() == ["push.two"]
    assert put_down("push", False)
    assert paused() == []
    assert "# behind the proxy" in (folder / "tocsin.toml").read_text()


def test_what_is_unknown_or_off_cannot_be_paused(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"no feed has the id 'push\.three'"):
        set_paused(load_workplace(folder, {}), "push.three", paused=True)
    (folder / "tocsin.toml").write_text(TOML.replace("port = 8766", "# off"))
    with pytest.raises(UsageError, match="no feed has the id 'push'"):
        set_paused(load_workplace(folder, {}), "push", paused=True)
    with pytest.raises(ValueError, match=r"paused names push\.three, which is none of push"):
        PushSettings(port=8766, paused=("push.three",))
