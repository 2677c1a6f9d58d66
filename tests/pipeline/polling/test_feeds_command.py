"""`tocsin feeds` in a folder of its own, against a real server and real parse workers."""

from __future__ import annotations

import asyncio
import json
import threading
import weakref
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connectors.clock import SystemClock
from connectors.feeds.settings import FeedSettings
from connectors.store.open import open_store
from schemas.errors import UsageError
from schemas.ports.store import FeedRow
from schemas.reasons import FeedState
from tests.pipeline.polling.desk import START
from tests.pipeline.polling.server import FeedServer, Item, rss
from tocsin.commands.feeds import command
from tocsin.feed_checks import FeedCheck, check_feeds
from tocsin.progress import Progress

NEWS = [Item("a", "Bridge opened", START - timedelta(hours=2)), Item("b", "Ferry late", START), Item("c", "Undated")]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """Serve a folder with one feed and one page; return the address."""
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "news.xml").write_text(rss(NEWS))
    (folder / "page.html").write_text("<html><body>Hello</body></html>")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            if self.path == "/gone":
                self.send_error(410)
            else:
                super().do_GET()

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path, web: str) -> Path:
    made = tmp_path / "desk"
    (made / "data").mkdir(parents=True)
    (made / "tocsin.toml").write_text(
        f'''allow_addresses = ["127.0.0.0/8"]
[[feeds]]
id = "daily"
url = "{web}/news.xml"
[[feeds]]
id = "page"
url = "{web.replace("://", "://me:secret@")}/page.html"
[[feeds]]
id = "resting"
url = "{web}/news.xml"
paused = true
'''
    )
    return made


def feeds(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(command, list(words), input=stdin, catch_exceptions=False)


def test_list_shows_what_the_store_knows_and_what_it_does_not(folder: Path) -> None:
    result = feeds("list", "-C", str(folder))
    assert [line.split()[:2] for line in result.stdout.splitlines()[1:]] == [
        ["daily", "new"],
        ["page", "new"],
        ["resting", "paused"],
    ]
    assert not list((folder / "data").iterdir()), "who only looks makes no store"
    store = open_store(f"sqlite:///{folder / 'data' / 'store.sqlite'}")
    now = SystemClock().now()
    store.save_feeds(
        [
            FeedRow(
                feed_id="daily", url="x", state=FeedState.OK, last_success_at=now - timedelta(hours=3), items_seen=7
            ),
            FeedRow(
                feed_id="page", url="x", state=FeedState.FAILING, state_reason="it is a web\npage, \x1b[31mnot a feed"
            ),
            FeedRow(feed_id="old", url="x", state=FeedState.REMOVED),
        ]
    )
    store.close()
    result = feeds("list", "-C", str(folder))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["FEED", "STATE", "READ", "NEXT", "ITEMS"]
    assert lines[1].split()[:4] == ["daily", "ok", "3", "h"]
    assert "it is a web page, " in lines[2]
    assert "\x1b" not in result.stdout
    assert lines[4].split()[:2] == ["old", "removed"]
    rows = [json.loads(line) for line in feeds("list", "-C", str(folder), "--json").stdout.splitlines()]
    assert [row["state"] for row in rows] == ["ok", "failing", "paused", "removed"]
    assert "cursor" not in rows[0]


def test_check_says_what_is_there_and_fails_where_one_is_no_feed(folder: Path) -> None:
    result = feeds("check", "-C", str(folder))
    assert result.exit_code == 1
    assert "ok   daily" in result.stdout
    assert "3 entries, newest 2025-01-22 10:00 UTC, complete from 2025-01-22 08:00 UTC on" in result.stdout
    assert "1 entry without a date" in result.stdout
    assert "no   page" in result.stdout
    assert "it is a web page, not a feed" in result.stdout
    assert "secret" not in result.output
    assert not list((folder / "data").iterdir())


def test_check_of_one_by_id_and_by_url(folder: Path, web: str) -> None:
    by_id = feeds("check", "daily", "-C", str(folder), "--json")
    by_url = feeds("check", f"{web}/news.xml?again", "-C", str(folder), "--json")
    assert (by_id.exit_code, by_url.exit_code) == (0, 0)
    shown = json.loads(by_id.stdout)
    assert (shown["ok"], shown["form"], shown["entries"], shown["undated"], shown["new"]) == (True, "rss20", 3, 1, 3)
    assert json.loads(by_url.stdout)["title"] == "The Daily Invention"


def test_check_of_a_private_address_without_settings_is_refused(tmp_path: Path, web: str) -> None:
    result = feeds("check", f"{web}/news.xml", "-C", str(tmp_path))
    assert result.exit_code == 1
    assert "allow_addresses" in result.stdout


@pytest.mark.parametrize(
    ("word", "said", "remedy"),
    [
        ("dayly", "no feed has the id", "did you mean daily"),
        ("", "no feed has the id", "ids in the settings: daily, page, resting; or give a URL"),
        ("ftp://news.example/", "must be a URL", "https://news.example/rss.xml"),
        ("/", "on this machine", "feeds parse"),
    ],
)
def test_check_of_what_is_neither_feed_nor_url(folder: Path, word: str, said: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        feeds("check", word, "-C", str(folder))
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_who_pauses_a_feed_that_is_not_there_is_told_which_is_meant(folder: Path, command: str) -> None:
    with pytest.raises(UsageError, match="no feed has the id 'restin'") as caught:
        feeds(command, "restin", "-C", str(folder))
    assert caught.value.remedy.startswith("did you mean resting?")


def test_check_of_a_feed_that_is_gone_says_so(folder: Path, web: str) -> None:
    result = feeds("check", f"{web}/gone", "-C", str(folder))
    assert result.exit_code == 1
    assert "answered 410: it is gone for good; correct its URL in the settings, or remove it" in result.stdout


def test_check_asks_a_host_for_two_feeds_at_a_time_and_others_beside_it() -> None:
    async def go() -> None:
        async with FeedServer(SystemClock()) as server:
            loop, held = asyncio.get_running_loop(), asyncio.Event()
            slow = server.page("/slow", rss(NEWS), held=held)
            server.page("/quick", rss(NEWS))
            listed = [FeedSettings(id=f"slow{n}", url=f"{server.url('/slow')}?{n}") for n in range(6)]
            listed.append(FeedSettings(id="quick", url=server.url("/quick", host=2)))
            done: list[int] = []
            documents: list[weakref.ref[FeedCheck]] = []
            alive: list[int] = []

            def progress(count: int, _: int) -> None:
                done.append(count)
                if count == 1:  # That of the other host: all that may be asked at once has been.
                    loop.call_soon_threadsafe(held.set)

            def told(feed: FeedSettings, found: FeedCheck) -> str:
                documents.append(weakref.ref(found))
                alive.append(sum(document() is not None for document in documents))
                return feed.id if not found.fault else found.fault

            checked = await asyncio.to_thread(check_feeds, listed, {}, ["127.0.0.0/8"], told=told, progress=progress)
        assert checked == [feed.id for feed in listed]
        assert max(alive) <= 3, "what was told is not kept"
        assert slow.most_in_flight == 2
        assert done == list(range(8))

    asyncio.run(go())


def test_check_shows_how_far_it_is(folder: Path, web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[str, int, int | None]] = []

    class Shown(Progress):
        def __init__(self, title: str) -> None:
            super().__init__(title)
            self._name = title

        def update(self, done: int, total: int | None) -> None:
            shown.append((self._name, done, total))

    monkeypatch.setattr("tocsin.commands.feed_checking.Progress", Shown)
    (folder / "in").mkdir()
    for name in "ab":
        (folder / "in" / f"{name}.jsonl").write_text('{"title": "News", "url": "https://x.example/1"}\n')
    with (folder / "tocsin.toml").open("a") as settings:
        settings.write('[[folders]]\nid = "wire"\npath = "in"\n')
    feeds("check", "daily", "wire", "resting", "-C", str(folder))
    assert shown == [
        *(("reading feeds", done, 2) for done in range(3)),
        *(("reading the files of wire", done, 2) for done in range(3)),
    ]


def test_parse_prints_entries_and_fails_where_one_is_no_feed(tmp_path: Path) -> None:
    good, bad, empty = tmp_path / "good.xml", tmp_path / "bad.html", tmp_path / "empty"
    good.write_text(rss(NEWS))
    bad.write_text("<html><body>Hello</body></html>")
    empty.touch()
    result = feeds("parse", str(bad), str(good), str(empty))
    assert result.exit_code == 1
    entries = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(entry["file"], entry["title"]) for entry in entries] == [(str(good), item.title) for item in NEWS]
    assert entries[1]["published"] == "2025-01-22T10:00:00Z"
    assert f"{bad}: it is a web page, not a feed" in result.stderr
    assert f"{empty}: it is empty" in result.stderr
    assert feeds("parse", str(good)).exit_code == 0


def test_parse_reads_standard_input() -> None:
    result = feeds("parse", "-", stdin=rss(NEWS))
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 3
