"""README's first day, typed as it stands there, in a folder that is empty but for the repository's examples.

Two things differ from the page: the feed is a real one on loopback, which has to be allowed, and `./run demo` and `./run test`
have tests of their own.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.acceptance.documents import ROOT, Shown, as_pattern, blocks, session

README = ROOT / "README.md"
FEED_IN_README = "https://example.org/news.rss"
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Example Times</title>
<item><guid>1</guid><title>Azerbaijan and Russia hold talks in Baku</title><link>http://example.org/1</link></item>
<item><guid>2</guid><title>Bakery wins prize for its bread</title><link>http://example.org/2</link></item>
</channel></rss>"""

#: Time for one command to show what the page shows; the machine may be busy.
PATIENCE_S = 150.0


class _Feed(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.end_headers()
        self.wfile.write(FEED.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def feed_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Feed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/news.rss"
    server.shutdown()
    server.server_close()


class Terminal:
    """A shell in a folder in which ``tocsin`` is the one of this checkout; `tocsin run` stays up behind the next commands."""

    def __init__(self, folder: Path, feed_url: str) -> None:
        self._folder = folder / "home"
        self._folder.mkdir()
        for shared in ("examples", "pipelines"):
            (self._folder / shared).symlink_to(ROOT / shared)
        self._feed_url = feed_url
        commands = folder / "bin"
        commands.mkdir()
        tocsin = commands / "tocsin"
        tocsin.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m tocsin "$@"\n')
        tocsin.chmod(0o755)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TOCSIN_")}
        self._environment = {**kept, "PATH": f"{commands}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT),
                             "PYTHONUNBUFFERED": "1"}  # fmt: skip
        self._running: subprocess.Popen[str] | None = None
        self._said: list[str] = []

    def type(self, shown: Shown) -> None:
        """Run the command; it must come to print what is shown."""
        command = shown.command
        if FEED_IN_README in command:
            command = command.replace(FEED_IN_README, self._feed_url) + " --allow-address 127.0.0.0/8"
        if command.startswith("tocsin run "):
            self._start(command, shown)
            return
        deadline = time.monotonic() + PATIENCE_S
        while True:
            done = self._shell(command)
            said = self._as_on_the_page(done.stdout)
            if done.returncode == 0 and as_pattern(shown.lines).fullmatch(said):
                return
            # While the jobs run, what they have not done yet may come; a command on files alone has one try.
            assert self._running is not None, f"{shown.place} printed (code {done.returncode})\n{said}"
            assert self._running.poll() is None, f"tocsin run ended:\n{''.join(self._said)}"
            assert time.monotonic() < deadline, (
                f"{shown.place} printed (code {done.returncode})\n{said}\n{''.join(self._said)}"
            )
            time.sleep(0.5)

    def _as_on_the_page(self, said: str) -> str:
        return said.replace(self._feed_url, FEED_IN_README).replace(" 1: 127.0.0.1", " 1: example.org")

    def _shell(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", f"set -o pipefail; {command}"], cwd=self._folder, env=self._environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip

    def _start(self, command: str, shown: Shown) -> None:
        self._running = subprocess.Popen(
            shlex.split(command), cwd=self._folder, env=self._environment, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=self._listen, args=(self._running,), daemon=True).start()
        deadline = time.monotonic() + PATIENCE_S
        while not as_pattern((*shown.lines, "…")).fullmatch(self._as_on_the_page("".join(self._said))):
            assert self._running.poll() is None, f"{shown.place}: it ended:\n{''.join(self._said)}"
            assert time.monotonic() < deadline, f"{shown.place} printed\n{''.join(self._said)}"
            time.sleep(0.1)

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None, "opened as a pipe"
        for line in process.stdout:
            self._said.append(line)

    def leave(self) -> None:
        """Press Ctrl-C on what runs; it must end cleanly."""
        if self._running is not None:
            self._running.send_signal(signal.SIGINT)
            code = self._running.wait(PATIENCE_S)
            assert code == 0, f"tocsin run ended with {code}:\n{''.join(self._said)}"

    def kill(self) -> None:
        """Make sure that nothing is left."""
        if self._running is not None and self._running.poll() is None:
            os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait()


def test_the_first_day_goes_as_the_page_says(tmp_path: Path, feed_url: str) -> None:
    terminal = Terminal(tmp_path, feed_url)
    typed = [shown for block in blocks(README, "console") for shown in session(block)]
    typed = [shown for shown in typed if not re.match(r"\./run (demo|test)\b", shown.command)]
    assert len(typed) >= 6
    try:
        for shown in typed:
            terminal.type(shown)
        terminal.leave()
    finally:
        terminal.kill()


def test_the_first_screen_says_what_it_is_what_it_is_not_and_shows_it() -> None:
    screen = README.read_text(encoding="utf-8").split("\n## ", 1)[0]
    assert len(screen.splitlines()) <= 80, "the first screen is one screen"
    assert "**not**" in screen
    assert any(line == "$ ./run demo" for block in blocks(README, "console") for line in block.text.splitlines())
    assert "./run test" in screen


@pytest.mark.parametrize(
    ("shown", "said", "same"),
    [
        (("a", "b"), "a\nb\n", True),
        (("a", "b"), "a\nc\n", False),
        (("a", "…", "d"), "a\nb\nc\nd\n", True),
        (("a", "…"), "a\n", True),
        (("…",), "", True),
        (("count … of", ""), "count 7 of\n\n", True),
        (("count … of",), "count 7\n of\n", False),
        ((), "", True),
        ((), "something\n", False),
        (("a.c",), "abc\n", False),
    ],
)
def test_the_comparison_can_fail(shown: tuple[str, ...], said: str, same: bool) -> None:
    assert bool(as_pattern(shown).fullmatch(said)) is same
