"""`tocsin feeds check` of watched folders and of the endpoint for pushes: what is there is told, and nothing is taken in."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connectors.feeds.cursor import FeedCursor
from connectors.folders import scan
from connectors.folders.scan import FolderScanner
from connectors.folders.settings import FolderSettings
from connectors.push.settings import PushSettings
from connectors.store.open import open_store
from schemas.errors import UsageError
from schemas.ports.store import FeedRow
from schemas.reasons import FeedState
from tests.pipeline.polling.test_folders import lines, put, row
from tests.services.ports import free_port
from tocsin import source_checks
from tocsin.commands.feeds import command
from tocsin.folder_lock import FolderLock
from tocsin.pushing import taking_pushes
from tocsin.source_checks import Answer, ask_endpoint


def check(folder: Path, *names: str, environ: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(command, ["check", *names, "-C", str(folder)], env=environ, catch_exceptions=False)


def documents(folder: Path, *names: str) -> Sequence[dict[str, object]]:
    return [json.loads(line) for line in check(folder, *names, "--json").stdout.splitlines()]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint may be on a busy machine."""
    monkeypatch.setattr(source_checks, "_ANSWER_S", 120.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "tocsin.toml").write_text('[[folders]]\nid = "wire"\npath = "in"\n')
    return tmp_path


def test_a_folder_is_read_whole_and_nothing_is_taken_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "ROWS_A_LOOK", 2)
    put(
        folder / "in",
        "a.jsonl",
        lines(*[row(str(number)) for number in range(5)], {"url": "https://news.example/none"}),
    )
    put(folder / "in", "b.csv", "title,published\nBridge opened,2025-01-22\nFerry late,soon\n")
    put(folder / "in", "c.parquet", b"PAR1 but no more")
    put(folder / "in", "d.jsonl", '{"title": "half')
    put(folder / "in", "notes.txt", "not read")
    put(folder / "in", ".hidden.jsonl", "not seen")
    result = check(folder, "wire")
    assert result.exit_code == 0, result.output
    for words in (
        "ok   wire",
        "2 readable files of 4\n",
        "8 rows, of which 6 can be used",
        "1 row refused: a date that cannot be read",
        "1 row refused: no title, summary or text",
        "the first row refused is a.jsonl:6",
        "c.parquet",
        "d.jsonl waits for the end of its last line",
        "1 file of other kinds, which are not read: notes.txt",
    ):
        assert words in result.stdout
    assert not list((folder / "data").iterdir())
    (told,) = documents(folder)
    assert (told["feed"], told["form"], told["ok"], told["rows"], told["usable"]) == ("wire", "folder", True, 8, 6)
    assert told["refused"] == {"a date that cannot be read": 1, "no title, summary or text": 1}
    assert told["known_files"] == 0


def test_what_was_read_before_is_told(folder: Path) -> None:
    put(folder / "in", "a.jsonl", lines(row("a")))
    scanner = FolderScanner(FolderSettings(id="wire", path=folder / "in"), folder / "in")
    scanner.look("")
    _, done = scanner.look("")
    store = open_store(f"sqlite:///{folder / 'data' / 'store.sqlite'}")
    cursor = FeedCursor(etag=done)
    store.save_feeds([FeedRow(feed_id="wire", url="x", state=FeedState.OK, cursor=cursor.to_json())])
    store.close()
    put(folder / "in", "b.jsonl", lines(row("b")))
    assert "2 readable files of 2, 1 read before" in check(folder).stdout
    os.utime(folder / "in" / "a.jsonl", (1, 1))
    assert "2 readable files of 2\n" in check(folder).stdout, "it is another file by now"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.jsonl", lines({"url": "https://news.example/none"}), "none of its rows can be used"),
        ("a.parquet", "PAR1", "none of its files can be read"),
    ],
)
def test_a_folder_of_which_nothing_can_be_used_fails(folder: Path, name: str, text: str, said: str) -> None:
    put(folder / "in", name, text)
    result = check(folder)
    assert result.exit_code == 1
    assert "no   wire" in result.stdout
    assert said in result.stdout


def test_a_folder_that_is_empty_is_none_that_is_not_there(folder: Path) -> None:
    assert (check(folder).exit_code, "no files to read" in check(folder).stdout) == (0, True)
    (folder / "in").rmdir()
    result = check(folder)
    assert result.exit_code == 1
    assert "cannot be looked into: No such file" in result.stdout


def test_what_is_neither_is_refused_with_all_ids(folder: Path) -> None:
    with pytest.raises(UsageError) as caught:
        check(folder, "wires")
    assert caught.value.remedy.startswith("did you mean wire? ids in the settings: wire;")


@contextmanager
def serving(settings: PushSettings, environ: dict[str, str]) -> Iterator[None]:
    """Serve the real endpoint in a thread; nobody takes what is pushed."""
    up, stop = threading.Event(), threading.Event()

    async def go() -> None:
        async with taking_pushes(settings, Path(), environ):
            up.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(go()))
    thread.start()
    assert up.wait(120)
    try:
        yield
    finally:
        stop.set()
        thread.join()


SECRETS = {"WIRE": "the-secret-of-the-wire", "OTHER": "the-secret-of-the-other"}


def pushing(folder: Path, more: str = "") -> int:
    port = free_port()
    (folder / "tocsin.toml").write_text(f"[push]\nport = {port}\n{more}")
    return port


def test_an_endpoint_without_tokens_says_who_reaches_it_and_whether_it_answers(folder: Path) -> None:
    port = pushing(folder)
    result = check(folder)
    assert result.exit_code == 0
    assert f"ok   push (http://127.0.0.1:{port}/articles)" in result.stdout
    assert "without a token, from this machine only" in result.stdout
    assert "nothing answers there now" in result.stdout
    with FolderLock(folder):
        result = check(folder)
        assert result.exit_code == 1, "the service is at work, and should answer"
        assert "though `tocsin run` is at work" in result.stdout
    with serving(PushSettings(port=port), {}):
        assert "     it answers" in check(folder).stdout
        (told,) = documents(folder, "push")
    assert (told["form"], told["answers"], told["token"], told["this_machine_only"]) == ("push", True, None, True)


def test_each_token_is_told_and_those_without_a_secret_fail(folder: Path) -> None:
    tokens = 'host = "0.0.0.0"\ntokens = ["wire env:WIRE", "other env:OTHER"]\npaused = ["push.other"]\n'
    port = pushing(folder, tokens)
    settings = PushSettings(host="0.0.0.0", port=port, tokens=("wire env:WIRE", "other env:OTHER"))
    with serving(settings, SECRETS):
        result = check(folder, environ=SECRETS)
        one = check(folder, "push.other", environ=SECRETS)
        unset = check(folder, environ={"WIRE": SECRETS["WIRE"]})
    assert result.exit_code == 0, result.stdout
    assert "with the token wire, from every machine that reaches it" in result.stdout
    assert result.stdout.count("     it answers") == 2
    assert result.stdout.count("it is paused in the settings") == 1
    assert "secret" not in result.output
    assert one.stdout.splitlines()[0].startswith("ok   push.other")
    assert "push.wire" not in one.stdout
    assert unset.exit_code == 1
    assert "ok   push.wire" in unset.stdout
    assert "OTHER, named by token_env, is not set" in unset.stdout


def hang_up(listening: socket.socket) -> None:
    """Take one connection and end it."""
    listening.accept()[0].close()


def test_a_service_with_other_settings_and_another_program_are_told_apart(folder: Path) -> None:
    port = pushing(folder, 'tokens = ["wire env:WIRE"]\n')
    with serving(PushSettings(port=port), {}):
        assert (
            "wants no token, and the settings have some: start the service again"
            in check(folder, environ=SECRETS).stdout
        )
    with serving(PushSettings(port=port, tokens=("wire env:WIRE",)), SECRETS):
        assert check(folder, environ=SECRETS).exit_code == 0
        (folder / "tocsin.toml").write_text(f"[push]\nport = {port}\n")
        assert "wants a token, and the settings have none" in check(folder).stdout
    with socket.create_server(("127.0.0.1", port)) as other:
        hanging_up = threading.Thread(target=hang_up, args=(other,))
        hanging_up.start()
        assert "is it another program?" in check(folder).stdout
        hanging_up.join()


def test_who_is_paused_answers_all_the_same() -> None:
    port = free_port()
    with serving(PushSettings(port=port, paused=("push",)), {}):
        assert ask_endpoint("127.0.0.1", port) == Answer(listens=True, ours=True, wants_token=False)
    assert ask_endpoint("127.0.0.1", port) == Answer(listens=False)
