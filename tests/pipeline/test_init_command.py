"""`tocsin init` against real loopback feeds and receivers, with options and at a terminal."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from schemas.errors import TocsinError, UsageError
from tests.contract.channels.counterparts import WEBHOOK_SECRET, Running, SmtpCounterpart, WebhookCounterpart
from tocsin.cli import cli
from tocsin.settings import load_workplace

LOCAL = ("--allow-address", "127.0.0.0/8", "--allow-address", "::1/128")
FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>The Loopback Times</title>
<item><guid>1</guid><title>Azerbaijan and Russia talk</title><link>http://example.org/1</link></item>
<item><guid>2</guid><title>Nothing happened</title></item></channel></rss>"""


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = {"/feed": FEED, "/page": b"<!doctype html><html>hello</html>"}.get(self.path)
        self.send_response(404 if body is None else 200)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def init(folder: Path, *options: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner(env=env).invoke(cli, ["init", str(folder), *options])


def passes_its_own_check(folder: Path) -> bool:
    return CliRunner().invoke(cli, ["rules", "check", "--folder", str(folder)]).exit_code == 0


def test_a_folder_is_made_whose_feed_was_seen(tmp_path: Path, site: str) -> None:
    folder = tmp_path / "desk"
    result = init(folder, "--feed", f"{site}/feed", "--watch", "Azerbaijan & Russia", *LOCAL)
    assert result.exit_code == 0, result.output
    assert "The Loopback Times, 2 entries" in result.stderr
    assert f"tocsin run --folder {folder}" in result.stderr
    assert "Test: Tocsin reaches console" in result.stdout
    settings = load_workplace(folder).settings
    assert [(feed.url, feed.name) for feed in settings.feeds] == [(f"{site}/feed", "The Loopback Times")]
    assert passes_its_own_check(folder)


@pytest.mark.parametrize(("path", "reason"), [("/page", "a web page, not a feed"), ("/none", "answered 404")])
def test_what_is_no_feed_is_named_and_nothing_is_written(tmp_path: Path, site: str, path: str, reason: str) -> None:
    result = init(tmp_path / "desk", "--feed", f"{site}{path}", "--feed", f"{site}/feed", "--watch", "SOCAR", *LOCAL)
    assert isinstance(result.exception, TocsinError)
    assert result.exception.exit_code == 1
    assert reason in str(result.exception)
    assert "--no-check" in result.exception.remedy
    assert not (tmp_path / "desk").exists()
    unseen = init(tmp_path / "desk", "--feed", f"{site}{path}", "--watch", "SOCAR", "--no-check", *LOCAL)
    assert unseen.exit_code == 0, unseen.output


def test_an_address_inside_the_network_is_refused_unless_allowed(tmp_path: Path, site: str) -> None:
    result = init(tmp_path / "desk", "--feed", f"{site}/feed", "--watch", "SOCAR")
    assert "may not be connected to" in str(result.exception)
    assert not (tmp_path / "desk").exists()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    assert init(tmp_path, "--no-feeds", "--watch", "SOCAR").exit_code == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = init(tmp_path, "--no-feeds", "--watch", "topic:elections")
    assert isinstance(again.exception, UsageError)
    assert "tocsin.toml" in again.exception.message
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--watch", "SOCAR"], "--no-feeds"),
        (["--no-feeds"], "--watch"),
        (["--no-feeds", "--feed", "https://example.org/", "--watch", "SOCAR"], "exclude each other"),
        (["--no-feeds", "--watch", "Azerbajan"], "did you mean"),
        (["--no-feeds", "--watch", "SOCAR", "--webhook", "https://example.org/"], "--secret-env"),
        (["--no-feeds", "--watch", "SOCAR", "--slack", "--ntfy", "t"], "--ntfy and --slack"),
        (["--no-feeds", "--watch", "SOCAR", "--email", "a@example.org"], "--smtp and --from"),
        (["--no-feeds", "--watch", "SOCAR", "--secret-env", "X"], "no receiver"),
        (["--no-feeds", "--watch", "SOCAR", "--ntfy", "no topic!"], "topic"),
        (["--no-feeds", "--watch", "SOCAR", "--slack", "--secret-env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE"),
        (["--feed", "example.org/feed", "--watch", "SOCAR"], "https://"),
    ],
)
def test_wrong_words_are_told_with_a_remedy_and_write_nothing(tmp_path: Path, options: list[str], words: str) -> None:
    result = init(tmp_path / "desk", *options)
    assert isinstance(result.exception, UsageError), result.output
    assert result.exception.exit_code == 2
    assert words in str(result.exception)
    assert not (tmp_path / "desk").exists()


def test_the_test_message_is_a_signed_post_and_a_refusal_writes_nothing(tmp_path: Path) -> None:
    async def play() -> tuple[Result, Result, list[str]]:
        hook = WebhookCounterpart()
        async with Running(hook):
            options = ("--no-feeds", "--watch", "SOCAR", "--webhook", f"{hook.base}/x", "--secret-env", "HOOK", *LOCAL)
            env = {"HOOK": WEBHOOK_SECRET}
            hook.say_never()
            refused = await asyncio.to_thread(init, tmp_path / "refused", *options, env=env)
            hook.say_yes()
            sent = await asyncio.to_thread(init, tmp_path / "desk", *options, env=env)
            return refused, sent, [taken.subject for taken in hook.taken]

    refused, sent, subjects = asyncio.run(play())
    assert "did not reach webhook" in str(refused.exception)
    assert not (tmp_path / "refused").exists()
    assert sent.exit_code == 0, sent.output
    assert subjects == ["Test: Tocsin reaches webhook"]
    assert WEBHOOK_SECRET not in "".join(path.read_text() for path in (tmp_path / "desk").rglob("*") if path.is_file())
    assert load_workplace(tmp_path / "desk").settings.receivers[1].type == "webhook"


def test_the_test_message_comes_by_mail(tmp_path: Path) -> None:
    async def play() -> tuple[Result, list[str]]:
        mail = SmtpCounterpart()
        mail.offers_tls = False
        async with Running(mail):
            options = ("--smtp", f"127.0.0.1:{mail.port}", "--smtp-encryption", "none", "--from", "t@example.org")
            to = ("--no-feeds", "--watch", "SOCAR", "--email", "desk@example.org", *LOCAL)
            return await asyncio.to_thread(init, tmp_path, *to, *options), [taken.subject for taken in mail.taken]

    result, subjects = asyncio.run(play())
    assert result.exit_code == 0, result.output
    assert subjects == ["Test: Tocsin reaches email"]
    assert passes_its_own_check(tmp_path)


def test_at_a_terminal_it_asks_until_the_answers_can_be_used(tmp_path: Path, site: str) -> None:
    talk = [
        ("watch:", "Azerbajan"),
        ("did you mean", ""),
        ("watch:", "keyword:TRIPP"),
        ("feed:", "example.org/feed"),
        ("must be a URL", ""),
        ("feed:", f"{site}/page"),
        ("keep it all the same?", "n"),
        ("feed:", f"{site}/feed"),
        ("The Loopback Times, 2 entries", ""),
        ("feed:", ""),
        ("receiver", "ntfy"),
        ("ntfy server", "https://ntfy.example"),
        ("topic:", "no topic!"),
        ("topic: ", ""),
        ("receiver", "none"),
    ]
    folder = tmp_path / "desk"
    said, code = at_terminal([sys.executable, "-m", "tocsin", "init", str(folder), *LOCAL], talk)
    assert code == 0, said
    settings = load_workplace(folder).settings
    assert [feed.name for feed in settings.feeds] == ["The Loopback Times"]
    assert "name: tripp" in (folder / "rules/watch.yaml").read_text()
    assert passes_its_own_check(folder)


def test_at_a_terminal_it_asks_nothing_when_watch_and_feeds_are_given(tmp_path: Path, site: str) -> None:
    options = ["--feed", f"{site}/feed", "--watch", "SOCAR", *LOCAL]
    said, code = at_terminal([sys.executable, "-m", "tocsin", "init", str(tmp_path / "desk"), *options], [])
    assert code == 0, said
    assert passes_its_own_check(tmp_path / "desk")


def at_terminal(command: list[str], talk: list[tuple[str, str]]) -> tuple[str, int]:
    """Run ``command`` at a pseudo-terminal: wait for each text and type the answer (a wait alone where it follows another)."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    said, seen = "", 0
    deadline = time.monotonic() + 120
    try:
        for text, answer in talk:
            while text not in said[seen:]:
                assert time.monotonic() < deadline, f"{text!r} never came: {said}"
                more = _read(ours)
                assert more is not None, f"it ended before {text!r}: {said}"
                said += more
            seen = said.index(text, seen) + len(text)
            if answer or text == "feed:":
                os.write(ours, f"{answer}\n".encode())
        while (more := _read(ours)) is not None:
            said += more
        return said, process.wait(60)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _read(terminal: int) -> str | None:
    """Return what came within a second; None when the other side has closed."""
    if not select.select([terminal], [], [], 1)[0]:
        return ""
    try:
        return os.read(terminal, 4096).decode(errors="replace") or None
    except OSError:  # Linux says so when the last writer has gone.
        return None
